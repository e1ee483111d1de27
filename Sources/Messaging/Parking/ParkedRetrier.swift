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

/// Runs parked messages again when their time has come, by the database's clock: of each key only the first, and when it
/// has succeeded the next.
///
/// **Why this keeps the order beside the consumer.** A key is parked exactly while `parked` has a row of it. The consumer
/// looks for such rows in the transaction in which it would run a message, and the retrier deletes a row in the
/// transaction in which it ran the message. So:
///
/// - The consumer sees a row: it parks the new message behind it. The retrier may delete that very row, the last of the
///   key, before the consumer's transaction commits. Then the new message waits for nobody. It is not lost and nothing
///   can overtake it, because it is itself a row that later messages see; but nobody will wake it either. Therefore
///   ``ParkedStatements/promoteOrphans()`` makes due what waits although it is first.
/// - The consumer sees no row: the deletion has committed, and with it everything that the retried message did. Running
///   the new message now is in order.
/// - Two messages of a key are never parked by two processes in the wrong order: the second process must first record the
///   earlier message in the inbox, waits there for the first process's transaction, and then sees its row.
///
/// A claim is a commit of its own and counts the first run, so a message that kills the process is found. One that has a count of
/// another process is a suspect: it runs alone, and is counted again just before; see ``CrashLedger``. What this process has counted
/// and, because its database went away, not run to an end, it takes back before it claims again.
struct ParkedRetrier: Sendable {
    let core: MessagingCore
    /// How long a claimed message is left alone if the process dies before it can lock it.
    static let lease: Duration = .seconds(10)

    func run() async {
        var isOwing = false
        while !core.stop.isSet {
            do {
                if isOwing {
                    try await core.postgres.execute(ParkedStatements.takeBackCounts(by: core.process))
                    isOwing = false
                }
                try await retry()
            } catch {
                isOwing = true
                core.logger.debug("parked messages were not retried", metadata: ["error": "\(error)"])
                if !core.stop.isSet { await core.parkedWake.wait(upTo: core.configuration.parkedPoll) }
            }
        }
        if isOwing { _ = try? await core.postgres.execute(ParkedStatements.takeBackCounts(by: core.process)) }
    }

    /// Runs what is due, so many side by side, until the worker stops: a slow one holds up nobody but its key.
    private func retry() async throws {
        let ended = Count()
        try await withThrowingTaskGroup(of: Void.self) { group in
            var (started, collected) = (0, 0)
            var nextSweep = ContinuousClock.now
            while !core.stop.isSet {
                while collected < ended.value || started - collected >= max(1, core.configuration.parkedConcurrency) {
                    try await group.next()
                    collected += 1
                }
                try await sweep(&nextSweep)
                guard let message = try await claim() else {
                    await core.parkedWake.wait(upTo: core.configuration.parkedPoll)
                    continue
                }
                started += 1
                group.addTask {
                    defer {
                        // What waited behind it is due, and if it has failed the others must hear of it.
                        ended.increase()
                        core.parkedWake.signal()
                    }
                    try await runClaimed(message)
                }
            }
            try await group.waitForAll()
        }
    }

    private func sweep(_ next: inout ContinuousClock.Instant) async throws {
        let start = ContinuousClock.now
        guard start >= next else { return }
        try await core.postgres.execute(ParkedStatements.promoteOrphans())
        // The sweep looks at every waiting message; it may take a twentieth of the time.
        next = .now + max(core.configuration.parkedPoll, (.now - start) * 20)
    }

    /// Takes one message that is due; nil if nothing is.
    private func claim() async throws -> ParkedMessage? {
        let row = try await core.postgres.execute(ParkedStatements.claim(lease: Self.lease, by: core.process)).first
        return try row.map { try ParkedMessage(row: $0, core.gate) }
    }

    private func runClaimed(_ message: ParkedMessage) async throws {
        guard message.isSuspect else { return try await run(message) }
        try await core.suspects.alone { if try await mayRun(message) { try await run(message) } }
    }

    private func mayRun(_ message: ParkedMessage) async throws -> Bool {
        let statement = ParkedStatements.count(message, lease: Self.lease, by: core.process)
        return try await core.mayRunSuspect("message", counting: statement) { try await settle(message, $0, permanent: true) }
    }

    private func run(_ message: ParkedMessage) async throws {
        core.counters.update { $0.retried += 1 }
        do {
            try await handle(message)
        } catch {
            if Blame.isInfrastructure(error) || core.abort.isSet { throw error }
            try await settle(message, error, permanent: Blame.isPermanent(error))
        }
    }

    private func handle(_ message: ParkedMessage) async throws {
        let done: Void? = try await core.transaction { transaction -> (result: Void, output: OutputCollector.Output)? in
            // Waits for a lock: another claim holds it for a moment when it finds out that this one was faster. Who passed over the
            // row would leave it, and its count, to the end of the lease.
            var statements: [SQL] = [
                "SELECT 1 FROM parked WHERE position = \(message.position) AND message_id = \(message.id) FOR UPDATE"
            ]
            let fence = message.envelope.flatMap { core.handlers.fence(of: $0, exchange: message.exchange) }
            if let fence, let lock = FenceStatements.lock([fence]) {
                statements.append(lock)
                if !fence.isCompensation { statements.append(FenceStatements.find([fence.key])) }
            }
            let answers = try await transaction.pipeline(statements)
            // Another process, or an operator, was faster.
            guard !answers[0].isEmpty else { return nil }
            var output = OutputCollector.Output()
            let isFenced = answers.count == 3 && !answers[2].isEmpty
            if !isFenced {
                let lanes = LaneRunner(source: core.configuration.source, gate: core.gate, transaction: transaction)
                output = try await lanes.run([try message.item(core.handlers)], lanes: [[0]])
                if let fence, fence.isCompensation { transaction.enqueue(FenceStatements.add([fence.key])) }
            }
            transaction.enqueue("DELETE FROM parked WHERE position = \(message.position)")
            if let key = message.key { transaction.enqueue(ParkedStatements.promote(keys: [key])) }
            return ((), output)
        }
        if done != nil { core.counters.update { $0.handled += 1 } }
    }

    /// Writes down that a run failed: when the next is, or that an operator is needed.
    private func settle(_ message: ParkedMessage, _ error: any Error, permanent: Bool) async throws {
        let runs = message.attempts + 1
        let decision = core.withGenerator {
            core.configuration.retry.decide(parkedRuns: runs, permanent: permanent, using: &$0)
        }
        let delay: Double? = if case .park(let delay) = decision { delay.seconds } else { nil }
        let failure = FailureDescription(error, handler: message.type)
        try await core.postgres.execute(
            """
            UPDATE parked SET attempts = \(runs)::int, crashes = 0, counted_by = NULL, status = \(delay == nil ? "failed" : "retrying"),
                next_attempt_at = clock_timestamp() + \(delay)::float8 * interval '1 second',
                fingerprint = \(failure.fingerprint), error_type = \(failure.errorType),
                error_message = \(failure.message), error_place = \(failure.place)
            WHERE position = \(message.position) AND message_id = \(message.id)
            """)
        core.logger.log(
            level: delay == nil ? .error : .info,
            delay == nil ? "a parked message needs an operator" : "a parked message failed again",
            metadata: [
                "id": "\(message.id)", "type": "\(message.type)", "runs": "\(runs)", "error": "\(failure.message)",
                "place": "\(failure.place)",
            ])
    }
}

/// How many of something there were, counted by many tasks.
private final class Count: Sendable {
    private let count = Locked(0)

    var value: Int { count.withLock { $0 } }
    func increase() { count.withLock { $0 += 1 } }
}
