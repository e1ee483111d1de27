import Millrace
import Topics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Follows commands to their end: every message on the way carries the command's id as its correlation.
struct CommandTracking: Sendable {
    let news: OutcomeNews

    func register(on worker: inout Worker) {
        worker.handle(OrderConfirmed.self, eagerly: true) { order, context in
            succeed(context, .order(totalCents: order.totalCents))
        }
        worker.handle(OrderRejected.self, eagerly: true) { order, context in
            try await fail(context, .orderRejected, order.reason)
        }
        worker.handle(StockRejected.self, eagerly: true) { _, context in note(.insufficientStock, context) }
        worker.handle(PaymentDeclined.self, eagerly: true) { _, context in note(.paymentDeclined, context) }

        worker.handle(ProductAdded.self, eagerly: true) { _, context in succeed(context, .product) }
        worker.handle(ProductRefused.self, eagerly: true) { refusal, context in
            try await fail(context, .productRefused, refusal.reason)
        }
        worker.handle(StockAdjusted.self, eagerly: true) { stock, context in succeed(context, .stock(available: stock.available)) }
        worker.handle(StockAdjustmentRefused.self, eagerly: true) { refusal, context in
            try await fail(context, .unknownProduct, refusal.reason)
        }
    }

    private func succeed(_ context: MessageContext, _ result: CommandOutcome.Result) {
        guard let command = context.envelope.correlationID else { return }
        context.db.enqueue(
            """
            UPDATE commands SET status = 'succeeded', finished_at = clock_timestamp()
            WHERE id = \(command) AND status = 'accepted'
            """)
        let news = news
        context.afterCommit { news.ended(command, .succeeded(result)) }
    }

    /// A worker on the way has refused; the command ends when what was done before has been undone.
    private func note(_ failure: CommandOutcome.Failure, _ context: MessageContext) {
        guard let command = context.envelope.correlationID else { return }
        context.db.enqueue("UPDATE commands SET cause = \(failure.rawValue) WHERE id = \(command) AND cause IS NULL")
    }

    private func fail(_ context: MessageContext, _ failure: CommandOutcome.Failure, _ reason: String) async throws {
        guard let command = context.envelope.correlationID else { return }
        let known = try await context.db.queryOne(
            """
            UPDATE commands
            SET status = 'failed', failure = coalesce(cause, \(failure.rawValue)), reason = \(reason),
                finished_at = clock_timestamp()
            WHERE id = \(command) AND status = 'accepted'
            RETURNING failure
            """,
            as: String.self)
        let outcome = CommandOutcome.failed(known.flatMap(CommandOutcome.Failure.init) ?? failure, reason: reason)
        let news = news
        context.afterCommit { news.ended(command, outcome) }
    }
}
