public import AMQP
import Contracts
public import Logging
public import Postgres
public import ServiceLifecycle
import Synchronization

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A worker's messaging: it consumes the worker's queue, runs the handlers, publishes the outbox, retries what was
/// parked and fires timers.
///
/// Put it into the service group after the database's and the broker's client. On graceful shutdown (and on
/// cancellation) it stops consuming, finishes the running batch, publishes the outbox and returns, within
/// ``MessagingConfiguration/drainTimeout``.
public final class Messaging: Service {
    let core: MessagingCore
    private let submitter: Submitter
    private let relay: OutboxRelay

    /// Makes the messaging of one worker process.
    ///
    /// - Parameters:
    ///   - postgres: a client whose search path is the worker's schema. A running worker uses up to five connections.
    ///   - amqp: a client of the broker.
    public init(
        configuration: MessagingConfiguration, handlers: MessageHandlers, postgres: PostgresClient, amqp: AMQPClient,
        logger: Logger
    ) {
        core = MessagingCore(
            configuration: configuration, handlers: handlers, postgres: postgres, amqp: amqp, logger: logger)
        submitter = Submitter(core: core)
        relay = OutboxRelay(core: core)
    }

    /// What has been done since the start.
    public func snapshot() -> MessagingCounters { core.counters.snapshot() }

    /// Where the messaging stands.
    public var state: MessagingState {
        var state = core.state.withLock { $0 }
        state.isConsuming = state.isConsuming && core.amqp.isConnected
        return state
    }

    /// Takes nothing more from now on: neither messages, nor timers, nor what was parked. The running batch is finished. What others
    /// write into the outbox is still published, until the graceful shutdown, which may come later: for a process that must let its
    /// own clients finish first.
    public func stopConsuming() { core.stopTaking() }

    /// Looks into the outbox now. Needed only by those who write into it themselves.
    public func wakeRelay() { core.feed.look() }

    /// Creates and migrates the tables, and declares the queue, the topics and the bindings. The broker's client must be
    /// running.
    ///
    /// - Throws: ``PostgresError``, ``AMQPError``.
    public func prepare() async throws {
        try await migrate()
        try await declareTopology()
    }

    /// Creates and migrates the tables.
    ///
    /// - Throws: ``PostgresError``; ``MessagingError`` `.usage` when no schema of the search path exists.
    public func migrate() async throws {
        let row = try await core.postgres.execute("SELECT current_schema()::text").first
        guard let schema = try row?.decode(String?.self, at: 0) else {
            throw MessagingError(.usage, "no schema of the connection's search path exists; create the worker's schema first")
        }
        _ = try await Migrator(
            client: core.postgres, schema: schema, historyTable: MessagingSchema.historyTable,
            migrations: MessagingSchema.migrations, logger: core.logger
        ).migrate()
    }

    /// Declares the queue and the bindings, and the topics that are missing. The broker's client must be running.
    ///
    /// - Throws: ``AMQPError``; ``MessagingError`` `.topicMissing` when a topic is missing that another worker owns.
    public func declareTopology() async throws {
        try await WorkerTopology.declare(core.configuration, core.handlers, on: core.amqp)
    }

    /// Runs `body` in a transaction of its own, with an outbox.
    ///
    /// - Parameters:
    ///   - correlationID: what the messages carry as correlation; a new one when nil.
    ///   - causationID: what the messages carry as causation.
    ///   - traceparent: the trace the messages belong to.
    ///   - body: may run more than once, when the transaction must be repeated (serialization failure, deadlock).
    /// - Throws: what `body` throws; ``PostgresError``.
    public func transact<R: Sendable>(
        correlationID: UUID? = nil, causationID: UUID? = nil, traceparent: String? = nil,
        _ body: @Sendable (MessageContext) async throws -> R
    ) async throws -> R {
        try await core.transact(
            MessageCause(correlationID: correlationID ?? .v7(), causationID: causationID, traceparent: traceparent), body)
    }

    /// Commits a submission. Submissions that are made at the same time share a commit; one that fails fails alone.
    ///
    /// - Throws: ``PostgresError``; with a connection failure it is unknown whether the submission was committed.
    ///   ``ContractViolation`` if a message does not fit its contract: nothing of the submission is written then.
    ///   ``ContractError`` if one cannot be encoded. ``MessagingError`` `.stopped`.
    public func submit(_ submission: Submission) async throws { try await submitter.submit(submission) }

    /// Runs until it is shut down.
    ///
    /// - Throws: ``ContractViolation`` at once, see ``MessageHandlers/verifyContracts()``.
    public func run() async throws {
        try core.gate.verify()
        try await MessagingRunner(core: core, submitter: submitter, relay: relay).run()
    }
}
