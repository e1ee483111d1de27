import Contracts
import DequeModule
import Locking
import Postgres

/// Commits submissions. Those that arrive while a commit is under way go into the next one together, so the number of
/// commits follows the disk, not the requests.
final class Submitter: Sendable {
    private struct Pending: Sendable {
        let statements: [SQL]
        let entries: [OutboxEntry]
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var pending: Deque<Pending> = []
        var isClosed = false
    }

    private let core: MessagingCore
    private let state = Locked(State())
    private let wake = Wakeup()

    init(core: MessagingCore) { self.core = core }

    func submit(_ submission: Submission) async throws {
        let entries = try submission.entries(source: core.configuration.source, core.gate)
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let isClosed = state.withLock { state in
                if !state.isClosed {
                    state.pending.append(
                        Pending(statements: submission.statements, entries: entries, continuation: continuation))
                }
                return state.isClosed
            }
            if isClosed {
                continuation.resume(throwing: MessagingError(.stopped, "the worker is shutting down"))
            } else {
                wake.signal()
            }
        }
    }

    /// Takes no more submissions; those that wait are still committed.
    func close() {
        state.withLock { $0.isClosed = true }
        wake.signal()
    }

    func run() async {
        while true {
            let (batch, isClosed) = state.withLock { state in
                let count = min(state.pending.count, core.configuration.submissionBatch)
                let batch = Array(state.pending.prefix(count))
                state.pending.removeFirst(count)
                return (batch, state.isClosed)
            }
            if !batch.isEmpty {
                await commit(batch)
            } else if isClosed {
                return
            } else if Task.isCancelled {
                close()
            } else {
                await wake.wait(upTo: .seconds(60))
            }
        }
    }

    private func commit(_ batch: [Pending]) async {
        do {
            try await write(batch)
            for pending in batch { pending.continuation.resume() }
        } catch {
            // After a lost connection nobody knows whether the commit took place: repeating it could do it twice.
            if batch.count == 1 || Blame.isInfrastructure(error) {
                for pending in batch { pending.continuation.resume(throwing: error) }
                return
            }
            for pending in batch { await commit([pending]) }
        }
    }

    private func write(_ batch: [Pending]) async throws {
        let entries = batch.flatMap(\.entries)
        try await core.postgres.withClosingTransaction { transaction in
            for pending in batch {
                for statement in pending.statements { transaction.enqueue(statement) }
            }
            return ((), core.closing(with: entries))
        }
        core.counters.update {
            $0.submissions += batch.count
            $0.submissionBatches += 1
        }
    }
}
