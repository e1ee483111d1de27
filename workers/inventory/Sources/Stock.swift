import Millrace
import Topics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reservations of stock for orders. Each order is decided once; a repeated command to reserve gets the first answer again, and one
/// to release the answer that there was nothing left.
enum Stock {
    /// Takes all items of an order, or none of them.
    ///
    /// One statement: it locks the products in the order of their ids (two workers can never wait for each other),
    /// decides, writes the decision, and takes the stock only if everything suffices. Nothing has to be rolled back
    /// when it does not, so other orders of the same batch are not disturbed. Where that is of no use, with few orders at hand,
    /// it is assumed that there is enough.
    static func reserve(_ command: ReserveStock, _ context: MessageContext) async throws -> any Event {
        let decided = try decide(command)
        if context.mayAssume {
            context.db.enqueue(
                decided + " SELECT CASE WHEN count(*) = 0 THEN \(MessageContext.refusal) END FROM decided WHERE status = 'active'")
            return StockReserved(orderID: command.orderID, items: command.items)
        }
        let decision = try await context.db.queryOne(
            decided + """
                 SELECT status, items, product_id, reason FROM decided
                UNION ALL
                SELECT status, items, product_id, reason FROM reservations
                WHERE order_id = \(command.orderID)::uuid AND NOT EXISTS (SELECT FROM decided)
                """,
            as: Decision.self)
        return decision?.answer(command)
            ?? StockRejected(orderID: command.orderID, productID: command.items.first?.productID ?? "", reason: "undecided")
    }

    private static func decide(_ command: ReserveStock) throws -> SQL {
        let items = try ContractJSON.encode(command.items)
        return """
            WITH wanted AS (
                SELECT product_id, sum(quantity)::bigint AS quantity
                FROM unnest(\(command.items.map(\.productID))::text[], \(command.items.map { Int64($0.quantity) })::bigint[])
                    AS w (product_id, quantity)
                GROUP BY product_id
            ), locked AS (
                SELECT p.product_id, p.available FROM products p JOIN wanted USING (product_id)
                ORDER BY p.product_id FOR UPDATE OF p
            ), missing AS (
                SELECT w.product_id,
                    CASE WHEN l.product_id IS NULL THEN 'unknown product' ELSE 'insufficient stock' END AS reason
                FROM wanted w LEFT JOIN locked l USING (product_id)
                WHERE l.product_id IS NULL OR l.available < w.quantity
                ORDER BY w.product_id LIMIT 1
            ), decided AS (
                INSERT INTO reservations (order_id, status, items, product_id, reason)
                SELECT \(command.orderID)::uuid, CASE WHEN m.product_id IS NULL THEN 'active' ELSE 'rejected' END,
                    \(PostgresJSON(bytes: items))::jsonb, m.product_id, m.reason
                FROM (SELECT 1) AS one LEFT JOIN missing m ON true
                ON CONFLICT (order_id) DO NOTHING
                RETURNING status, items, product_id, reason
            ), taken AS (
                UPDATE products p SET available = p.available - w.quantity FROM wanted w
                WHERE p.product_id = w.product_id AND (SELECT status FROM decided) = 'active'
            )
            """
    }

    /// Gives back what an order has taken. An order without a reservation is marked, so that one that comes late is
    /// refused, and answered all the same: a saga that undoes its steps must hear that there is nothing left to undo.
    ///
    /// The items are named once for each order, by the command that gave them back: an event that named them again, as a repeated
    /// command under another id is answered with an event of its own, would be added up again by whoever counts stock.
    static func release(_ command: ReleaseStock, in db: some PostgresExecutor) async throws -> StockReleased {
        let released = try await db.queryOne(
            """
            WITH released AS (
                INSERT INTO reservations AS r (order_id, status, items) VALUES (\(command.orderID)::uuid, 'released', '[]')
                ON CONFLICT (order_id) DO UPDATE SET status = 'released' WHERE r.status = 'active'
                RETURNING items
            ), lines AS (
                SELECT item."productId" AS product_id, sum(item.quantity)::bigint AS quantity
                FROM released, jsonb_to_recordset(released.items) AS item ("productId" text, quantity bigint)
                GROUP BY 1
            ), locked AS (
                SELECT p.product_id, l.quantity FROM products p JOIN lines l USING (product_id)
                ORDER BY p.product_id FOR UPDATE OF p
            ), returned AS (
                UPDATE products p SET available = p.available + l.quantity FROM locked l
                WHERE p.product_id = l.product_id
            )
            SELECT items FROM released
            """,
            as: Released.self)
        return StockReleased(orderID: command.orderID, items: released?.items ?? [])
    }

    private struct Released: Decodable, Sendable {
        var items: [StockItem]
    }

    private struct Decision: Decodable, Sendable {
        var status: String
        var items: [StockItem]
        var productID: String?
        var reason: String?

        func answer(_ command: ReserveStock) -> any Event {
            // What was released before it was reserved has no items of its own.
            let first = items.first?.productID ?? command.items.first?.productID ?? ""
            return switch status {
            case "active":
                StockReserved(orderID: command.orderID, items: items)
            case "released":
                StockRejected(orderID: command.orderID, productID: first, reason: "already released")
            default:
                StockRejected(orderID: command.orderID, productID: productID ?? first, reason: reason ?? "insufficient stock")
            }
        }
    }
}
