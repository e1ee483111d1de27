import Millrace
import Topics

@main
struct Orders: WorkerProgram {
    static func configure(_ worker: inout Worker) {
        let orders = OrderBook(orders: worker.aggregate(Order.self))
        worker.handle(PlaceOrder.self, eagerly: true) { command, context in
            try await orders.decide(command.orderID, isNew: true, context) { $0.place(command) }
        }
        worker.handle(ConfirmOrder.self, eagerly: true) { command, context in
            try await orders.decide(command.orderID, context) { $0.confirm(command) }
        }
        worker.handle(RejectOrder.self, eagerly: true) { command, context in
            try await orders.decide(command.orderID, context) { $0.reject(command) }
        }
        worker.audit(OrderAudit(orders: orders.orders).counts)
    }
}
