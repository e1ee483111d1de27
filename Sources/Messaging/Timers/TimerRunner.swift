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
/// A claim is a commit of its own that counts the run and moves the timer a lease ahead. Then all that were claimed run in
/// one transaction, which removes them first: so a timer fires once however many processes look for it, one that was
/// cancelled after the claim does not fire, and one that kills the process is found by its count.
struct TimerRunner: Sendable {
    let core: MessagingCore
    /// When a claimed timer is due again if the process dies.
    static let lease: Duration = .seconds(30)

    func run() async {
        while !core.stop.isSet {
            var pause = core.configuration.timerPoll
            do {
                while !core.stop.isSet, try await fireDue() {}
                let row = try await core.postgres.execute(TimerStatements.untilNext).first
                if let seconds = try row?.decode(Double?.self, at: 0) {
                    pause = min(pause, .milliseconds(Int(max(0, min(seconds, 86_400)) * 1_000) + 1))
                }
            } catch {
                core.logger.debug("timers were not fired", metadata: ["error": "\(error)"])
            }
            if core.stop.isSet { return }
            await core.timerWake.wait(upTo: pause)
        }
    }

    /// - Returns: whether there may be more.
    private func fireDue() async throws -> Bool {
        let limit = max(1, core.configuration.timerBatch)
        var timers = try await core.postgres.execute(TimerStatements.claim(limit: limit, lease: Self.lease)).map {
            try DueTimer(row: $0)
        }
        guard !timers.isEmpty else { return false }
        timers.sort { ($0.dueAt, $0.id.uuidString) < ($1.dueAt, $1.id.uuidString) }
        var alone: [DueTimer] = []
        var together: [DueTimer] = []
        // One that was running when the process died is run by itself, so that it counts alone.
        for timer in timers { if timer.crashes > 1 { alone.append(timer) } else { together.append(timer) } }
        if !together.isEmpty {
            do {
                try await fire(together)
            } catch {
                try throwIfNotTheirs(error)
                if together.count == 1 { try await settle(together[0], error) } else { alone = together + alone }
            }
        }
        for timer in alone {
            if timer.crashes > core.configuration.maxCrashes {
                let error = MessagingError(.crashed, "the process died \(timer.crashes - 1) times while it ran this timer")
                try await settle(timer, Permanent(error))
                continue
            }
            do {
                try await fire([timer])
            } catch {
                try throwIfNotTheirs(error)
                try await settle(timer, error)
            }
        }
        return timers.count == limit
    }

    private func fire(_ timers: [DueTimer]) async throws {
        let done = try await core.transaction { transaction in
            let rows = try await transaction.execute(TimerStatements.take(timers))
            let taken = try Set(rows.map { try $0.decode(UUID.self, at: 0) })
            let items = timers.map { taken.contains($0.id) ? LaneItem($0, handlers: core.handlers) : nil }
            var lanes: [[Int]] = []
            var laneOfKey: [String: Int] = [:]
            for (index, timer) in timers.enumerated() where items[index] != nil {
                if let lane = laneOfKey[timer.key] {
                    lanes[lane].append(index)
                } else {
                    laneOfKey[timer.key] = lanes.count
                    lanes.append([index])
                }
            }
            let runner = LaneRunner(source: core.configuration.source, gate: core.gate, transaction: transaction)
            let output = try await runner.run(items, lanes: lanes)
            return (taken.count, output)
        }
        guard let done else { return }
        core.counters.update {
            $0.timersFired += done.result
            $0.handled += done.result
        }
        core.committed(done)
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
                    crashes = 0, last_error = \(failure.message)
                WHERE id = \(timer.id) AND attempts = \(Int32(timer.attempts))
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
