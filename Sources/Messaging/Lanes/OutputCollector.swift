import Locking
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Collects what one handling wants to leave behind. A handler may use several tasks, so it is locked.
final class OutputCollector: Sendable {
    /// What was collected.
    struct Output: Sendable {
        var entries: [OutboxEntry] = []
        /// Timers to set and (entry nil) to cancel, in the order of the calls.
        var timers: [(id: UUID, entry: TimerEntry?)] = []
        var hooks: [@Sendable () -> Void] = []
        /// What goes into a common statement at the end, by key.
        var gathered: [String: Gathered] = [:]

        mutating func append(_ other: Output) {
            if !other.entries.isEmpty { entries += other.entries }
            if !other.timers.isEmpty { timers += other.timers }
            if !other.hooks.isEmpty { hooks += other.hooks }
            for (key, more) in other.gathered { gathered[key, default: Gathered(statement: more.statement)].items += more.items }
        }
    }

    /// What several messages give to one statement, in their order.
    struct Gathered: Sendable {
        var items: [any Sendable] = []
        let statement: @Sendable ([any Sendable]) -> SQL
    }

    private struct State {
        var output = Output()
        var ended = false
    }

    private let state = Locked(State())

    func add(_ entry: OutboxEntry) throws {
        let ended = state.withLock {
            if !$0.ended { $0.output.entries.append(entry) }
            return $0.ended
        }
        if ended {
            throw MessagingError(.contextEnded, "the handler that this context belongs to has returned")
        }
    }

    func schedule(_ timer: TimerEntry) { state.withLock { $0.output.timers.append((timer.id, timer)) } }

    func cancel(_ id: UUID) { state.withLock { $0.output.timers.append((id, nil)) } }

    func beforeCommit(_ key: String, _ item: any Sendable, _ statement: @escaping @Sendable ([any Sendable]) -> SQL) {
        state.withLock { $0.output.gathered[key, default: Gathered(statement: statement)].items.append(item) }
    }

    func afterCommit(_ hook: @escaping @Sendable () -> Void) { state.withLock { $0.output.hooks.append(hook) } }

    /// Ends the collecting and hands over what there is.
    func finish() -> Output {
        state.withLock { state in
            state.ended = true
            defer { state.output = Output() }
            return state.output
        }
    }
}
