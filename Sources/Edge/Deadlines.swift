internal import Locking

/// Calls back when times have passed, for many waits at once.
///
/// One task sleeps until the earliest of them. A sleep for each would cost a request more than its own work: one that is cancelled
/// stays among the system's timers until its time has come, and wakes several threads then. The event loop of the connections has timers of its own, but from other threads its own would have to
/// be woken for each that is set and each that is taken back.
package final class Deadlines: Sendable {
    /// What all requests of a process share.
    package static let shared = Deadlines()

    private typealias Entry = (at: ContinuousClock.Instant, call: @Sendable () -> Void)

    private struct State {
        var entries: [UInt64: Entry] = [:]
        var last: UInt64 = 0
        var sleeper: (until: ContinuousClock.Instant, task: Task<Void, Never>)?
    }

    private let state = Locked(State())

    package init() {}

    /// Calls `call` once when the time has passed, on some thread, unless it is cancelled before.
    ///
    /// - Returns: the number by which it is cancelled.
    package func call(after time: Duration, _ call: @escaping @Sendable () -> Void) -> UInt64 {
        let at = ContinuousClock.now + time
        return state.withLock { state in
            state.last += 1
            state.entries[state.last] = (at, call)
            sleep(until: at, &state)
            return state.last
        }
    }

    /// Forgets a call. One that is being made is not waited for.
    package func cancel(_ number: UInt64) { state.withLock { _ = $0.entries.removeValue(forKey: number) } }

    private func sleep(until at: ContinuousClock.Instant, _ state: inout State) {
        if let sleeper = state.sleeper, sleeper.until <= at { return }
        state.sleeper?.task.cancel()
        let task = Task { [weak self] in
            guard (try? await Task.sleep(until: at, clock: .continuous)) != nil else { return }
            self?.wake()
        }
        state.sleeper = (at, task)
    }

    private func wake() {
        let due = state.withLock { state -> [Entry] in
            state.sleeper = nil
            let now = ContinuousClock.now
            let due = state.entries.filter { $0.value.at <= now }
            for number in due.keys { state.entries[number] = nil }
            if let earliest = state.entries.values.map(\.at).min() { sleep(until: earliest, &state) }
            return due.values.sorted { $0.at < $1.at }
        }
        for entry in due { entry.call() }
    }
}
