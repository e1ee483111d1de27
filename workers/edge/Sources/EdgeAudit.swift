import Millrace
import Topics

/// What was accepted, what became of it, and how long that took.
enum EdgeAudit {
    static func counts(_ db: any PostgresExecutor) async throws -> [String: Int] {
        let row = try await db.queryOne(
            """
            WITH latency AS (
                SELECT extract(epoch FROM finished_at - accepted_at) * 1000000 AS us FROM commands
                WHERE type = \(PlaceOrder.type) AND finished_at IS NOT NULL
            )
            SELECT count(*) AS accepted,
                count(*) FILTER (WHERE status = 'accepted') AS pending,
                count(*) FILTER (WHERE type = \(PlaceOrder.type)) AS orders,
                (SELECT count(*) FROM orders WHERE status = 'confirmed') AS confirmed,
                (SELECT count(*) FROM orders WHERE status = 'rejected') AS rejected,
                (SELECT coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY us), 0)::bigint FROM latency) AS p50,
                (SELECT coalesce(percentile_cont(0.99) WITHIN GROUP (ORDER BY us), 0)::bigint FROM latency) AS p99
            FROM commands
            """,
            as: Row.self)
        guard let row else { return [:] }
        return [
            "commands.accepted": row.accepted,
            "commands.pending": row.pending,
            "orders.accepted": row.orders,
            "orders.confirmed": row.confirmed,
            "orders.rejected": row.rejected,
            "latency.p50.us": row.p50,
            "latency.p99.us": row.p99,
        ]
    }

    private struct Row: Decodable, Sendable {
        var accepted: Int
        var pending: Int
        var orders: Int
        var confirmed: Int
        var rejected: Int
        var p50: Int
        var p99: Int
    }
}
