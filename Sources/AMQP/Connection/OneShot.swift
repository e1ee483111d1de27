import Locking

/// A value that comes once. The first to resolve it wins; any number may wait.
package final class OneShot<Value: Sendable>: Sendable {
    private enum State {
        case open([@Sendable (Value) -> Void])
        case done(Value)
    }

    private let state = Locked(State.open([]))

    package init() {}

    package func resolve(_ value: Value) {
        let waiting = state.withLock { state -> [@Sendable (Value) -> Void] in
            guard case .open(let waiting) = state else { return [] }
            state = .done(value)
            return waiting
        }
        for action in waiting { action(value) }
    }

    /// Runs `action` with the value, on the thread that brings it; here, if it is there already.
    package func whenResolved(_ action: @escaping @Sendable (Value) -> Void) {
        let value = state.withLock { state -> Value? in
            switch state {
            case .done(let value): return value
            case .open(var waiting):
                waiting.append(action)
                state = .open(waiting)
                return nil
            }
        }
        if let value { action(value) }
    }

    package func wait() async -> Value {
        await withCheckedContinuation { continuation in whenResolved { continuation.resume(returning: $0) } }
    }
}

extension OneShot {
    /// Waits no longer than `limit`, then settles for `value`. Cancelling the task does not end the wait.
    package func wait(atMost limit: Duration, otherwise value: Value) async {
        let timer = Task.detached { [weak self] in
            try await Task.sleep(for: limit)
            self?.resolve(value)
        }
        _ = await wait()
        timer.cancel()
    }
}
