import Millrace

/// How much money is authorized, and whether any order was charged twice.
enum PaymentAudit {
    static func counts(_ db: any PostgresExecutor) async throws -> [String: Int] {
        try await db.queryOne(
            """
            SELECT
                coalesce(sum(amount_cents) FILTER (WHERE status = 'authorized'), 0)::bigint AS "authorized.cents",
                count(*) FILTER (WHERE status = 'authorized') AS "authorized.count",
                count(*) FILTER (WHERE status = 'voided' AND provider_reference IS NOT NULL) AS "voided.count",
                count(*) FILTER (WHERE status = 'declined') AS "declined.count",
                count(*) FILTER (WHERE status = 'authorized')
                    - count(DISTINCT order_id) FILTER (WHERE status = 'authorized') AS duplicates
            FROM payments
            """,
            as: [String: Int].self) ?? [:]
    }
}
