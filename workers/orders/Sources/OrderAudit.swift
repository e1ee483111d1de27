import Millrace
import Topics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How many orders stand how, and whether the events of each replay to its row.
struct OrderAudit: Sendable {
    let orders: AggregateRepository<Order>

    /// How many streams are replayed at a time.
    private static let chunk = 500

    @Sendable
    func counts(_ db: any PostgresExecutor) async throws -> [String: Int] {
        guard
            var counts = try await db.queryOne(
                """
                SELECT count(*) AS "orders.total",
                    count(*) FILTER (WHERE status = 'confirmed') AS "orders.confirmed",
                    count(*) FILTER (WHERE status = 'rejected') AS "orders.rejected",
                    count(*) FILTER (WHERE status = 'open') AS "orders.open",
                    coalesce(sum(total_cents) FILTER (WHERE status = 'confirmed'), 0)::bigint AS "orders.confirmed.cents"
                FROM orders
                """,
                as: [String: Int].self)
        else { return [:] }
        counts["replay.mismatches"] = try await mismatches(db, rows: counts["orders.total"] ?? 0)
        return counts
    }

    /// Replays every stream. A stream without a row counts, and so does a row without a stream.
    private func mismatches(_ db: any PostgresExecutor, rows: Int) async throws -> Int {
        var mismatches = 0
        var replayed = 0
        var last = ""
        while true {
            let streams = try await EventStore.streams(prefix: Order.stream(""), after: last, limit: Self.chunk, in: db)
            guard let next = streams.last else { break }
            last = next
            let events = try await EventStore.load(streams, in: db)
            let states = try streams.map { try orders.replay(events[$0] ?? [], stream: $0) }
            let found = try await standings(of: states.map(\.orderID), db)
            for state in states where found[state.orderID] != Standing(state) { mismatches += 1 }
            replayed += states.count
        }
        return mismatches + abs(rows - replayed)
    }

    private func standings(of ids: [UUID], _ db: any PostgresExecutor) async throws -> [UUID: Standing] {
        let rows = try await db.query(
            """
            SELECT order_id, customer_id, status, total_cents, reason, version FROM orders WHERE order_id = ANY(\(ids))
            """,
            as: Standing.self)
        return Dictionary(rows.map { ($0.orderID, $0) }) { first, _ in first }
    }

    /// What a row says, and what a replay must come to.
    private struct Standing: Decodable, Sendable, Equatable {
        var orderID: UUID
        var customerID: String
        var status: String
        var totalCents: Int
        var reason: String?
        var version: Int32

        init(_ order: Order) {
            orderID = order.orderID
            customerID = order.customerID
            status = order.status.rawValue
            totalCents = order.totalCents
            reason = order.reason
            version = Int32(order.version)
        }
    }
}
