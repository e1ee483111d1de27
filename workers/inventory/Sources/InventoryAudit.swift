import Millrace

/// Whether the stock adds up: for each product, what is available and what is reserved must be what was put in.
enum InventoryAudit {
    static func counts(_ db: any PostgresExecutor) async throws -> [String: Int] {
        try await db.queryOne(
            """
            WITH sold AS (
                SELECT item."productId" AS product_id, sum(item.quantity)::bigint AS quantity
                FROM reservations r, jsonb_to_recordset(r.items) AS item ("productId" text, quantity bigint)
                WHERE r.status = 'active'
                GROUP BY 1
            ), balance AS (
                SELECT p.put_in - p.available - coalesce(s.quantity, 0) AS difference
                FROM products p LEFT JOIN sold s USING (product_id)
            )
            SELECT
                (SELECT count(*) FROM products) AS "products.total",
                (SELECT count(*) FROM balance WHERE difference <> 0) AS "products.unbalanced",
                -- Pieces that were taken out of stock without a reservation that accounts for them.
                (SELECT coalesce(sum(greatest(difference, 0)), 0)::bigint FROM balance) AS "reservations.duplicate",
                (SELECT count(*) FROM reservations WHERE status = 'active') AS "reservations.active"
            """,
            as: [String: Int].self) ?? [:]
    }
}
