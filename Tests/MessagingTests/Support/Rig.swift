import AMQP
import Contracts
import Locking
import Logging
import Messaging
import Postgres
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A worker's surroundings for one test: a schema, a topic and a queue of its own, on shared servers.
struct Rig: Sendable {
    let worker: String
    let schema: String
    let topic: String
    let postgresURL: String
    let amqpURL: String
    /// For the test itself, past all proxies.
    let postgres: PostgresClient
    let amqp: AMQPClient
    let publisher: AMQPPublisher

    /// Makes the surroundings, runs `body` and takes them away. Tests of what depends on a broker run on both kinds; the rest on the
    /// one that is quicker.
    static func with<R>(
        _ broker: TestBroker = .rabbitMQ, postgresURL: String? = nil, amqpURL: String? = nil, _ body: (Rig) async throws -> R
    ) async throws -> R {
        let name = "t" + UUID.v7().lowercased.replacing("-", with: "")
        let postgresURL = if let postgresURL { postgresURL } else { try await TestServers.shared.postgresURL() }
        let amqpURL = if let amqpURL { amqpURL } else { try await broker.url() }
        var configuration = try PostgresConfiguration(url: postgresURL)
        configuration.searchPath = name
        let postgres = PostgresClient(configuration: configuration, logger: quiet)
        let amqp = AMQPClient(configuration: try AMQPConfiguration(url: amqpURL), logger: quiet)
        let running = Task { try await amqp.run() }
        let rig = Rig(
            worker: name, schema: name, topic: "topic.\(name)", postgresURL: postgresURL, amqpURL: amqpURL,
            postgres: postgres, amqp: amqp, publisher: amqp.publisher())
        do {
            try await postgres.execute("CREATE SCHEMA \(identifier: name)")
            try await postgres.execute(
                """
                CREATE TABLE seen (
                    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL, key text, value int NOT NULL,
                    attempt int NOT NULL)
                """)
            try await rig.messaging(MessageHandlers()).migrate()
            let result = try await body(rig)
            await rig.end(running)
            return result
        } catch {
            await rig.end(running)
            throw error
        }
    }

    private func end(_ running: Task<Void, any Error>) async {
        _ = try? await postgres.execute("DROP SCHEMA IF EXISTS \(identifier: schema) CASCADE")
        _ = try? await amqp.delete(queue: "worker.\(worker)")
        _ = try? await amqp.delete(exchange: topic)
        await amqp.close()
        running.cancel()
        await postgres.close()
    }

    // MARK: Workers

    /// A worker over the rig's own clients.
    func messaging(_ handlers: MessageHandlers, _ change: (inout MessagingConfiguration) -> Void = { _ in }) -> Messaging {
        var configuration = MessagingConfiguration(worker: worker)
        configuration.queueType = .classic
        // What a test breaks for a while is not to be given up before it is mended, however busy the machine is.
        configuration.retry = RetryPolicy(
            immediate: 3, attempts: 10_000,
            backoff: Backoff(initial: .milliseconds(20), maximum: .milliseconds(200)))
        configuration.relayRetry = Backoff(initial: .milliseconds(50), maximum: .milliseconds(200))
        configuration.parkedPoll = .milliseconds(50)
        configuration.timerPoll = .milliseconds(200)
        configuration.publishes = [topic]
        configuration.jitterSeed = 1
        change(&configuration)
        return Messaging(configuration: configuration, handlers: handlers, postgres: postgres, amqp: amqp, logger: quiet)
    }

    /// Runs a worker while `body` runs, then drains it.
    func running<R>(
        _ handlers: MessageHandlers, _ change: (inout MessagingConfiguration) -> Void = { _ in },
        _ body: (Messaging) async throws -> R
    ) async throws -> R {
        try await run(messaging(handlers, change), body)
    }

    /// Runs a worker while `body` runs, then drains it.
    func run<R>(_ messaging: Messaging, _ body: (Messaging) async throws -> R) async throws -> R {
        try await messaging.declareTopology()
        return try await during({ try await messaging.run() }) { try await body(messaging) }
    }

    /// A second process of the same worker: clients of its own, through proxies if given.
    func elsewhere<R>(
        postgresPort: Int? = nil, amqpPort: Int? = nil, _ body: (Rig) async throws -> R
    ) async throws -> R {
        var database = try PostgresConfiguration(url: postgresURL)
        database.searchPath = schema
        if let postgresPort {
            database.host = "127.0.0.1"
            database.port = postgresPort
            // The proxy may take the server away.
            database.pool.acquireTimeout = .seconds(2)
        }
        var broker = try AMQPConfiguration(url: amqpURL)
        if let amqpPort { broker.port = amqpPort }
        let postgres = PostgresClient(configuration: database, logger: quiet)
        let amqp = AMQPClient(configuration: broker, logger: quiet)
        let running = Task { try await amqp.run() }
        let rig = Rig(
            worker: worker, schema: schema, topic: topic, postgresURL: postgresURL, amqpURL: amqpURL,
            postgres: postgres, amqp: amqp, publisher: amqp.publisher())
        do {
            let result = try await body(rig)
            await amqp.close()
            running.cancel()
            await postgres.close()
            return result
        } catch {
            await amqp.close()
            running.cancel()
            await postgres.close()
            throw error
        }
    }

    // MARK: Messages

    /// A message of the rig's topic; its value travels as an extension.
    func message(
        _ value: Int, key: String?, type: String = "thing.done", id: UUID = .v7(), extensions: [String: String] = [:]
    ) -> Envelope {
        Envelope(
            id: id, source: "/tests", type: type, partitionKey: key,
            extensions: extensions.merging(["value": "\(value)"]) { $1 }, data: Array("{}".utf8))
    }

    /// Publishes and waits for the confirms.
    func publish(_ envelopes: [Envelope], sourceLocation: SourceLocation = #_sourceLocation) async {
        let outcomes = await publisher.publish(
            envelopes.map {
                OutgoingMessage(
                    exchange: topic, routingKey: $0.type,
                    properties: MessageProperties(contentType: WellKnown.contentType, messageID: $0.id.lowercased),
                    body: $0.encoded(), mandatory: true)
            })
        let confirmed = outcomes.count { $0.isConfirmed }
        #expect(confirmed == envelopes.count, sourceLocation: sourceLocation)
    }

    /// Handlers that write each message into `seen`, after `first`.
    func recording(
        type: String = "thing.done",
        first: @escaping @Sendable (Envelope, MessageContext) async throws -> Void = { _, _ in }
    ) -> MessageHandlers {
        var handlers = MessageHandlers()
        handlers.on(rawType: type, topic: topic) { envelope, context in
            try await first(envelope, context)
            Self.record(envelope, context)
        }
        return handlers
    }

    /// Writes a message into `seen`.
    static func record(_ envelope: Envelope, _ context: MessageContext) {
        context.db.enqueue(
            """
            INSERT INTO seen (id, key, value, attempt)
            VALUES (\(envelope.id), \(envelope.partitionKey), \(Int32(envelope.value)), \(Int32(context.attempt)))
            """)
    }

    // MARK: What happened

    /// What was handled: values by key, in the order of handling.
    func seen() async throws -> [String: [Int]] {
        var seen: [String: [Int]] = [:]
        for row in try await postgres.execute("SELECT coalesce(key, ''), value FROM seen ORDER BY n") {
            let (key, value) = try row.decode(String.self, Int32.self)
            seen[key, default: []].append(Int(value))
        }
        return seen
    }

    func number(_ sql: SQL) async throws -> Int {
        Int(try await postgres.execute(sql).first?.decode(Int64.self, at: 0) ?? -1)
    }

    /// Where the database listens, for a proxy.
    var databasePort: Int { get throws { try PostgresConfiguration(url: postgresURL).port } }

    /// How many rows a table has.
    func count(_ table: String) async throws -> Int { try await number("SELECT count(*) FROM \(identifier: table)") }

    /// Asks until it is so. Fails the test when it is not within `limit`.
    func eventually(
        within limit: Duration = .seconds(60), _ what: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: () async throws -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let end = clock.now + limit
        while clock.now < end {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record(what ?? "it did not happen within \(limit)", sourceLocation: sourceLocation)
        throw DidNotHappen()
    }
}

struct DidNotHappen: Error {}

extension Envelope {
    /// The test's number.
    var value: Int { extensions["value"].flatMap { Int($0) } ?? -1 }
}

/// Says nothing, unless MILLRACE_TEST_LOG is set.
let quiet: Logger = {
    var logger = Logger(label: "test") { label in
        if ProcessInfo.processInfo.environment["MILLRACE_TEST_LOG"] == nil { return SwiftLogNoOpLogHandler() }
        return StreamLogHandler.standardError(label: label)
    }
    if ProcessInfo.processInfo.environment["MILLRACE_TEST_LOG"] == "debug" { logger.logLevel = .debug }
    return logger
}()

/// Something shared that a handler writes and the test reads.
final class Box<Value: Sendable>: Sendable {
    private let mutex: Locked<Value>
    init(_ value: Value) { mutex = Locked(value) }
    var value: Value { mutex.withLock { $0 } }
    @discardableResult
    func update<R: Sendable>(_ change: (inout Value) -> R) -> R {
        mutex.withLock { value in
            var copy = value
            let result = change(&copy)
            value = copy
            return result
        }
    }
}
