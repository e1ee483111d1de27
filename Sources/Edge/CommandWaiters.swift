import Locking

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Requests that wait for the outcome of a command they have sent, in this process.
///
/// Register before sending, so that an outcome that arrives at once is not missed; resolve after the transaction that
/// recorded the outcome has committed, so that what the client then reads is there.
public final class CommandWaiters<Outcome: Sendable>: Sendable {
    private enum State {
        case registered
        case waiting(CheckedContinuation<Outcome?, Never>)
        case resolved(Outcome)
    }

    private struct Table {
        var entries: [UUID: State] = [:]
        var isClosed = false
    }

    private let table = Locked(Table())

    /// Creates an empty table.
    public init() {}

    /// How many requests wait or are about to.
    public var count: Int { table.withLock { $0.entries.count } }

    /// How many requests have come to the point where they wait.
    package var waiting: Int {
        table.withLock { table in
            table.entries.values.count { if case .waiting = $0 { true } else { false } }
        }
    }

    /// The commands that are waited for and have no outcome yet.
    public var commands: [UUID] {
        table.withLock { table in
            table.entries.compactMap { if case .resolved = $0.value { nil } else { $0.key } }
        }
    }

    /// Announces a wait for the outcome of a command. Each call needs one ``wait(for:timeout:)`` or ``forget(_:)``.
    public func register(_ command: UUID) {
        table.withLock { $0.entries[command] = .registered }
    }

    /// Ends a registration without waiting, as when the command could not be sent.
    public func forget(_ command: UUID) {
        finish(command)
    }

    /// Waits until the command is resolved.
    /// - Returns: nil when the time is over, the task is cancelled or the process shuts down.
    public func wait(for command: UUID, timeout: Duration) async -> Outcome? {
        let deadline = Deadlines.shared.call(after: timeout) { [weak self] in self?.finish(command) }
        defer { Deadlines.shared.cancel(deadline) }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let settled: Outcome?? = table.withLock { table in
                    switch table.entries[command] {
                    case .registered where !table.isClosed && !Task.isCancelled:
                        table.entries[command] = .waiting(continuation)
                        return nil
                    case .resolved(let outcome):
                        table.entries[command] = nil
                        return .some(outcome)
                    case .registered, .waiting, nil:
                        if case .waiting = table.entries[command] {} else { table.entries[command] = nil }
                        return .some(nil)
                    }
                }
                if let settled { continuation.resume(returning: settled) }
            }
        } onCancel: {
            finish(command)
        }
    }

    /// Tells the request that waits for this command. Does nothing if none does.
    /// - Returns: whether the command was sent by a request of this process that waits, or was about to.
    @discardableResult
    public func resolve(_ command: UUID, _ outcome: Outcome) -> Bool {
        let (isKnown, continuation) = table.withLock { table -> (Bool, CheckedContinuation<Outcome?, Never>?) in
            switch table.entries[command] {
            case .registered:
                table.entries[command] = .resolved(outcome)
                return (true, nil)
            case .waiting(let continuation):
                table.entries[command] = nil
                return (true, continuation)
            case .resolved: return (true, nil)
            case nil: return (false, nil)
            }
        }
        continuation?.resume(returning: outcome)
        return isKnown
    }

    /// Ends all waits and those to come, for shutdown.
    public func close() {
        let continuations = table.withLock { table in
            table.isClosed = true
            return table.entries.compactMap { entry -> CheckedContinuation<Outcome?, Never>? in
                guard case .waiting(let continuation) = entry.value else { return nil }
                table.entries[entry.key] = nil
                return continuation
            }
        }
        for continuation in continuations { continuation.resume(returning: nil) }
    }

    private func finish(_ command: UUID) {
        let continuation: CheckedContinuation<Outcome?, Never>? = table.withLock { table in
            guard case .waiting(let continuation) = table.entries.removeValue(forKey: command) else { return nil }
            return continuation
        }
        continuation?.resume(returning: nil)
    }
}
