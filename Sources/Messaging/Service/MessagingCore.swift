import AMQP
import Contracts
import Locking
import Logging
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the parts of one ``Messaging`` share.
final class MessagingCore: Sendable {
    let configuration: MessagingConfiguration
    let handlers: MessageHandlers
    let gate: ContractGate
    let postgres: PostgresClient
    let amqp: AMQPClient
    let logger: Logger
    /// Names this process where it counts what it runs.
    let process = UUID()
    /// Where those run that may have killed a process: side by side, they would both be held responsible.
    let suspects = SingleFile()
    let counters = CounterBox()
    let state = Locked(MessagingState())
    /// Wakes the relay: something was committed into the outbox.
    let relayWake = Wakeup()
    /// Publishes what was committed.
    let feed: OutboxFeed
    /// Wakes the timer runner: a timer was set.
    let timerWake = Wakeup()
    /// Wakes the retrier of parked messages.
    let parkedWake = Wakeup()
    /// Wakes whatever else sleeps, to stop.
    let retentionWake = Wakeup()
    /// Set when nothing more is to be taken: neither messages, nor timers, nor what was parked.
    let stop = Latch()
    /// Set when the draining begins, which ends with everything that still writes into the outbox.
    let end = Latch()
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
        gate = ContractGate(handlers, maximumBytes: configuration.maximumMessageBytes)
        self.postgres = postgres
        self.amqp = amqp
        self.logger = logger
        feed = OutboxFeed(configuration: configuration, counters: counters, wake: relayWake)
        generator = Locked(SeededGenerator(seed: configuration.jitterSeed ?? .random(in: .min ... .max)))
    }

    /// Gives `body` the source of jitter.
    func withGenerator<R: Sendable>(_ body: (inout SeededGenerator) -> R) -> R { generator.withLock { body(&$0) } }

    func stopTaking() {
        state.withLock { if $0.phase == .running { $0.phase = .draining } }
        stop.set()
        for wake in [timerWake, parkedWake, retentionWake] { wake.signal() }
    }

    func beginDrain() {
        stopTaking()
        end.set()
        relayWake.signal()
    }

    // MARK: What a handling leaves behind

    /// Runs `body` in a transaction that ends with what it leaves behind, and wakes who has to know of it. The outbox comes last, in the
    /// flight of the commit: it takes the lock of the event numbers, which is held until then.
    ///
    /// - Returns: nil if `body` did.
    func transaction<R: Sendable>(
        _ body: @Sendable (PostgresTransaction) async throws -> (result: R, output: OutputCollector.Output)?
    ) async throws -> R? {
        let left = try await postgres.withClosingTransaction { transaction in
            guard let left = try await body(transaction) else {
                return (nil as (result: R, output: OutputCollector.Output)?, TransactionClosing())
            }
            if !left.output.timers.isEmpty { TimerStatements.write(left.output.timers, to: transaction) }
            // In the order of the keys, so that two processes lock their rows in the same order.
            for (_, gathered) in left.output.gathered.sorted(by: { $0.key < $1.key }) {
                transaction.enqueue(gathered.statement(gathered.items))
            }
            return (left, closing(with: left.output.entries))
        }
        guard let left else { return nil }
        // One that is due only after the next regular look is found by that.
        if left.output.timers.contains(where: { $0.entry.map { $0.after < configuration.timerPoll } ?? false }) { timerWake.signal() }
        for hook in left.output.hooks { hook() }
        return left.result
    }

    /// Writes messages into the outbox with the commit, and hands them to the broker's connection the moment that it is answered.
    func closing(with entries: [OutboxEntry]) -> TransactionClosing {
        let afterCommit = configuration.faults.afterCommit
        if entries.isEmpty { return TransactionClosing { _ in afterCommit?() } }
        let messages = entries.map { RelayRow.message($0) }
        return TransactionClosing([OutboxWriter.insert(entries, source: configuration.source)]) { [feed] answers in
            afterCommit?()
            feed.handOver(messages, answers.first)
        }
    }

    /// Counts a suspect that was claimed, just before its run; see ``CrashLedger``. At the limit it is given up instead.
    ///
    /// - Parameters:
    ///   - what: what it is, as `message`.
    ///   - statement: counts it and returns the count, or nothing if it is not to be run any more.
    /// - Returns: whether it may run.
    func mayRunSuspect(
        _ what: String, counting statement: SQL, giveUp: (MessagingError) async throws -> Void
    ) async throws -> Bool {
        guard let row = try await postgres.execute(statement).first else { return false }
        let crashes = Int(try row.decode(Int32.self, at: 0))
        if crashes <= configuration.maxCrashes { return true }
        try await giveUp(MessagingError(.crashed, "the process died \(crashes - 1) times while it ran this \(what)"))
        return false
    }

    func transact<R: Sendable>(
        _ cause: MessageCause, _ body: @Sendable (MessageContext) async throws -> R
    ) async throws -> R {
        let envelope = Envelope(
            source: configuration.source, type: "millrace.transaction", correlationID: cause.correlationID,
            causationID: cause.causationID, traceparent: cause.traceparent)
        let done = try await transaction { transaction in
            let collector = OutputCollector()
            let context = MessageContext(
                db: transaction, envelope: envelope, attempt: 1, source: configuration.source, cause: cause,
                gate: gate, collector: collector)
            let result = try await body(context)
            return (result, collector.finish())
        }
        guard let done else { throw MessagingError(.usage, "the transaction left nothing") }
        return done
    }
}
