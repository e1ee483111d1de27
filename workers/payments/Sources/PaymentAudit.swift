import Millrace

/// How much money is authorized, and whether any order was charged twice.
enum PaymentAudit {
    static func counts(_ db: any PostgresExecutor) async throws -> [String: Int] {
        let row = try await db.queryOne(
            """
            SELECT
                coalesce(sum(amount_cents) FILTER (WHERE status = 'authorized'), 0)::bigint AS authorized_cents,
                count(*) FILTER (WHERE status = 'authorized') AS authorized,
                count(*) FILTER (WHERE status = 'voided' AND provider_reference IS NOT NULL) AS voided,
                count(*) FILTER (WHERE status = 'declined') AS declined,
                count(*) FILTER (WHERE status = 'authorized')
                    - count(DISTINCT order_id) FILTER (WHERE status = 'authorized') AS duplicates
            FROM payments
            """,
            as: Row.self)
        guard let row else { return [:] }
        return [
            "authorized.cents": row.authorizedCents,
            "authorized.count": row.authorized,
            "voided.count": row.voided,
            "declined.count": row.declined,
            "duplicates": row.duplicates,
        ]
    }

    private struct Row: Decodable, Sendable {
        var authorizedCents: Int
        var authorized: Int
        var voided: Int
        var declined: Int
        var duplicates: Int
    }
}
