import Millrace
import Topics

/// The products and how much of each can be sold.
enum Products {
    /// Adds a product. Adding it again with the same name and price changes nothing and gets the same answer.
    static func add(_ command: AddProduct, in db: some PostgresExecutor) async throws -> any Event {
        let row = try await db.queryOne(
            """
            WITH added AS (
                INSERT INTO products (product_id, name, price_cents)
                VALUES (\(command.productID), \(command.name), \(command.priceCents))
                ON CONFLICT (product_id) DO NOTHING
                RETURNING name, price_cents
            )
            SELECT name, price_cents FROM added
            UNION ALL
            SELECT name, price_cents FROM products
            WHERE product_id = \(command.productID) AND NOT EXISTS (SELECT FROM added)
            """,
            as: Row.self)
        guard row == Row(name: command.name, priceCents: command.priceCents) else {
            return ProductRefused(productID: command.productID, reason: "the product exists with another name or price")
        }
        return ProductAdded(productID: command.productID, name: command.name, priceCents: command.priceCents)
    }

    /// Sets how much of a product can be sold; what is reserved stays reserved.
    static func setInventory(_ command: SetInventory, in db: some PostgresExecutor) async throws -> any Event {
        let change = try await db.queryOne(
            """
            WITH before AS (
                SELECT product_id, available FROM products WHERE product_id = \(command.productID) FOR UPDATE
            )
            UPDATE products p
            SET available = \(command.quantity), put_in = p.put_in + \(command.quantity) - before.available
            FROM before WHERE p.product_id = before.product_id
            RETURNING p.available - before.available AS delta, p.available
            """,
            as: Change.self)
        guard let change else {
            return StockAdjustmentRefused(productID: command.productID, reason: "unknown product")
        }
        return StockAdjusted(productID: command.productID, delta: change.delta, available: change.available)
    }

    private struct Row: Decodable, Sendable, Equatable {
        var name: String
        var priceCents: Int
    }

    private struct Change: Decodable, Sendable {
        var delta: Int
        var available: Int
    }
}
