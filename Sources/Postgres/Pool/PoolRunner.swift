import Dispatch
import Locking
import Logging
import Synchronization

/// A connection on loan.
struct PoolLease: Sendable {
    var number: Int
    var connection: PostgresConnection
}

/// Performs what ``PoolMachine`` decides.
final class PoolRunner: Sendable {
    private typealias Waiter = CheckedContinuation<Result<PoolLease, PostgresError>, Never>

    private struct State {
        var machine: PoolMachine
        var connections: [Int: PostgresConnection] = [:]
        var waiters: [UInt64: Waiter] = [:]
        var connecting: [Int: Task<Void, Never>] = [:]
        var closers: [CheckedContinuation<Void, Never>] = []
        var isClosed = false
    }

    private let configuration: PostgresConfiguration
    private let logger: Logger
    private let state: Locked<State>
    private let ids = Atomic<UInt64>(0)
    private let startedAt = ContinuousClock.now
    private let timers = DispatchQueue(label: "postgres.pool")

    /// How long a close waits for connections in use, seconds.
    private static let closePatience = 5
    /// How long statements that the last user left behind may take, seconds.
    private static let settlePatience = 5

    init(_ configuration: PostgresConfiguration, _ logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        state = Locked(State(machine: PoolMachine(configuration.pool)))
    }

    private var now: Duration { startedAt.duration(to: .now) }
    var statistics: PoolStatistics { state.withLock { $0.machine.statistics } }

    func start() { perform { $0.start() } }

    /// Tells the machine something and does what follows; continuations are resumed outside of the lock.
    private func perform(_ event: (inout PoolMachine) -> [PoolMachine.Action]) {
        var work: [@Sendable () -> Void] = []
        state.withLock { state in
            for action in event(&state.machine) { work.append(contentsOf: prepare(action, &state)) }
        }
        for item in work { item() }
    }

    private func prepare(_ action: PoolMachine.Action, _ state: inout State) -> [@Sendable () -> Void] {
        switch action {
        case .grant(let waiter, let number):
            guard let continuation = state.waiters.removeValue(forKey: waiter) else { return [] }
            guard let connection = state.connections[number] else {
                let error = PostgresError(code: .connectionClosed, message: "the connection closed before it could be used")
                return [{ continuation.resume(returning: .failure(error)) }]
            }
            let lease = PoolLease(number: number, connection: connection)
            return [{ continuation.resume(returning: .success(lease)) }]
        case .fail(let waiter, let failure):
            guard let continuation = state.waiters.removeValue(forKey: waiter) else { return [] }
            let error = error(for: failure, state.machine)
            return [{ continuation.resume(returning: .failure(error)) }]
        case .connect(let number, let pause):
            state.connecting[number] = Task { [weak self] in await self?.connect(number, after: pause) }
            return []
        case .ping(let number):
            guard let connection = state.connections[number] else { return [] }
            return [{ Task { [weak self] in await self?.ping(number, connection) } }]
        case .close(let number):
            guard let connection = state.connections[number] else { return [] }
            return [{ Task { await connection.close() } }]
        case .wake(let time):
            let delay = max(.zero, time - now) / .microseconds(1)
            return [
                { [weak self] in
                    self?.timers.asyncAfter(deadline: .now() + .microseconds(Int(delay) + 1)) { [weak self] in
                        guard let self else { return }
                        self.perform { $0.tick(at: self.now) }
                    }
                }
            ]
        case .closed:
            state.isClosed = true
            let closers = state.closers
            state.closers = []
            return closers.map { closer in { closer.resume() } }
        }
    }

    private func error(for failure: PoolFailure, _ machine: PoolMachine) -> PostgresError {
        func milliseconds(_ duration: Duration) -> String { "\(Int(duration / .milliseconds(1))) ms" }
        switch failure {
        case .closed: return PostgresError(code: .poolClosed, message: "the pool of \(configuration) is closed")
        case .cancelled:
            return PostgresError(code: .cancelled, message: "the task was cancelled while it waited for a connection")
        case .exhausted(let waited):
            let now = machine.statistics
            return PostgresError(
                code: .poolTimeout,
                message: "no connection to \(configuration) became free within \(milliseconds(waited)): \(now.leased) in use, "
                    + "\(now.connecting) being opened, \(now.waiting) waiting, at most \(configuration.pool.maximum)")
        case .unreachable(let waited):
            let cause = machine.connectError
            return PostgresError(
                code: .connectionFailed,
                message: "no connection to \(configuration) within \(milliseconds(waited)): \(cause?.message ?? "unknown")",
                underlying: cause)
        }
    }
}

extension PoolRunner {
    func acquire(file: String = #fileID, line: Int = #line) async throws(PostgresError) -> PoolLease {
        if let lease = acquireIdle() { return lease }
        let id = ids.add(1, ordering: .relaxed).newValue
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { $0.waiters[id] = continuation }
                perform { $0.acquire(id, at: now) }
                // A cancellation that came before the waiter was there found nobody.
                if Task.isCancelled { perform { $0.cancel(id) } }
            }
        } onCancel: {
            perform { $0.cancel(id) }
        }
        return try result.mapError { $0.at(query: nil, file: file, line: line) }.get()
    }

    private func acquireIdle() -> PoolLease? {
        state.withLock { state in
            // One that has just ended is still to be reported to the machine.
            guard let number = state.machine.acquireIdle(at: now), let connection = state.connections[number] else { return nil }
            return PoolLease(number: number, connection: connection)
        }
    }

    func release(_ lease: PoolLease) async {
        var isReusable = lease.connection.mailbox.isReusable
        if !isReusable, !lease.connection.isClosed {
            // Shielded from cancellation by a task of its own: the connection must come back in any case.
            isReusable = await Task { await lease.connection.settle(seconds: Self.settlePatience) }.value
        }
        // A closed connection has reported itself.
        if isReusable { perform { $0.release(lease.number, at: now) } } else { await lease.connection.close() }
    }

    private func connect(_ number: Int, after pause: Duration) async {
        defer { state.withLock { $0.connecting[number] = nil } }
        do {
            if pause > .zero { try await Task.sleep(for: pause) }
            let connection = try await PostgresConnection.connect(configuration, logger: logger)
            if let error = connection.mailbox.withState({ $0.closed }) { throw error }
            state.withLock { $0.connections[number] = connection }
            perform { $0.connected(number, at: now) }
            // Only now, so that the machine hears of the end after the beginning.
            let closed = connection.mailbox.withState { state in
                state.onClose = { [weak self] error in self?.ended(number, error) }
                return state.closed
            }
            if let closed { ended(number, closed) }
        } catch {
            let failure =
                error as? PostgresError
                ?? PostgresError(code: .connectionFailed, message: "connecting was interrupted", underlying: error)
            if failure.code != .cancelled {
                logger.warning("no connection to PostgreSQL", metadata: ["error": "\(failure.message)"])
            }
            perform { $0.connectFailed(number, failure, at: now) }
        }
    }

    private func ended(_ number: Int, _ error: PostgresError) {
        state.withLock { _ = $0.connections.removeValue(forKey: number) }
        logger.debug("connection to PostgreSQL ended", metadata: ["reason": "\(error.message)"])
        perform { $0.closed(number, at: now) }
    }

    private func ping(_ number: Int, _ connection: PostgresConnection) async {
        let guardian = connection.watch(seconds: Self.settlePatience, reason: "no sign of life")
        defer { guardian.cancel() }
        do {
            try await connection.execute("SELECT 1")
            perform { $0.pinged(number, at: now) }
        } catch {
            await connection.close()
        }
    }

    func close() async {
        let isClosed = state.withLock { state in
            for task in state.connecting.values { task.cancel() }
            return state.isClosed
        }
        if isClosed { return }
        perform { $0.close() }
        timers.asyncAfter(deadline: .now() + .seconds(Self.closePatience)) { [weak self] in self?.closeByForce() }
        await withCheckedContinuation { continuation in
            let isClosed = state.withLock { state in
                if !state.isClosed { state.closers.append(continuation) }
                return state.isClosed
            }
            if isClosed { continuation.resume() }
        }
    }

    private func closeByForce() {
        let connections = state.withLock { state in state.machine.openConnections.compactMap { state.connections[$0] } }
        for connection in connections { Task { await connection.close() } }
    }
}
