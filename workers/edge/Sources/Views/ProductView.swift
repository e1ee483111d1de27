import Millrace
import Topics

/// The products and what of them can be sold.
///
/// A product's own events and the reservations of orders come in no order to each other, so all of them add to `available`,
/// and whichever comes first makes the row.
struct ProductView: Projection {
    static func define(_ events: inout ProjectionEvents) {
        events.on(ProductAdded.self) { product, rows in
            rows.write(
                """
                INSERT INTO products (product_id, name, price_cents)
                VALUES (\(product.productID), \(product.name), \(product.priceCents))
                ON CONFLICT (product_id) DO UPDATE SET name = excluded.name, price_cents = excluded.price_cents
                """)
        }
        events.on(StockAdjusted.self) { stock, rows in
            rows.write(
                """
                INSERT INTO products AS p (product_id, available) VALUES (\(stock.productID), \(stock.delta))
                ON CONFLICT (product_id) DO UPDATE SET available = p.available + excluded.available
                """)
        }
        events.on(StockReserved.self) { stock, rows in
            rows.write(change(stock.items, sign: -1))
        }
        events.on(StockReleased.self) { stock, rows in
            if !stock.items.isEmpty { rows.write(change(stock.items, sign: 1)) }
        }
    }

    private static func change(_ items: [StockItem], sign: Int64) -> SQL {
        """
        INSERT INTO products AS p (product_id, available)
        SELECT product_id, sum(quantity)::bigint
        FROM unnest(\(items.map(\.productID)), \(items.map { sign * Int64($0.quantity) })) AS c (product_id, quantity)
        GROUP BY product_id ORDER BY product_id
        ON CONFLICT (product_id) DO UPDATE SET available = p.available + excluded.available
        """
    }
}
