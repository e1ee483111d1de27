import Millrace
import Topics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The orders: their events, and the table of where each stands.
struct OrderBook: Sendable {
    let orders: AggregateRepository<Order>

    /// Lets an order decide about a command, and publishes the answer: what has happened, or how the order stands already.
    func decide(_ id: UUID, isNew: Bool = false, _ context: MessageContext, _ decision: (inout Order) -> Void) async throws {
        var order = try await orders.load(id, isNew: isNew, in: context)
        decision(&order)
        let saved = try await orders.save(&order, in: context)
        if saved.isEmpty { return try await repeatAnswer(order, context) }
        for event in saved { try context.publish(event.change.event, id: event.id) }
        writeRow(order, context.db)
    }

    /// The first `order.created` starts the order's saga. Said again it must be the same message, not another one, so that
    /// nobody takes it for a second order.
    private func repeatAnswer(_ order: Order, _ context: MessageContext) async throws {
        let standing = order.standing
        guard standing is OrderCreated,
            let first = try await EventStore.load(Order.stream(order.orderID), in: context.db).first
        else { return try context.publish(standing) }
        try context.publish(standing, id: first.id)
    }

    private func writeRow(_ order: Order, _ db: PostgresTransaction) {
        db.enqueue(
            """
            INSERT INTO orders (order_id, customer_id, status, total_cents, reason, version)
            VALUES (\(order.orderID), \(order.customerID), \(order.status.rawValue), \(order.totalCents), \(order.reason),
                \(Int32(order.version)))
            ON CONFLICT (order_id) DO UPDATE
            SET status = excluded.status, reason = excluded.reason, version = excluded.version, updated_at = clock_timestamp()
            """)
    }
}
