import Millrace
import Topics

@main
struct Shipping: WorkerProgram {
    static func configure(_ worker: inout Worker) {
        worker.handle(CreateShipment.self, eagerly: true) { command, context in
            try context.publish(await Shipments.create(command, context))
        }
        worker.handle(CancelShipment.self, eagerly: true) { command, context in
            try context.publish(await Shipments.cancel(command, in: context.db))
        }
        worker.audit(Shipments.counts)
    }
}
