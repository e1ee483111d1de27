import Testing
import millrace_cli

@Suite("Restart policy") struct SupervisorMachineTests {
    let start = ContinuousClock.now

    /// Fails when the pause does not grow: a worker that cannot start would be started ten times a second for ever.
    @Test("crashes in a row wait longer and longer, up to the longest pause")
    func backoff() {
        var machine = SupervisorMachine()
        var pauses: [Duration] = []
        for second in 0..<12 {
            machine.started(at: start + .seconds(second))
            guard case .restart(let pause) = machine.ended(.signaled(9), at: start + .seconds(second)) else {
                Issue.record("was not restarted")
                return
            }
            pauses.append(pause)
        }
        #expect(pauses.prefix(4) == [.milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800)])
        #expect(pauses.last == .seconds(30))
        #expect(pauses == pauses.sorted())
        #expect(machine.restarts == 11)
    }

    @Test("one that ran well for a while starts again at once")
    func stable() {
        var machine = SupervisorMachine()
        for _ in 0..<5 {
            machine.started(at: start)
            _ = machine.ended(.exited(1), at: start)
        }
        machine.started(at: start)
        let action = machine.ended(.exited(1), at: start + .seconds(10))
        #expect(action == .restart(after: .milliseconds(100)))
    }

    @Test("an end that was asked for is final")
    func stopping() {
        var machine = SupervisorMachine()
        machine.started(at: start)
        let needsSignal = machine.stop()
        #expect(needsSignal)
        #expect(machine.phase == .stopping)
        let action = machine.ended(.signaled(15), at: start)
        #expect(action == .nothing)
        #expect(machine.phase == .ended)
        machine.started(at: start)
        #expect(machine.phase == .ended)
    }

    @Test("stopping while it waits for its restart needs no signal")
    func stoppingWhileWaiting() {
        var machine = SupervisorMachine()
        machine.started(at: start)
        _ = machine.ended(.exited(1), at: start)
        #expect(machine.phase == .waiting)
        let needsSignal = machine.stop()
        #expect(!needsSignal)
        #expect(machine.phase == .ended)
    }

    @Test("wrong settings are not tried again")
    func hopeless() {
        var machine = SupervisorMachine()
        machine.started(at: start)
        let action = machine.ended(.exited(64), at: start)
        #expect(action == .giveUp)
        #expect(machine.phase == .ended)
    }

    @Test("an end by itself with code 0 is restarted: a worker is to run")
    func unexpectedSuccess() {
        var machine = SupervisorMachine()
        machine.started(at: start)
        let action = machine.ended(.exited(0), at: start)
        #expect(action == .restart(after: .milliseconds(100)))
    }
}
