import Millrace
import Topics

/// The orders, as `GET /orders/{id}` and `GET /customers/{id}/orders` show them.
struct OrderView: Projection {
    static func define(_ events: inout ProjectionEvents) {
        events.on(OrderCreated.self) { order, rows in
            let items = try PostgresJSON(bytes: ContractJSON.encode(order.items))
            rows.write(
                """
                INSERT INTO orders (order_id, customer_id, status, items, total_cents, created_at, updated_at)
                VALUES (\(order.orderID), \(order.customerID), 'created', \(items), \(order.totalCents),
                    \(rows.envelope.time), \(rows.envelope.time))
                ON CONFLICT (order_id) DO NOTHING
                """)
        }
        events.on(OrderConfirmed.self) { order, rows in
            rows.write(
                """
                UPDATE orders SET status = 'confirmed', updated_at = \(rows.envelope.time)
                WHERE order_id = \(order.orderID)
                """)
        }
        events.on(OrderRejected.self) { order, rows in
            rows.write(
                """
                UPDATE orders SET status = 'rejected', reason = \(order.reason), updated_at = \(rows.envelope.time)
                WHERE order_id = \(order.orderID)
                """)
        }
    }
}
