import Locking
import Millrace

/// The prices of products, remembered. A product's price never changes (`product.add` with another price is refused), so
/// what has been read once stays right; products that are not known are asked for each time.
final class PriceList: Sendable {
    private let db: PostgresClient
    private let known = Locked<[String: Int]>([:])

    /// How many prices are remembered at most.
    static let capacity = 20_000

    init(db: PostgresClient) {
        self.db = db
    }

    /// The prices in cents of those products that are known.
    func prices(of products: [String]) async throws -> [String: Int] {
        var (prices, missing) = known.withLock { known in
            var prices: [String: Int] = [:]
            var missing: Set<String> = []
            for product in products {
                if let price = known[product] { prices[product] = price } else { missing.insert(product) }
            }
            return (prices, missing)
        }
        if missing.isEmpty { return prices }
        let rows = try await db.query(
            """
            SELECT product_id, price_cents FROM products
            WHERE product_id = ANY(\(Array(missing))) AND price_cents IS NOT NULL
            """,
            as: Row.self)
        for row in rows { prices[row.productID] = row.priceCents }
        known.withLock { known in
            if known.count + rows.count > Self.capacity { known.removeAll(keepingCapacity: true) }
            for row in rows { known[row.productID] = row.priceCents }
        }
        return prices
    }

    private struct Row: Decodable, Sendable {
        var productID: String
        var priceCents: Int
    }
}
