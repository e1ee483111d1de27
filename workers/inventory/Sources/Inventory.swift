import Millrace
import Topics

@main
struct Inventory: WorkerProgram {
    static func configure(_ worker: inout Worker) {
        worker.handle(AddProduct.self, eagerly: true) { command, context in
            try context.publish(await Products.add(command, in: context.db))
        }
        worker.handle(SetInventory.self, eagerly: true) { command, context in
            try context.publish(await Products.setInventory(command, in: context.db))
        }
        worker.handle(ReserveStock.self, eagerly: true) { command, context in
            try context.publish(await Stock.reserve(command, context))
        }
        worker.handle(ReleaseStock.self, eagerly: true) { command, context in
            try context.publish(await Stock.release(command, in: context.db))
        }
        worker.audit(InventoryAudit.counts)
    }
}
