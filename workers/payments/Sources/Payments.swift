import Millrace
import Topics

@main
struct Payments: WorkerProgram {
    static func configure(_ worker: inout Worker) throws {
        let ledger = PaymentLedger(provider: try LocalPaymentProvider(worker.settings))
        worker.handle(AuthorizePayment.self) { command, context in
            try context.publish(await ledger.authorize(command, context))
        }
        worker.handle(VoidPayment.self) { command, context in
            try context.publish(await ledger.void(command, in: context.db))
        }
        worker.audit(PaymentAudit.counts)
    }
}
