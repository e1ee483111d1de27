import DequeModule
import Locking

/// Lets in one at a time, in the order in which they come.
final class SingleFile: Sendable {
    private struct State {
        var isTaken = false
        var waiters: Deque<CheckedContinuation<Void, Never>> = []
    }

    private let state = Locked(State())

    /// Runs `body` when everybody who came before is done.
    nonisolated(nonsending) func alone<R>(_ body: nonisolated(nonsending) () async throws -> R) async rethrows -> R {
        await enter()
        defer { leave() }
        return try await body()
    }

    private nonisolated(nonsending) func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.isTaken {
                    state.waiters.append(continuation)
                    return false
                }
                state.isTaken = true
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    private func leave() {
        let next = state.withLock { state in
            let next = state.waiters.popFirst()
            if next == nil { state.isTaken = false }
            return next
        }
        next?.resume()
    }
}
