import Locking
import Loop
import Postgres

/// Wakes one waiting task. Signals that come while nobody waits are remembered, as one.
final class Wakeup: Sendable {
    private struct State {
        var isSignalled = false
        var waiter: (ticket: UInt64, continuation: CheckedContinuation<Void, Never>)?
        var lastTicket: UInt64 = 0
        /// Tickets up to this one wait no longer.
        var expired: UInt64 = 0
    }

    private let state = Locked(State())

    /// Wakes the waiting task, or the next that waits.
    func signal() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiter else {
                state.isSignalled = true
                return nil
            }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume()
    }

    /// Returns on a signal, after `timeout`, or when the task is cancelled. Only one task may wait at a time.
    func wait(upTo timeout: Duration) async {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        let sleeper = Locked<LoopTimer?>(nil)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isSignalled || state.expired >= ticket {
                        state.isSignalled = false
                        return true
                    }
                    state.waiter = (ticket, continuation)
                    return false
                }
                if isOver {
                    continuation.resume()
                } else {
                    let timer = EventLoop.shared.async(after: timeout) { [weak self] in self?.expire(ticket) }
                    sleeper.withLock { $0 = timer }
                }
            }
        } onCancel: {
            expire(ticket)
        }
        sleeper.withLock { $0 }?.cancel()
    }

    private func expire(_ ticket: UInt64) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.expired = max(state.expired, ticket)
            guard let waiter = state.waiter, waiter.ticket == ticket else { return nil }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume()
    }
}

/// A flag that is set once, and that any number of tasks can wait for.
final class Latch: Sendable {
    private struct State {
        var isSet = false
        var last = 0
        var actions: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Locked(State())

    var isSet: Bool { state.withLock { $0.isSet } }

    /// Runs `action` when the latch is set; now, if it is.
    ///
    /// - Returns: what ``forget(_:)`` knows it by.
    @discardableResult
    func onSet(_ action: @escaping @Sendable () -> Void) -> Int {
        let (isSet, number) = state.withLock { state in
            state.last += 1
            if !state.isSet { state.actions[state.last] = action }
            return (state.isSet, state.last)
        }
        if isSet { action() }
        return number
    }

    /// The action is not needed any more.
    func forget(_ number: Int) { state.withLock { _ = $0.actions.removeValue(forKey: number) } }

    func set() {
        let actions = state.withLock { state in
            state.isSet = true
            defer { state.actions = [:] }
            return state.actions
        }
        for (_, action) in actions.sorted(by: { $0.key < $1.key }) { action() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in onSet { continuation.resume() } }
    }
}
