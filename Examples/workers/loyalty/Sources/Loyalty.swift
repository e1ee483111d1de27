import Millrace
import Topics

@main
struct Loyalty: WorkerProgram {
    static func configure(_ worker: inout Worker) {
        worker.handle(OrderCreated.self) { order, context in
            try await context.db.execute(
                """
                INSERT INTO points (customer_id, points) VALUES (\(order.customerID), \(order.totalCents / 100))
                ON CONFLICT (customer_id) DO UPDATE SET points = points.points + excluded.points
                """)
        }
    }
}
