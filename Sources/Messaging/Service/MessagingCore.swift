import AMQP
import Contracts
import Logging
import Postgres
import Locking

/// What the parts of one ``Messaging`` share.
final class MessagingCore: Sendable {
    let configuration: MessagingConfiguration
    let handlers: MessageHandlers
    let postgres: PostgresClient
    let amqp: AMQPClient
    let logger: Logger
    let counters = CounterBox()
    let state = Locked(MessagingState())
    /// Wakes the relay: something was committed into the outbox.
    let relayWake = Wakeup()
    /// Wakes the timer runner: a timer was set.
    let timerWake = Wakeup()
    /// Wakes the retrier of parked messages.
    let parkedWake = Wakeup()
    /// Wakes whatever else sleeps, to stop.
    let retentionWake = Wakeup()
    /// Set when the draining begins.
    let stop = Latch()
    /// Set when everything that writes into the outbox has ended.
    let relayStop = Latch()
    /// Set when the draining took too long and everything is cancelled.
    let abort = Latch()
    private let generator: Locked<SeededGenerator>

    init(
        configuration: MessagingConfiguration, handlers: MessageHandlers, postgres: PostgresClient, amqp: AMQPClient,
        logger: Logger
    ) {
        self.configuration = configuration
        self.handlers = handlers
        self.postgres = postgres
        self.amqp = amqp
        self.logger = logger
        generator = Locked(SeededGenerator(seed: configuration.jitterSeed ?? .random(in: .min ... .max)))
    }

    /// Gives `body` the source of jitter.
    func withGenerator<R: Sendable>(_ body: (inout SeededGenerator) -> R) -> R { generator.withLock { body(&$0) } }

    func beginDrain() {
        state.withLock { if $0.phase == .running { $0.phase = .draining } }
        stop.set()
        for wake in [relayWake, timerWake, parkedWake, retentionWake] { wake.signal() }
    }

    // MARK: What a handling leaves behind

    /// Sends the statements that write `output`. The outbox comes last: it takes the lock of the event numbers, which is
    /// held until the commit.
    func write(_ output: OutputCollector.Output, to transaction: PostgresTransaction) {
        if !output.timers.isEmpty { TimerStatements.write(output.timers, to: transaction) }
        if !output.entries.isEmpty {
            transaction.enqueue(OutboxWriter.insert(output.entries, source: configuration.source))
        }
    }

    /// Wakes who has to know, after the commit.
    func committed(_ output: OutputCollector.Output) {
        if !output.entries.isEmpty { relayWake.signal() }
        if output.timers.contains(where: { $0.entry != nil }) { timerWake.signal() }
        for hook in output.hooks { hook() }
    }

    func transact<R: Sendable>(
        _ cause: MessageCause, _ body: @Sendable (MessageContext) async throws -> R
    ) async throws -> R {
        let envelope = Envelope(
            source: configuration.source, type: "millrace.transaction", correlationID: cause.correlationID,
            causationID: cause.causationID, traceparent: cause.traceparent)
        let (result, output) = try await postgres.withTransaction { transaction in
            let collector = OutputCollector()
            let context = MessageContext(
                db: transaction, envelope: envelope, attempt: 1, source: configuration.source, cause: cause,
                collector: collector)
            let result = try await body(context)
            let output = collector.finish()
            write(output, to: transaction)
            return (result, output)
        }
        committed(output)
        return result
    }
}
