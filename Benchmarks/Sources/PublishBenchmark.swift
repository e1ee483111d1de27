import AMQP
import Logging

/// Publishes persistent messages with confirms, `window` in flight, as `amqpbench -m pub -P -w` does.
struct PublishBenchmark {
    var messages: Int
    var window: Int
    var logger: Logger

    func run() async throws {
        let client = try AMQPClient(configuration: AMQPConfiguration(url: environment("AMQP_URL")), logger: logger)
        let running = Task { try await client.run() }
        try await client.declare(AMQPTopology(queues: [.init(name: "benchmark.publish")]))
        let publisher = client.publisher(window: window)
        let message = OutgoingMessage(
            exchange: "", routingKey: "benchmark.publish", properties: MessageProperties(),
            body: [UInt8](repeating: 120, count: 1024), mandatory: false)
        let batch = Array(repeating: message, count: window)
        let taken = await seconds {
            // Two halves keep the window full while the other half's confirms are read.
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        for _ in 0..<(messages / window / 2) { _ = await publisher.publish(batch) }
                    }
                }
            }
        }
        report("publish.window\(window)", Double(messages / window / 2 * 2 * window) / taken, "messages/s")
        _ = try await client.delete(queue: "benchmark.publish")
        await client.close()
        running.cancel()
    }
}
