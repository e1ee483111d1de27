import AMQP
import Contracts
import Logging
import Messaging
import Postgres
import ServiceLifecycle

/// One worker's messages/s, from a full queue to the last commit: each message has an inbox row, updates one row of
/// state and publishes one event.
struct HandlingBenchmark {
    var messages: Int
    var logger: Logger

    struct Bump: Command {
        static let type = "benchmark.bump"
        var key: Int
        var note: String
        var partitionKey: String { String(key) }
    }

    struct Bumped: Event {
        static let type = "benchmark.bumped"
        static let topic = "benchmark.events"
        var key: Int
        var note: String
        var partitionKey: String { String(key) }
    }

    func run() async throws {
        let postgres = try await schema()
        let amqp = try AMQPClient(configuration: AMQPConfiguration(url: environment("AMQP_URL")), logger: logger)
        var handlers = MessageHandlers()
        handlers.on(Bump.self) { command, context in
            context.db.enqueue("UPDATE state SET count = count + 1 WHERE key = \(command.key)")
            try context.publish(Bumped(key: command.key, note: command.note))
        }
        var configuration = MessagingConfiguration(worker: "benchmark")
        configuration.queueType = .classic
        let messaging = Messaging(
            configuration: configuration, handlers: handlers, postgres: postgres, amqp: amqp, logger: logger)
        let broker = Task { try await amqp.run() }
        try await messaging.prepare()
        try await fill(amqp)
        let running = Task { try await messaging.run() }
        let taken = try await seconds {
            while messaging.snapshot().handled < messages { try await Task.sleep(for: .milliseconds(5)) }
        }
        report("handling", Double(messages) / taken, "messages/s")
        let counted = try await postgres.query("SELECT sum(count)::bigint FROM state", as: Int.self)
        guard counted == [messages] else { fatalError("\(counted) of \(messages) messages were handled") }
        running.cancel()
        _ = await running.result
        _ = try await amqp.delete(queue: configuration.queue)
        await amqp.close()
        broker.cancel()
        await postgres.close()
    }

    private func schema() async throws -> PostgresClient {
        var configuration = try PostgresConfiguration(url: environment("DATABASE_URL"))
        let setup = PostgresClient(configuration: configuration, logger: logger)
        try await setup.execute("DROP SCHEMA IF EXISTS benchmark CASCADE")
        try await setup.execute("CREATE SCHEMA benchmark")
        await setup.close()
        configuration.searchPath = "benchmark"
        let client = PostgresClient(configuration: configuration, logger: logger)
        try await client.execute("CREATE TABLE state (key bigint PRIMARY KEY, count bigint NOT NULL) WITH (fillfactor = 50)")
        try await client.execute("INSERT INTO state SELECT n, 0 FROM generate_series(0, 999) n")
        return client
    }

    private func fill(_ amqp: AMQPClient) async throws {
        let publisher = amqp.publisher(window: 1000)
        let note = String(repeating: "n", count: 300)
        for start in stride(from: 0, to: messages, by: 1000) {
            let batch = try (start..<min(start + 1000, messages)).map { number in
                let envelope = try Envelope(Bump(key: number % 1000, note: note), source: "/benchmarks")
                return OutgoingMessage(
                    exchange: WellKnown.commandsExchange, routingKey: Bump.type,
                    properties: MessageProperties(contentType: WellKnown.contentType, messageID: envelope.id.uuidString),
                    body: envelope.encoded(), mandatory: true)
            }
            for outcome in await publisher.publish(batch) {
                guard case .confirmed = outcome else { fatalError("not confirmed: \(outcome)") }
            }
        }
    }
}
