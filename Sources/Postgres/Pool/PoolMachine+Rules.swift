extension PoolMachine {
    /// Gives a connection to a waiter, after a check when it has been unused for long.
    mutating func lend(_ connection: Int, _ waiter: Waiter, _ now: Duration) -> [Action] {
        if needsPing(connection, now) {
            connections[connection]?.phase = .pinging(for: waiter)
            // The server may be silent for longer than the waiter waits.
            return [.ping(connection)] + wake(at: waiter.deadline)
        }
        lease(connection)
        return [.grant(waiter: waiter.id, connection: connection)]
    }

    mutating func lease(_ connection: Int) {
        connections[connection]?.phase = .leased
        counters.acquired += 1
    }

    /// Whether it was unused for so long that its server may be gone.
    func needsPing(_ connection: Int, _ now: Duration) -> Bool {
        if case .idle(let since) = connections[connection]?.phase { now - since >= limits.pingAfterIdle } else { false }
    }

    /// A connection is free: the first waiter gets it, else it rests or is retired.
    mutating func makeAvailable(_ connection: Int, _ now: Duration) -> [Action] {
        if isClosing || isTooOld(connection, now) { return retire(connection) }
        if let waiter = waiters.popFirst() { return lend(connection, waiter, now) }
        connections[connection]?.phase = .idle(since: now)
        idle.insert(connection, at: idle.firstIndex { $0 < connection } ?? idle.endIndex)
        return retirement(of: connection).map { wake(at: $0) } ?? []
    }

    /// Gives the first waiter an idle connection, if there are both.
    mutating func serveFirst(_ now: Duration) -> [Action] {
        guard !waiters.isEmpty, let connection = idle.popLast(), let waiter = waiters.popFirst() else { return [] }
        return lend(connection, waiter, now)
    }

    /// Those for whom a connection is being asked for a sign of life.
    var pingedFor: [Waiter] {
        connections.values.compactMap { if case .pinging(let waiter?) = $0.phase { waiter } else { nil } }
    }

    /// Takes out the waiters that are meant. One for whom a connection is being asked for a sign of life waits as well; the answer
    /// is then for whoever comes next.
    mutating func takeWaiters(where isMeant: (Waiter) -> Bool) -> [Waiter] {
        let taken = (pingedFor + waiters).filter(isMeant)
        if taken.isEmpty { return [] }
        waiters.removeAll(where: isMeant)
        for (number, connection) in connections {
            guard case .pinging(let waiter?) = connection.phase, isMeant(waiter) else { continue }
            connections[number]?.phase = .pinging(for: nil)
        }
        return taken
    }

    /// The connection counts as open until the caller says `closed`.
    private mutating func retire(_ connection: Int) -> [Action] {
        connections[connection]?.phase = .leased
        idle.removeAll { $0 == connection }
        return [.close(connection)]
    }

    /// Opens as many connections as there are waiters without one on its way, within the maximum.
    mutating func openForWaiters() -> [Action] {
        if isClosing { return [] }
        let connecting = connections.values.count { $0.phase == .connecting }
        // After a failure one attempt at a time: many would only load a server that is just coming up.
        let wanted = failuresInRow > 0 ? min(1, waiters.count) : waiters.count
        let room = max(limits.maximum, 1) - connections.count
        return open(min(wanted - connecting, room))
    }

    mutating func openMinimum() -> [Action] {
        if isClosing || !keepsMinimum { return [] }
        let missing = min(limits.minimum, limits.maximum) - connections.count
        return open(failuresInRow > 0 ? min(missing, 1 - connections.values.count { $0.phase == .connecting }) : missing)
    }

    private mutating func open(_ count: Int) -> [Action] {
        guard count > 0 else { return [] }
        return (0..<count).map { _ in
            let number = nextConnection
            nextConnection += 1
            connections[number] = Connection(phase: .connecting)
            return .connect(number, after: backoff)
        }
    }

    /// 0, 100 ms, doubling to 3.2 s, with up to a quarter taken off by the connection's number, so that pools drift apart.
    private var backoff: Duration {
        if failuresInRow == 0 { return .zero }
        let full = 100 << min(failuresInRow - 1, 5)
        return .milliseconds(full - full * (nextConnection % 8) / 32)
    }

    private func isTooOld(_ connection: Int, _ now: Duration) -> Bool {
        guard let lifetime = limits.maxLifetime, let opened = connections[connection]?.openedAt else { return false }
        return now - opened >= lifetime
    }

    /// When an idle connection is to be closed: by age, or by idleness when there are more than the minimum.
    func retirement(of connection: Int) -> Duration? {
        guard let entry = connections[connection], case .idle(let since) = entry.phase else { return nil }
        let byAge = limits.maxLifetime.map { entry.openedAt + $0 }
        let byIdleness = connections.count > limits.minimum ? since + limits.idleTimeout : nil
        return [byAge, byIdleness].compactMap(\.self).min()
    }

    mutating func retireIdle(_ now: Duration) -> [Action] {
        var actions: [Action] = []
        var surplus = connections.count - limits.minimum
        for connection in idle {
            guard let due = retirement(of: connection), due <= now else { continue }
            // Idleness closes only what is above the minimum; age closes any.
            if !isTooOld(connection, now) {
                if surplus <= 0 { continue }
            }
            surplus -= 1
            actions += retire(connection)
        }
        return actions
    }

    /// Asks for a tick, unless an earlier one is asked for already.
    mutating func wake(at time: Duration) -> [Action] {
        if let nextWake, nextWake <= time { return [] }
        nextWake = time
        return [.wake(at: time)]
    }

    func closedIfEmpty() -> [Action] { isClosing && connections.isEmpty ? [.closed] : [] }
}
