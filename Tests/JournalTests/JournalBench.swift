import AMQP
import Contracts
import Journal
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

/// A journal's surroundings for one test: a schema with its tables, and a topic and queues of its own on the embedded broker.
struct JournalBench: Sendable {
    let name: String
    let topic: String
    let postgres: PostgresClient
    let amqp: AMQPClient

    var reader: JournalReader { JournalReader(postgres: postgres) }

    static func with<R: Sendable>(_ body: (JournalBench) async throws -> R) async throws -> R {
        let name = "j" + UUID.v7().lowercased.replacing("-", with: "")
        let postgres = PostgresClient(configuration: try await TestPostgres.schema("journal"), logger: quiet)
        let amqp = AMQPClient(configuration: try AMQPConfiguration(url: try await TestBroker.embedded.url()), logger: quiet)
        let running = Task { try await amqp.run() }
        let bench = JournalBench(name: name, topic: "topic.\(name)", postgres: postgres, amqp: amqp)
        defer { running.cancel() }
        do {
            try await bench.messaging(MessageHandlers()).migrate()
            try await Migrator(client: postgres, historyTable: JournalSchema.historyTable, migrations: JournalSchema.migrations).migrate()
            let result = try await body(bench)
            await bench.end()
            return result
        } catch {
            await bench.end()
            throw error
        }
    }

    private func end() async {
        await amqp.close()
        await postgres.close()
    }

    // MARK: Recording

    /// Handlers that record the topic.
    func recording() -> MessageHandlers {
        var handlers = MessageHandlers()
        handlers.record(topic: topic, types: ["thing.done"])
        return handlers
    }

    func messaging(_ handlers: MessageHandlers, worker: String? = nil) -> Messaging {
        var configuration = MessagingConfiguration(worker: worker ?? name)
        configuration.queueType = .classic
        configuration.publishes = [topic]
        configuration.retry = RetryPolicy(
            immediate: 1, attempts: 10_000, backoff: Backoff(initial: .milliseconds(20), maximum: .milliseconds(50)))
        configuration.parkedPoll = .milliseconds(20)
        configuration.jitterSeed = 1
        return Messaging(configuration: configuration, handlers: handlers, postgres: postgres, amqp: amqp, logger: quiet)
    }

    /// Runs a recorder while `body` runs, then drains it.
    func recording<R>(worker: String? = nil, _ body: (Messaging) async throws -> R) async throws -> R {
        let messaging = messaging(recording(), worker: worker)
        try await messaging.declareTopology()
        return try await during({ try await messaging.run() }) { try await body(messaging) }
    }

    // MARK: Events

    func event(
        _ number: Int, key: String? = nil, type: String = "thing.done", id: UUID = .v7(), extensions: [String: String] = [:]
    ) -> Envelope {
        Envelope(
            id: id, source: "/tests", type: type, subject: "thing/\(number)", partitionKey: key ?? "\(number % 7)",
            sequence: Int64(number), extensions: extensions, data: Array(#"{"number":\#(number)}"#.utf8))
    }

    func publish(_ envelopes: [Envelope]) async { await publish(bodies: envelopes.map { $0.encoded() }) }

    /// Publishes bytes as they are.
    func publish(
        bodies: [[UInt8]], to exchange: String? = nil, routingKey: String = "any.type",
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let outcomes = await amqp.publisher().publish(
            bodies.map { OutgoingMessage(exchange: exchange ?? topic, routingKey: routingKey, body: $0, mandatory: true) })
        #expect(outcomes.allSatisfy { $0.isConfirmed }, sourceLocation: sourceLocation)
    }

    // MARK: What was recorded

    func number(_ sql: SQL) async throws -> Int { try await postgres.query(sql, as: Int.self).first ?? -1 }

    func entries() async throws -> Int { try await number("SELECT count(*) FROM entries") }

    /// Fails the test unless the positions are those from 1 to `count`, and each event is there once.
    func expectGapless(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let positions = try await postgres.query("SELECT position FROM entries ORDER BY position", as: Int.self)
        #expect(positions == Array(1...max(1, count)), sourceLocation: sourceLocation)
        #expect(try await number("SELECT count(DISTINCT event_id) FROM entries") == count, sourceLocation: sourceLocation)
        #expect(try await number("SELECT last FROM sequencer") == count, sourceLocation: sourceLocation)
    }

    /// The bodies, in the order of the journal.
    func bodies() async throws -> [[UInt8]] {
        try await postgres.execute("SELECT body FROM entries ORDER BY position").map { try $0.decode([UInt8].self, at: 0) }
    }

    /// Forgets what was handled, as the inbox does after seven days.
    func forgetInbox() async throws { try await postgres.execute("DELETE FROM inbox") }
}

private let quiet: Logger = {
    var logger = Logger(label: "test.journal")
    logger.logLevel = .critical
    return logger
}()
