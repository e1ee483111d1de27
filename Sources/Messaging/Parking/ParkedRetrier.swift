import AMQP
import Contracts
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
/// A claim is a commit of its own and counts the run, so a message that kills the process is found; see ``CrashLedger``.
struct ParkedRetrier: Sendable {
    let core: MessagingCore
    /// How long a claimed message is left alone if the process dies before it can lock it.
    static let lease: Duration = .seconds(10)

    func run() async {
        let clock = ContinuousClock()
        var nextSweep = clock.now
        while !core.stop.isSet {
            do {
                if clock.now >= nextSweep {
                    let start = clock.now
                    try await core.postgres.execute(ParkedStatements.promoteOrphans())
                    // The sweep looks at every waiting message; it may take a twentieth of the time.
                    nextSweep = clock.now + max(core.configuration.parkedPoll, (clock.now - start) * 20)
                }
                try await drain()
            } catch {
                core.logger.debug("parked messages were not retried", metadata: ["error": "\(error)"])
            }
            if core.stop.isSet { return }
            await core.parkedWake.wait(upTo: core.configuration.parkedPoll)
        }
    }

    /// Runs what is due until nothing is.
    private func drain() async throws {
        guard try await retryOne() else { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, core.configuration.parkedConcurrency) {
                group.addTask {
                    while !core.stop.isSet, try await retryOne() {}
                }
            }
            try await group.waitForAll()
        }
    }

    /// Takes one due message and runs it.
    ///
    /// - Returns: false when nothing is due.
    private func retryOne() async throws -> Bool {
        guard let row = try await core.postgres.execute(ParkedStatements.claim(lease: Self.lease)).first else {
            return false
        }
        let message = try ParkedMessage(row: row, core.gate)
        if message.crashes > core.configuration.maxCrashes {
            let error = MessagingError(.crashed, "the process died \(message.crashes - 1) times while it ran this message")
            try await settle(message, error, permanent: true)
            return true
        }
        core.counters.update { $0.retried += 1 }
        do {
            try await handle(message)
        } catch {
            if Blame.isInfrastructure(error) || core.abort.isSet {
                // The process has survived, so the run does not count.
                _ = try? await core.postgres.execute(
                    "UPDATE parked SET crashes = 0 WHERE position = \(message.position) AND message_id = \(message.id)")
                throw error
            }
            try await settle(message, error, permanent: Blame.isPermanent(error))
        }
        return true
    }

    private func handle(_ message: ParkedMessage) async throws {
        let done = try await core.transaction { transaction -> (result: Void, output: OutputCollector.Output)? in
            var statements: [SQL] = [
                """
                SELECT 1 FROM parked WHERE position = \(message.position) AND message_id = \(message.id)
                FOR UPDATE SKIP LOCKED
                """
            ]
            let fence = message.envelope.flatMap(FenceMark.init)
            if let fence, !fence.isCompensation { statements.append(InboxStatements.fences([fence.key])) }
            let answers = try await transaction.pipeline(statements)
            // Another process, or an operator, was faster.
            guard !answers[0].isEmpty else { return nil }
            var output = OutputCollector.Output()
            if answers.count == 1 || answers[1].isEmpty {
                let lanes = LaneRunner(source: core.configuration.source, gate: core.gate, transaction: transaction)
                output = try await lanes.run([try message.item(core.handlers)], lanes: [[0]])
                if let fence, fence.isCompensation { transaction.enqueue(InboxStatements.addFences([fence.key])) }
            }
            transaction.enqueue("DELETE FROM parked WHERE position = \(message.position)")
            if let key = message.key { transaction.enqueue(ParkedStatements.promote(keys: [key])) }
            return ((), output)
        }
        guard let done else { return }
        core.counters.update { $0.handled += 1 }
        core.committed(done)
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
            UPDATE parked SET attempts = \(runs)::int, crashes = 0, status = \(delay == nil ? "failed" : "retrying"),
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
