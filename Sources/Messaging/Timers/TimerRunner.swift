import Contracts
import Logging
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Fires timers that are due by the database's clock.
///
/// A claim is a commit of its own that counts the first run and moves the timer a lease ahead. Then all that were claimed run in
/// one transaction, which removes them first: so a timer fires once however many processes look for it, and one that was
/// cancelled after the claim does not fire.
///
/// One that kills the process is found by its count: a timer that has a count of another process is a suspect, runs alone, and is
/// counted again just before; see ``CrashLedger``. What this process has counted and, because its database went away, not run to an
/// end, it takes back before it claims again.
struct TimerRunner: Sendable {
    let core: MessagingCore
    /// When a claimed timer is due again if the process dies.
    static let lease: Duration = .seconds(30)

    func run() async {
        var isOwing = false
        while !core.stop.isSet {
            var pause = core.configuration.timerPoll
            do {
                if isOwing {
                    try await core.postgres.execute(TimerStatements.takeBackCounts(by: core.process))
                    isOwing = false
                }
                while !core.stop.isSet, try await fireDue() {}
                let row = try await core.postgres.execute(TimerStatements.untilNext).first
                if let seconds = try row?.decode(Double?.self, at: 0) {
                    pause = min(pause, .milliseconds(Int(max(0, min(seconds, 86_400)) * 1_000) + 1))
                }
            } catch {
                isOwing = true
                core.logger.debug("timers were not fired", metadata: ["error": "\(error)"])
            }
            if core.stop.isSet { break }
            await core.timerWake.wait(upTo: pause)
        }
        if isOwing { _ = try? await core.postgres.execute(TimerStatements.takeBackCounts(by: core.process)) }
    }

    /// - Returns: whether there may be more.
    private func fireDue() async throws -> Bool {
        let limit = max(1, core.configuration.timerBatch)
        let rows = try await core.postgres.execute(
            TimerStatements.claim(UUID(), limit: limit, lease: Self.lease, by: core.process))
        let timers = try rows.map { try DueTimer(row: $0) }
        guard !timers.isEmpty else { return false }
        try await run(timers.sorted { ($0.dueAt, $0.id.uuidString) < ($1.dueAt, $1.id.uuidString) })
        return timers.count == limit
    }

    /// Runs what was claimed. Throws only what is not the timers' fault.
    private func run(_ timers: [DueTimer]) async throws {
        let together = timers.filter { !$0.isSuspect }
        if !together.isEmpty {
            do {
                try await fire(together)
            } catch {
                try throwIfNotTheirs(error)
                if together.count == 1 {
                    try await settle(together[0], error)
                } else {
                    for timer in together { try await fireAlone(timer) }
                }
            }
        }
        for timer in timers where timer.isSuspect {
            try await core.suspects.alone { if try await mayRun(timer) { try await fireAlone(timer) } }
        }
    }

    private func fireAlone(_ timer: DueTimer) async throws {
        do {
            try await fire([timer])
        } catch {
            try throwIfNotTheirs(error)
            try await settle(timer, error)
        }
    }

    private func mayRun(_ timer: DueTimer) async throws -> Bool {
        let statement = TimerStatements.count(timer, lease: Self.lease, by: core.process)
        return try await core.mayRunSuspect("timer", counting: statement) { try await settle(timer, Permanent($0)) }
    }

    private func fire(_ timers: [DueTimer]) async throws {
        let done = try await core.transaction { transaction in
            let rows = try await transaction.execute(TimerStatements.take(timers))
            let taken = try Set(rows.map { try $0.decode(UUID.self, at: 0) })
            let items = timers.map { taken.contains($0.id) ? LaneItem($0, handlers: core.handlers) : nil }
            var lanes = LaneAssignment()
            for (index, timer) in timers.enumerated() where items[index] != nil { lanes.append(index, key: timer.key) }
            let runner = LaneRunner(source: core.configuration.source, gate: core.gate, transaction: transaction)
            let output = try await runner.run(items, lanes: lanes.lanes)
            return (taken.count, output)
        }
        guard let done else { return }
        core.counters.update {
            $0.timersFired += done
            $0.handled += done
        }
    }

    /// Writes down that a run failed: when the next is, or parks the timer for an operator.
    private func settle(_ timer: DueTimer, _ error: any Error) async throws {
        let decision = core.withGenerator {
            core.configuration.retry.decide(
                parkedRuns: timer.attempts, permanent: Blame.isPermanent(error), using: &$0)
        }
        let failure = FailureDescription(error, handler: "timer \(timer.kind)")
        core.logger.error(
            "a timer failed",
            metadata: ["id": "\(timer.id)", "kind": "\(timer.kind)", "runs": "\(timer.attempts)", "error": "\(failure.message)"])
        if case .park(let delay) = decision {
            core.counters.update { $0.retried += 1 }
            try await core.postgres.execute(
                """
                UPDATE timers SET due_at = clock_timestamp() + \(delay.seconds)::float8 * interval '1 second',
                    attempts = \(Int32(timer.attempts)), crashes = 0, counted_by = NULL, claim = NULL, last_error = \(failure.message)
                WHERE id = \(timer.id) AND claim = \(timer.claim)
                """)
            return
        }
        try await core.postgres.withTransaction { transaction in
            guard try await !transaction.execute(TimerStatements.take([timer])).isEmpty else { return }
            transaction.enqueue(timer.parking(failure))
        }
        core.counters.update { $0.parked += 1 }
    }

    private func throwIfNotTheirs(_ error: any Error) throws {
        if Blame.isInfrastructure(error) || core.abort.isSet { throw error }
    }
}
