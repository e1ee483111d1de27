import Postgres
import Testing

private func limits(_ minimum: Int = 0, _ maximum: Int = 2) -> PoolMachine.Limits {
    var limits = PoolMachine.Limits()
    limits.minimum = minimum
    limits.maximum = maximum
    limits.maxLifetime = nil
    return limits
}

private let refused = PostgresError(code: .connectionFailed, message: "refused")

@Suite struct PoolMachineTests {
    private func withoutWakes(_ actions: [PoolMachine.Action]) -> [PoolMachine.Action] {
        actions.filter { if case .wake = $0 { false } else { true } }
    }

    /// Fails when a returned connection goes to the newest waiter or to the idle list.
    @Test func firstComeFirstServed() {
        var pool = PoolMachine(limits(0, 1))
        #expect(withoutWakes(pool.acquire(1, at: .zero)) == [.connect(1, after: .zero)])
        #expect(withoutWakes(pool.acquire(2, at: .zero)).isEmpty)
        #expect(withoutWakes(pool.acquire(3, at: .zero)).isEmpty)
        #expect(withoutWakes(pool.connected(1, at: .zero)) == [.grant(waiter: 1, connection: 1)])
        #expect(withoutWakes(pool.release(1, at: .zero)) == [.grant(waiter: 2, connection: 1)])
        #expect(withoutWakes(pool.release(1, at: .zero)) == [.grant(waiter: 3, connection: 1)])
        _ = pool.release(1, at: .zero)
        #expect(withoutWakes(pool.acquire(4, at: .zero)) == [.grant(waiter: 4, connection: 1)])
    }

    @Test func deadlineEndsTheWait() {
        var pool = PoolMachine(limits(0, 1))
        _ = pool.acquire(1, at: .zero)
        _ = pool.connected(1, at: .zero)
        let actions = pool.acquire(2, at: .seconds(1))
        #expect(actions == [] || actions == [.wake(at: .seconds(11))])
        #expect(withoutWakes(pool.tick(at: .seconds(10.5))).isEmpty)
        #expect(withoutWakes(pool.tick(at: .seconds(11))) == [.fail(waiter: 2, .exhausted(waited: .seconds(10)))])
        #expect(withoutWakes(pool.release(1, at: .seconds(12))).isEmpty, "the one that gave up gets nothing")
    }

    /// Fails when no wake is asked for after an earlier tick: the waiter would wait for ever.
    @Test func everyDeadlineIsWatched() {
        var pool = PoolMachine(limits(0, 1))
        _ = pool.acquire(1, at: .zero)
        _ = pool.acquire(2, at: .seconds(1))
        let actions = pool.tick(at: .seconds(10))
        #expect(actions.contains(.wake(at: .seconds(11))))
        #expect(pool.tick(at: .seconds(11)).contains(.fail(waiter: 2, .exhausted(waited: .seconds(10)))))
    }

    @Test func cancelledWaiterLeavesTheQueue() {
        var pool = PoolMachine(limits(0, 1))
        _ = pool.acquire(1, at: .zero)
        _ = pool.acquire(2, at: .zero)
        #expect(pool.cancel(1) == [.fail(waiter: 1, .cancelled)])
        #expect(pool.cancel(1).isEmpty)
        #expect(withoutWakes(pool.connected(1, at: .zero)) == [.grant(waiter: 2, connection: 1)])
    }

    @Test func deadConnectionIsReplaced() {
        var pool = PoolMachine(limits(1, 1))
        #expect(pool.start() == [.connect(1, after: .zero)])
        _ = pool.connected(1, at: .zero)
        #expect(pool.closed(1, at: .zero) == [.connect(2, after: .zero)])
        let actions = pool.connectFailed(2, refused, at: .zero)
        guard case .connect(3, let pause)? = actions.first else { return #expect(Bool(false)) }
        #expect(pause > .zero && pause <= .milliseconds(100), "with backoff")
    }

    @Test func unreachableServerIsNamed() {
        var pool = PoolMachine(limits(0, 2))
        _ = pool.acquire(1, at: .zero)
        #expect(withoutWakes(pool.connectFailed(1, refused, at: .seconds(1))).count == 1, "tried again, not failed yet")
        let actions = withoutWakes(pool.connectFailed(2, refused, at: .seconds(3)))
        #expect(actions.first == .fail(waiter: 1, .unreachable(waited: .seconds(3))))
        #expect(pool.connectError?.message == "refused")
    }

    @Test func longIdleIsPingedFirst() {
        var pool = PoolMachine(limits(0, 2))
        _ = pool.acquire(1, at: .zero)
        _ = pool.connected(1, at: .zero)
        _ = pool.release(1, at: .zero)
        #expect(withoutWakes(pool.acquire(2, at: .seconds(31))) == [.ping(1)])
        #expect(pool.pinged(1, at: .seconds(31)) == [.grant(waiter: 2, connection: 1)])
        _ = pool.release(1, at: .seconds(31))
        #expect(withoutWakes(pool.acquire(3, at: .seconds(62))) == [.ping(1)])
        // Fails when the waiter of a dead connection is forgotten.
        #expect(withoutWakes(pool.closed(1, at: .seconds(62))) == [.connect(2, after: .zero)])
        #expect(withoutWakes(pool.connected(2, at: .seconds(62))) == [.grant(waiter: 3, connection: 2)])
    }

    /// A server that is silent must not hold anybody longer than a busy one. Fails when a waiter for whom a connection is pinged is
    /// not looked at by `tick`, and when no wake is asked for it.
    @Test func pingingDoesNotOutlastTheDeadline() {
        var pool = poolWithStaleConnections(1)
        #expect(pool.acquire(7, at: .seconds(31)).contains(.ping(1)))
        #expect(pool.tick(at: .seconds(40)) == [.wake(at: .seconds(41))])
        #expect(pool.tick(at: .seconds(41)).contains(.fail(waiter: 7, .exhausted(waited: .seconds(10)))))
        #expect(pool.statistics.timeouts == 1)
        #expect(withoutWakes(pool.pinged(1, at: .seconds(42))).isEmpty, "the one that gave up gets nothing")
        #expect(pool.acquire(8, at: .seconds(43)) == [.grant(waiter: 8, connection: 1)], "and the next gets it")
    }

    /// Fails when the waiter of a dead connection begins to wait anew: it would wait ten seconds for each stale connection.
    @Test func silentConnectionsShareOneDeadline() {
        var pool = poolWithStaleConnections(2)
        #expect(pool.acquire(7, at: .seconds(31)).contains(.ping(1)))
        #expect(pool.closed(1, at: .seconds(36)).contains(.ping(2)))
        #expect(pool.tick(at: .seconds(41)).contains(.fail(waiter: 7, .exhausted(waited: .seconds(10)))))
        #expect(withoutWakes(pool.closed(2, at: .seconds(41))).isEmpty)
    }

    /// Work that now and then needs two connections goes back to the first. Fails when the one that came back last serves next: the
    /// work would move to and fro between sessions that both stay, and are both half cold.
    @Test func theOldestIdleConnectionServesNext() {
        var pool = PoolMachine(limits(0, 3))
        for waiter in 1...3 { _ = pool.acquire(UInt64(waiter), at: .zero) }
        for connection in 1...3 { _ = pool.connected(connection, at: .zero) }
        for connection in [1, 3, 2] { _ = pool.release(connection, at: .zero) }
        #expect(withoutWakes(pool.acquire(4, at: .zero)) == [.grant(waiter: 4, connection: 1)])
        #expect(withoutWakes(pool.acquire(5, at: .zero)) == [.grant(waiter: 5, connection: 2)])
        _ = pool.release(2, at: .zero)
        _ = pool.release(1, at: .zero)
        #expect(pool.acquireIdle(at: .zero) == 1)
    }

    /// Fails when somebody who comes later is served before those who wait, when a connection is lent twice, and when one is lent that
    /// should be asked for a sign of life first.
    @Test func whatIsIdleIsTakenAtOnce() {
        var pool = PoolMachine(limits(0, 1))
        #expect(pool.acquireIdle(at: .zero) == nil)
        _ = pool.acquire(1, at: .zero)
        #expect(withoutWakes(pool.connected(1, at: .zero)) == [.grant(waiter: 1, connection: 1)])
        _ = pool.acquire(2, at: .zero)
        #expect(withoutWakes(pool.release(1, at: .zero)) == [.grant(waiter: 2, connection: 1)])
        #expect(pool.acquireIdle(at: .zero) == nil)
        _ = pool.release(1, at: .zero)
        let before = pool.statistics.acquired
        #expect(pool.acquireIdle(at: .seconds(29)) == 1)
        #expect(pool.statistics.acquired == before + 1 && pool.statistics.leased == 1)
        #expect(pool.acquireIdle(at: .seconds(29)) == nil)
        _ = pool.release(1, at: .seconds(30))
        #expect(pool.acquireIdle(at: .seconds(60)) == nil, "unused for too long")
        #expect(withoutWakes(pool.acquire(3, at: .seconds(60))) == [.ping(1)])
        _ = pool.pinged(1, at: .seconds(60))
        _ = pool.release(1, at: .seconds(60))
        _ = pool.close()
        #expect(pool.acquireIdle(at: .seconds(60)) == nil)
    }

    /// Fails when `cancel` looks for waiters in the queue alone.
    @Test func cancelledWhileAConnectionIsPinged() {
        var pool = poolWithStaleConnections(1)
        _ = pool.acquire(7, at: .seconds(31))
        _ = pool.acquire(8, at: .seconds(31))
        #expect(pool.cancel(7) == [.fail(waiter: 7, .cancelled)])
        #expect(pool.cancel(7).isEmpty)
        #expect(withoutWakes(pool.pinged(1, at: .seconds(32))) == [.grant(waiter: 8, connection: 1)])
    }

    /// Idle since the start, so that they are pinged from second 30 on.
    private func poolWithStaleConnections(_ count: Int) -> PoolMachine {
        var pool = PoolMachine(limits(0, count))
        for number in 1...count { _ = pool.acquire(UInt64(number), at: .zero) }
        for number in 1...count { _ = pool.connected(number, at: .zero) }
        for number in 1...count { _ = pool.release(number, at: .zero) }
        return pool
    }

    @Test func idleAboveTheMinimumIsClosed() {
        var pool = PoolMachine(limits(1, 3))
        for waiter in 1...3 { _ = pool.acquire(UInt64(waiter), at: .zero) }
        for connection in 1...3 { _ = pool.connected(connection, at: .zero) }
        for connection in 1...3 { _ = pool.release(connection, at: .zero) }
        let closed = pool.tick(at: .seconds(300)).filter { if case .close = $0 { true } else { false } }
        #expect(closed == [.close(3), .close(2)])
    }

    @Test func oldConnectionIsRetired() {
        var old = limits(1, 1)
        old.maxLifetime = .seconds(60)
        var pool = PoolMachine(old)
        _ = pool.acquire(1, at: .zero)
        _ = pool.connected(1, at: .zero)
        #expect(pool.release(1, at: .seconds(61)) == [.close(1)])
    }

    @Test func closing() {
        var pool = PoolMachine(limits(0, 1))
        _ = pool.acquire(1, at: .zero)
        _ = pool.connected(1, at: .zero)
        _ = pool.acquire(2, at: .zero)
        #expect(pool.close() == [.fail(waiter: 2, .closed)])
        #expect(pool.acquire(3, at: .zero) == [.fail(waiter: 3, .closed)])
        #expect(pool.release(1, at: .zero) == [.close(1)])
        #expect(pool.closed(1, at: .zero) == [.closed])
    }

    /// Five thousand random lives of a pool: nobody is served twice or forgotten, no connection serves two, the maximum holds, and
    /// deadlines and cancellation are heeded whatever a waiter waits for.
    @Test func randomLives() {
        for seed in 1...5000 {
            var life = RandomLife(seed: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15)
            life.run()
            #expect(life.problem == nil, "seed \(seed): \(life.problem ?? "")")
            if life.problem != nil { return }
        }
    }
}

private struct RandomLife {
    var random: Xorshift
    var pool = PoolMachine(limits(1, 3))
    var now = Duration.zero
    /// With their deadlines.
    var waiting: [UInt64: Duration] = [:]
    var leased: [Int: UInt64] = [:]
    var connecting: Set<Int> = []
    var pinging: Set<Int> = []
    var closing: Set<Int> = []
    var wakes: [Duration] = []
    var isClosed = false
    var problem: String?

    init(seed: UInt64) { random = Xorshift(seed: seed) }

    mutating func run() {
        perform(pool.start())
        var next: UInt64 = 1
        for _ in 0..<60 where problem == nil {
            now += .milliseconds(Int.random(in: 0...4000, using: &random))
            switch Int.random(in: 0..<9, using: &random) {
            case 0...2:
                waiting[next] = now + .seconds(10)
                perform(pool.acquire(next, at: now))
                next += 1
            case 3: if let waiter = waiting.keys.sorted().randomElement(using: &random) { cancel(waiter) }
            case 4...5: if let number = leased.keys.sorted().randomElement(using: &random) { giveBack(number) }
            case 6: if let number = connecting.sorted().randomElement(using: &random) { connect(number) }
            case 7: if let number = pinging.sorted().randomElement(using: &random) { answer(number) }
            default: tick()
            }
        }
        perform(pool.close())
        var rounds = 0
        while !isClosed, problem == nil, rounds < 100 {
            rounds += 1
            for number in connecting { connect(number) }
            for number in pinging { answer(number) }
            for number in leased.keys.sorted() { giveBack(number) }
            for number in closing { end(number) }
        }
        if !isClosed { problem = problem ?? "never closed" }
        if !waiting.isEmpty { problem = problem ?? "forgotten \(waiting)" }
    }

    private mutating func cancel(_ waiter: UInt64) {
        perform(pool.cancel(waiter))
        if waiting[waiter] != nil { problem = "not cancelled: \(waiter)" }
    }

    private mutating func giveBack(_ number: Int) {
        leased[number] = nil
        if Bool.random(using: &random) { perform(pool.release(number, at: now)) } else { perform(pool.closed(number, at: now)) }
    }

    private mutating func connect(_ number: Int) {
        connecting.remove(number)
        if Bool.random(using: &random) {
            perform(pool.connected(number, at: now))
        } else {
            perform(pool.connectFailed(number, refused, at: now))
        }
    }

    private mutating func answer(_ number: Int) {
        pinging.remove(number)
        if Bool.random(using: &random) { perform(pool.pinged(number, at: now)) } else { perform(pool.closed(number, at: now)) }
    }

    private mutating func end(_ number: Int) {
        closing.remove(number)
        perform(pool.closed(number, at: now))
    }

    private mutating func tick() {
        guard let due = wakes.min(), due <= now else { return }
        wakes.removeAll { $0 == due }
        perform(pool.tick(at: now))
    }

    private mutating func perform(_ actions: [PoolMachine.Action]) {
        for action in actions {
            switch action {
            case .grant(let waiter, let connection):
                if waiting.removeValue(forKey: waiter) == nil { problem = "grant to nobody: \(waiter)" }
                if leased[connection] != nil || closing.contains(connection) { problem = "connection \(connection) serves two" }
                leased[connection] = waiter
            case .fail(let waiter, _): if waiting.removeValue(forKey: waiter) == nil { problem = "failure for nobody: \(waiter)" }
            case .connect(let number, _): connecting.insert(number)
            case .ping(let number): pinging.insert(number)
            case .close(let number): closing.insert(number)
            case .wake(let time): wakes.append(time)
            case .closed: isClosed = true
            }
        }
        let statistics = pool.statistics
        if statistics.open + statistics.connecting > 3 { problem = "more than the maximum" }
        // A connection may be pinged for somebody who has given up.
        if !(statistics.waiting...statistics.waiting + pinging.count).contains(waiting.count) {
            problem = "waiters \(statistics.waiting) of \(waiting.count)"
        }
        if let first = waiting.values.min(), !wakes.contains(where: { $0 <= first }) { problem = "a deadline that nobody watches" }
    }
}
