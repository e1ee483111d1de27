import AMQP
import Locking
import Logging
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Consumes one queue: one batch at a time, acknowledged when it is committed.
struct QueueConsumer: Sendable {
    let core: MessagingCore
    let queue: String
    let partition: Int
    let balance: PartitionBalance?
    let runner: BatchRunner

    init(core: MessagingCore, queue: String, partition: Int = 0, balance: PartitionBalance? = nil) {
        self.core = core
        self.queue = queue
        self.partition = partition
        self.balance = balance
        runner = BatchRunner(core: core)
    }

    func run() async {
        let current = Current()
        var consumer = subscribe(current)
        // Stopping ends the wait for the next batch, and that alone: one that was taken is finished and acknowledged first, because
        // after the close acknowledgements go nowhere.
        core.stop.onSet { current.consumer.withLock { $0 }?.endDeliveries() }
        core.state.withLock { $0.isConsuming = true }
        var breaker = CircuitBreaker(policy: core.configuration.breaker)
        while true {
            if core.stop.isSet { break }
            do {
                guard let deliveries = try await consumer.nextBatch(max: core.configuration.batchSize) else { break }
                balance?.delivered(partition)
                let owed = await handle(deliveries, consumer, &breaker)
                let isGivenBack = breaker.isOpen
                if isGivenBack { await probe(&breaker, owed) } else { await takeBack(owed) }
                if core.stop.isSet { break }
                let isHandedOver = balance?.takeSurplus(partition) ?? false
                if isHandedOver, !isGivenBack { await consumer.close() }
                // With the close the broker gives the rest, in its order, to the next in line; this instance queues up behind.
                if isHandedOver || isGivenBack { consumer = subscribe(current) }
            } catch {
                core.logger.warning("cannot consume", metadata: ["queue": "\(queue)", "error": "\(error)"])
                await core.sleep(.milliseconds(200))
            }
        }
        core.state.withLock { $0.isConsuming = false }
        await consumer.close()
    }

    private func subscribe(_ current: Current) -> AMQPConsumer {
        let consumer = core.amqp.consumer(queue: queue, prefetch: core.configuration.prefetch)
        current.consumer.withLock { $0 = consumer }
        return consumer
    }

    /// What is left of a batch.
    private struct Work {
        var messages: [IncomingMessage]
        /// How many from the front are done and acknowledged.
        var done = 0
        var ledger: CrashLedger
        var runs = FailedRuns()
    }

    /// Handles a batch to its end, or until the breaker opens: then everything without an answer has been given back and the
    /// consumer is closed. If the broker has taken the messages back by itself (the channel was opened anew), the rest is
    /// dropped: it comes again.
    ///
    /// - Returns: whose counts are to be taken back.
    private func handle(_ deliveries: [Delivery], _ consumer: AMQPConsumer, _ breaker: inout CircuitBreaker) async -> [UUID] {
        var work = Work(
            messages: deliveries.map { IncomingMessage($0, core.gate, core.handlers) },
            ledger: CrashLedger(limit: core.configuration.maxCrashes))
        while work.done < work.messages.count {
            do {
                try await advance(&work, consumer)
                _ = breaker.succeeded()
            } catch {
                if core.abort.isSet { break }
                if case .pause(let delay) = core.withGenerator({ breaker.failed(using: &$0) }) {
                    await giveBack(consumer, error)
                    await core.sleep(delay)
                    break
                }
                if core.stop.isSet { break }
                if consumer.epoch != deliveries[0].epoch {
                    core.logger.info("dropped a batch that the broker delivers again", metadata: ["queue": "\(queue)"])
                    break
                }
            }
        }
        return work.done == work.messages.count ? [] : work.ledger.owed
    }

    // MARK: The breaker

    /// Stops consuming while the database cannot be used. Another instance whose database works takes over, and begins where this
    /// one has stopped: nothing is kept here, or later messages would overtake what is kept.
    private func giveBack(_ consumer: AMQPConsumer, _ error: any Error) async {
        core.logger.error(
            "the database cannot be used; consuming is stopped until it can",
            metadata: ["queue": "\(queue)", "error": "\(error)"])
        core.state.withLock { _ = $0.stoppedQueues.insert(queue) }
        core.counters.update { $0.breakerOpened += 1 }
        await consumer.close()
    }

    /// Waits until the database can be used, and takes back the counts of what was given back.
    private func probe(_ breaker: inout CircuitBreaker, _ owed: [UUID]) async {
        while breaker.isOpen, !core.stop.isSet {
            do {
                try await core.postgres.pipeline(
                    owed.isEmpty ? ["SELECT 1"] : InboxStatements.takeBackCounts(owed, by: core.process))
                closeBreaker(&breaker)
            } catch {
                guard case .wait(let delay) = core.withGenerator({ breaker.failed(using: &$0) }) else { continue }
                core.logger.debug("the database still cannot be used", metadata: ["error": "\(error)"])
                await core.sleep(delay)
            }
        }
    }

    /// Takes back the counts of a batch that was dropped.
    private func takeBack(_ owed: [UUID]) async {
        if owed.isEmpty || core.stop.isSet { return }
        do {
            try await core.postgres.pipeline(InboxStatements.takeBackCounts(owed, by: core.process))
        } catch {
            core.logger.debug("counts of a dropped batch stay", metadata: ["error": "\(error)"])
        }
    }

    private func closeBreaker(_ breaker: inout CircuitBreaker) {
        guard breaker.succeeded() == .resume else { return }
        core.logger.notice("the database can be used again; consuming goes on", metadata: ["queue": "\(queue)"])
        core.state.withLock { _ = $0.stoppedQueues.remove(queue) }
    }

    // MARK: Running

    /// Runs the rest of the batch. Throws only what is not the messages' fault.
    private func advance(_ work: inout Work, _ consumer: AMQPConsumer) async throws {
        let rest = Array(work.messages[work.done...])
        let unknown = work.ledger.toCount(rest.map { ($0.id, $0.delivery.redelivered) })
        if !unknown.isEmpty {
            let rows = try await core.postgres.execute(InboxStatements.countFirst(unknown, by: core.process))
            let first = try Set(rows.map { try $0.decode(UUID.self, at: 0) })
            work.ledger.counted(first: first, of: unknown)
        }
        for segment in work.ledger.segments(rest.map(\.id)) {
            switch segment {
            case .together(let range):
                try await runTogether(Array(rest[range]), &work, consumer)
            case .alone(let index):
                try await core.suspects.alone {
                    if try await mayRun(rest[index], &work) { try await runAlone(rest[index], failed: nil, &work) }
                }
                finish(1, &work, consumer)
            }
        }
    }

    private func runTogether(
        _ messages: [IncomingMessage], _ work: inout Work, _ consumer: AMQPConsumer
    ) async throws {
        let clear = work.ledger.toClear(messages.lazy.map(\.id))
        do {
            try await runner.handle(messages, &work.runs, clear: clear)
            finish(messages.count, &work, consumer)
            return
        } catch {
            try throwIfNotTheirs(error)
            core.counters.update { $0.failedBatches += 1 }
            if messages.count == 1 {
                try await runAlone(messages[0], failed: error, &work)
                return finish(1, &work, consumer)
            }
            core.logger.info(
                "a batch failed; its messages are handled one by one",
                metadata: ["count": "\(messages.count)", "error": "\(error)"])
        }
        for message in messages {
            try await runAlone(message, failed: nil, &work)
            finish(1, &work, consumer)
        }
    }

    /// Runs one message with the retries that come at once, then parks it. What it failed in its batch counts; but however often that
    /// was, it is parked only after a run by itself, in which nobody else can have been the cause.
    ///
    /// - Parameter failed: the error of its run by itself, if it had one.
    private func runAlone(_ message: IncomingMessage, failed: (any Error)?, _ work: inout Work) async throws {
        let clear = work.ledger.toClear(CollectionOfOne(message.id))
        var failure = failed
        while true {
            if let error = failure {
                let (runs, isPermanent) = (work.runs.count(of: message.id), Blame.isPermanent(error))
                let decision = core.withGenerator {
                    core.configuration.retry.decide(runs: runs, permanent: isPermanent, using: &$0)
                }
                let type = message.envelope?.type ?? message.delivery.routingKey
                switch decision {
                case .again:
                    core.counters.update { $0.retried += 1 }
                case .park(let delay):
                    try await runner.park(message, FailureDescription(error, handler: type), delay: delay, clear: clear)
                    return core.parkedWake.signal()
                case .giveUp:
                    return try await runner.park(
                        message, FailureDescription(error, handler: type), delay: nil, clear: clear)
                }
            }
            do {
                return try await runner.handle([message], &work.runs, clear: clear)
            } catch {
                try throwIfNotTheirs(error)
                failure = error
            }
        }
    }

    /// Counts a suspect, in a commit of its own, just before its run. At the limit it is parked instead.
    private func mayRun(_ message: IncomingMessage, _ work: inout Work) async throws -> Bool {
        guard work.ledger.mustCount(message.id) else { return true }
        let row = try await core.postgres.execute(InboxStatements.count(message.id, by: core.process)).first
        let count = Int(try row?.decode(Int32.self, at: 0) ?? 1)
        if work.ledger.counted(message.id, as: count) { return true }
        let error = MessagingError(.crashed, "the process died \(count) times while it ran this message")
        try await runner.park(
            message, FailureDescription(error, handler: message.envelope?.type ?? message.delivery.routingKey),
            delay: nil, clear: [message.id])
        return false
    }

    /// Rethrows what says nothing about the messages.
    private func throwIfNotTheirs(_ error: any Error) throws {
        if Blame.isInfrastructure(error) || core.abort.isSet { throw error }
    }

    private func finish(_ count: Int, _ work: inout Work, _ consumer: AMQPConsumer) {
        work.done += count
        consumer.acknowledge(through: work.messages[work.done - 1].delivery, multiple: true)
    }
}

/// The consumer that a stop has to close.
private final class Current: Sendable {
    let consumer = Locked<AMQPConsumer?>(nil)
}
