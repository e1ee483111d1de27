import AMQP
import Contracts
import Foundation
import Logging
import Messaging
import Postgres
import Servers
import TestSupport

/// A worker process that can be killed at a chosen place, its schema, its queue, and somebody who reads its events.
struct FaultBench {
    let worker: String
    let schema: String
    let databaseURL: String
    let amqpURL: String
    let postgres: PostgresClient
    let amqp: AMQPClient
    let broker: Task<Void, any Error>
    var eventsQueue: String { "\(worker).events" }

    static let logger: Logger = {
        var logger = Logger(label: "faults")
        logger.logLevel = .critical
        return logger
    }()

    static func make() async throws -> FaultBench {
        let worker = TestRabbitMQ.uniqueName("fault")
        let schema = worker.replacingOccurrences(of: "-", with: "_")
        let url = try await TestPostgres.url()
        let setup = try PostgresClient(configuration: PostgresConfiguration(url: url), logger: logger)
        try await setup.execute("CREATE SCHEMA \(identifier: schema)")
        await setup.close()
        let databaseURL = try PostgresConfiguration.url(url, searchPath: schema)
        let postgres = try PostgresClient(configuration: PostgresConfiguration(url: databaseURL), logger: logger)
        try await postgres.execute("CREATE TABLE counted (number bigint PRIMARY KEY, times bigint NOT NULL)")
        let amqpURL = try await TestRabbitMQ.url()
        let amqp = try AMQPClient(configuration: AMQPConfiguration(url: amqpURL), logger: logger)
        let bench = FaultBench(
            worker: worker, schema: schema, databaseURL: databaseURL, amqpURL: amqpURL, postgres: postgres, amqp: amqp,
            broker: Task { try await amqp.run() })
        try await bench.prepare()
        return bench
    }

    private func prepare() async throws {
        var handlers = MessageHandlers()
        handlers.on(rawType: "fault.count", topic: WellKnown.commandsExchange) { _, _ in }
        var configuration = MessagingConfiguration(worker: worker)
        configuration.queueType = .classic
        try await Messaging(
            configuration: configuration, handlers: handlers, postgres: postgres, amqp: amqp, logger: Self.logger
        ).prepare()
        try await amqp.declare(
            AMQPTopology(
                exchanges: [.init(name: "fault.events")], queues: [.init(name: eventsQueue)],
                bindings: [.init(source: "fault.events", destination: eventsQueue, routingKey: "#")]))
    }

    /// Puts `count` commands into this worker's queue alone.
    func send(_ count: Int) async throws {
        struct Count: Command {
            static let type = "fault.count"
            var number: Int
            var partitionKey: String { String(number % 7) }
        }
        let batch = try (0..<count).map { number in
            let envelope = try Envelope(Count(number: number), source: "/tests")
            return OutgoingMessage(
                exchange: "", routingKey: "worker.\(worker)",
                properties: MessageProperties(contentType: WellKnown.contentType, messageID: envelope.id.uuidString),
                body: envelope.encoded(), mandatory: true)
        }
        for outcome in await amqp.publisher().publish(batch) {
            guard case .confirmed = outcome else { throw ServersError(.usage, "not confirmed: \(outcome)") }
        }
    }

    /// Runs the worker with a fault until it has died of it.
    func runUntilKilled(_ fault: String) async throws -> ExitStatus {
        let child = try spawn(fault)
        return await child.wait(atMost: .seconds(60)) ?? .exited(-1)
    }

    /// Runs the worker until it has counted so many commands and nothing is left in its queue and its outbox, then ends it gracefully.
    ///
    /// An empty queue alone says nothing: the broker may not have put the dead worker's deliveries back yet.
    func runUntilQuiet(handled: Int) async throws -> ExitStatus {
        let child = try spawn("none")
        try await eventually("the queue and the outbox are empty") {
            let queue = try await amqp.queueInfo("worker.\(worker)")
            let unsent = try await postgres.query("SELECT count(*) FROM outbox", as: Int.self)
            let counted = try await postgres.query("SELECT count(*) FROM counted", as: Int.self)
            return queue?.messages == 0 && unsent == [0] && counted == [handled]
        }
        return await child.stop(signal: SIGTERM, timeout: .seconds(30))
    }

    func spawn(_ fault: String, records topic: String = "") throws -> ChildProcess {
        try ChildProcess.spawn(
            .init(
                executable: BuiltProducts.path("fault-worker"), arguments: [],
                environment: [
                    "DATABASE_URL": databaseURL, "AMQP_URL": amqpURL, "FAULT": fault, "WORKER": worker,
                    "RECORDS": topic, "PATH": "/usr/bin:/bin",
                ],
                standardOutput: .null, standardError: .inherit))
    }

    /// Every event that arrived, in order, duplicates included.
    func events() async throws -> [Envelope] {
        guard let info = try await amqp.queueInfo(eventsQueue), info.messages > 0 else { return [] }
        let consumer = amqp.consumer(queue: eventsQueue)
        var envelopes: [Envelope] = []
        while envelopes.count < info.messages, let batch = try await consumer.nextBatch(max: 500) {
            for delivery in batch { envelopes.append(try Envelope(decoding: delivery.body)) }
            if let last = batch.last { consumer.acknowledge(through: last, multiple: true) }
        }
        await consumer.close()
        return envelopes
    }

    func counts() async throws -> [Int] {
        try await postgres.query("SELECT times FROM counted ORDER BY number", as: Int.self)
    }

    func close() async throws {
        _ = try await amqp.delete(queue: "worker.\(worker)")
        _ = try await amqp.delete(queue: eventsQueue)
        await amqp.close()
        broker.cancel()
        await postgres.close()
    }
}
