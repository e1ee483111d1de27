import Millrace
import Topics

/// What was accepted, what became of it, and how long that took.
enum EdgeAudit {
    static func counts(_ db: any PostgresExecutor) async throws -> [String: Int] {
        try await db.queryOne(
            """
            WITH latency AS (
                SELECT extract(epoch FROM finished_at - accepted_at) * 1000000 AS us FROM commands
                WHERE type = \(PlaceOrder.type) AND finished_at IS NOT NULL
            )
            SELECT count(*) AS "commands.accepted",
                count(*) FILTER (WHERE status = 'accepted') AS "commands.pending",
                count(*) FILTER (WHERE type = \(PlaceOrder.type)) AS "orders.accepted",
                (SELECT count(*) FROM orders WHERE status = 'confirmed') AS "orders.confirmed",
                (SELECT count(*) FROM orders WHERE status = 'rejected') AS "orders.rejected",
                (SELECT coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY us), 0)::bigint FROM latency) AS "latency.p50.us",
                (SELECT coalesce(percentile_cont(0.99) WITHIN GROUP (ORDER BY us), 0)::bigint FROM latency) AS "latency.p99.us"
            FROM commands
            """,
            as: [String: Int].self) ?? [:]
    }
}
