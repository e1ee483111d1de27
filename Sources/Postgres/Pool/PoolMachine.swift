import DequeModule

/// Which connection serves whom, when to open, check and close. Pure: it is told what happened and when, and returns what to do.
///
/// Waiters are served first come, first served. Times are durations since some fixed moment.
package struct PoolMachine {
    package typealias Limits = PostgresConfiguration.PoolConfiguration

    /// What to do.
    package enum Action: Equatable, Sendable {
        /// Give the connection to the waiter.
        case grant(waiter: UInt64, connection: Int)
        /// Tell the waiter that it gets none.
        case fail(waiter: UInt64, PoolFailure)
        /// Open a connection under this number, after a pause.
        case connect(Int, after: Duration)
        /// Ask a connection for a sign of life, then call `pinged`.
        case ping(Int)
        /// Close a connection.
        case close(Int)
        /// Call `tick` at this time.
        case wake(at: Duration)
        /// The pool is closed and empty.
        case closed
    }

    enum Phase: Equatable {
        case connecting
        case idle(since: Duration)
        /// Being asked for a sign of life, for a waiter that may have given up meanwhile.
        case pinging(for: Waiter?)
        case leased
    }

    struct Connection {
        var phase: Phase
        var openedAt: Duration = .zero
    }

    struct Waiter: Equatable {
        var id: UInt64
        var since: Duration
        var deadline: Duration
    }

    let limits: Limits
    var connections: [Int: Connection] = [:]
    /// Idle connections, the oldest last: it is the next to serve, so that the others can age and be closed, and what the server keeps
    /// for a session is warm for as much of the work as can be.
    var idle: [Int] = []
    var waiters: Deque<Waiter> = []
    var nextConnection = 1
    var failuresInRow = 0
    var lastFailure: PostgresError?
    var keepsMinimum = false
    var isClosing = false
    var nextWake: Duration?
    var counters = PoolStatistics()

    package init(_ limits: Limits) { self.limits = limits }

    /// What the pool is doing and has done.
    package var statistics: PoolStatistics {
        var result = counters
        for connection in connections.values {
            switch connection.phase {
            case .connecting: result.connecting += 1
            case .idle: result.idle += 1
            case .leased, .pinging: result.leased += 1
            }
        }
        result.open = result.idle + result.leased
        result.waiting = waiters.count
        return result
    }
}

/// Why a waiter got no connection.
package enum PoolFailure: Error, Equatable, Sendable {
    case closed
    case cancelled
    /// All connections were in use until the deadline.
    case exhausted(waited: Duration)
    /// None could be opened; the cause is ``PoolMachine/connectError``.
    case unreachable(waited: Duration)
}

extension PoolMachine {
    /// The last failure to connect, while there has been no success since.
    package var connectError: PostgresError? { lastFailure }

    /// A connection for somebody, if one is there at once. If not, nothing has happened.
    package mutating func acquireIdle(at now: Duration) -> Int? {
        guard !isClosing, waiters.isEmpty, let connection = idle.last, !needsPing(connection, now) else { return nil }
        idle.removeLast()
        lease(connection)
        return connection
    }

    /// Somebody wants a connection.
    package mutating func acquire(_ waiter: UInt64, at now: Duration) -> [Action] {
        if isClosing { return [.fail(waiter: waiter, .closed)] }
        let deadline = now + limits.acquireTimeout
        let entry = Waiter(id: waiter, since: now, deadline: deadline)
        if waiters.isEmpty, let connection = idle.popLast() { return lend(connection, entry, now) }
        waiters.append(entry)
        return openForWaiters() + wake(at: deadline)
    }

    /// A waiter does not want one any more.
    package mutating func cancel(_ waiter: UInt64) -> [Action] {
        takeWaiters { $0.id == waiter }.map { .fail(waiter: $0.id, .cancelled) }
    }

    /// A connection comes back. One that cannot be used again must be closed by the caller first, who then says `closed`.
    package mutating func release(_ connection: Int, at now: Duration) -> [Action] {
        guard connections[connection]?.phase == .leased else { return [] }
        return makeAvailable(connection, now)
    }

    /// A connection is open.
    package mutating func connected(_ connection: Int, at now: Duration) -> [Action] {
        guard connections[connection]?.phase == .connecting else { return [.close(connection)] }
        failuresInRow = 0
        lastFailure = nil
        counters.opened += 1
        connections[connection]?.openedAt = now
        connections[connection]?.phase = .leased
        return makeAvailable(connection, now) + openForWaiters()
    }

    /// A connection could not be opened.
    package mutating func connectFailed(_ connection: Int, _ error: PostgresError, at now: Duration) -> [Action] {
        guard connections.removeValue(forKey: connection) != nil else { return [] }
        counters.connectFailures += 1
        failuresInRow += 1
        lastFailure = error
        var actions: [Action] = []
        if !connections.values.contains(where: { $0.phase != .connecting }) {
            // Nothing is open: waiting longer than this is hoping, not queueing.
            while let first = waiters.first, now - first.since >= limits.unreachableTimeout {
                waiters.removeFirst()
                actions.append(.fail(waiter: first.id, .unreachable(waited: now - first.since)))
            }
        }
        return actions + openForWaiters() + openMinimum() + closedIfEmpty()
    }

    /// A connection ended, by itself or because it was told to.
    package mutating func closed(_ connection: Int, at now: Duration) -> [Action] {
        guard let ended = connections.removeValue(forKey: connection) else { return [] }
        counters.closed += 1
        idle.removeAll { $0 == connection }
        if case .pinging(let waiter?) = ended.phase {
            if isClosing { return [.fail(waiter: waiter.id, .closed)] + closedIfEmpty() }
            // The waiter had been first before; it is first again, and has waited all the time.
            waiters.prepend(waiter)
            return serveFirst(now) + openForWaiters() + wake(at: waiter.deadline) + closedIfEmpty()
        }
        return openForWaiters() + openMinimum() + closedIfEmpty()
    }

    /// A connection gave a sign of life; one that does not is closed by the caller, who then says `closed`.
    package mutating func pinged(_ connection: Int, at now: Duration) -> [Action] {
        guard case .pinging(let waiter) = connections[connection]?.phase else { return [] }
        connections[connection]?.phase = .leased
        guard let waiter else { return makeAvailable(connection, now) }
        counters.acquired += 1
        return [.grant(waiter: waiter.id, connection: connection)]
    }

    /// The time that was asked for by `wake` has come.
    package mutating func tick(at now: Duration) -> [Action] {
        nextWake = nil
        var actions: [Action] = []
        for waiter in takeWaiters(where: { $0.deadline <= now }) {
            counters.timeouts += 1
            let isUnreachable = lastFailure != nil && !connections.values.contains { $0.phase != .connecting }
            let waited = now - waiter.since
            actions.append(.fail(waiter: waiter.id, isUnreachable ? .unreachable(waited: waited) : .exhausted(waited: waited)))
        }
        actions += retireIdle(now)
        let deadlines = (waiters + pingedFor).map(\.deadline) + idle.compactMap { retirement(of: $0) }
        if let next = deadlines.min() { actions += wake(at: max(next, now + .milliseconds(1))) }
        return actions
    }

    /// From now on the minimum is kept open.
    package mutating func start() -> [Action] {
        keepsMinimum = true
        return openMinimum()
    }

    /// Fails all waiters, closes what is idle, and the rest when it comes back.
    package mutating func close() -> [Action] {
        isClosing = true
        var actions: [Action] = waiters.map { .fail(waiter: $0.id, .closed) }
        waiters.removeAll()
        actions += idle.map { .close($0) }
        return actions + closedIfEmpty()
    }

    /// The connections that are open, for a close that cannot wait any longer.
    package var openConnections: [Int] { connections.filter { $0.value.phase != .connecting }.map(\.key) }
}
