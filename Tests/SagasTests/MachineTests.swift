import Sagas
import Testing

/// undo → a → b (with a timeout) → c, the shape of a checkout.
private let plan = SagaPlan(
    steps: [
        .init(name: "undo", hasForward: false),
        .init(name: "a"),
        .init(name: "b", timeout: .seconds(60)),
        .init(name: "c", hasCompensation: false),
    ], resend: SagaResendPolicy(initial: .seconds(30), maximum: .seconds(100), attempts: 3))

private func settled(_ step: Int, _ outcome: SagaOutcome = .succeeded, _ detail: String? = nil) -> SagaAction {
    .settle(step: step, direction: .forward, outcome: outcome, detail: detail)
}
private func undone(_ step: Int) -> SagaAction {
    .settle(step: step, direction: .compensate, outcome: .succeeded, detail: nil)
}
private func clock(_ step: Int, _ attempt: Int = 1) -> SagaTimer { .compensation(step: step, attempt: attempt) }

@Suite struct MachineTests {
    @Test func carriesAnInstanceToItsEnd() {
        var machine = SagaMachine(plan: plan)
        #expect(machine.handle(.start) == [.sendForward(step: 1, again: false)])
        #expect(
            machine.handle(.succeeded(step: 1)) == [
                settled(1), .sendForward(step: 2, again: false), .schedule(.forward(step: 2), after: .seconds(60)),
            ])
        #expect(
            machine.handle(.succeeded(step: 2)) == [
                settled(2), .cancel(.forward(step: 2)), .sendForward(step: 3, again: false),
            ])
        #expect(machine.handle(.succeeded(step: 3)) == [settled(3), .complete])
        #expect(machine.progress.status == .completed)
        #expect(machine.progress.letters == "uddd")
    }

    /// Fails when `undo(from:)` walks forwards, and when an answered step does not stop its clock.
    @Test func undoesInReverseOneAfterAnother() {
        var machine = SagaMachine(plan: plan)
        _ = machine.handle(.start)
        _ = machine.handle(.succeeded(step: 1))
        #expect(
            machine.handle(.failed(step: 2, reason: "declined")) == [
                settled(2, .failed, "declined"), .cancel(.forward(step: 2)), .sendCompensation(step: 1, attempt: 1),
                .schedule(clock(1), after: .seconds(30)),
            ])
        #expect(machine.progress.status == .compensating)
        #expect(
            machine.handle(.compensated(step: 1)) == [
                undone(1), .cancel(clock(1)), .sendCompensation(step: 0, attempt: 1),
                .schedule(clock(0), after: .seconds(30)),
            ])
        #expect(machine.handle(.compensated(step: 0)) == [undone(0), .cancel(clock(0)), .compensatedAll])
        #expect(machine.progress.status == .compensated)
        #expect(machine.progress.letters == "rrfp")
    }

    /// Fails when `timedOut` treats the step like a failed one, or `succeeded` does not look at the status.
    @Test func aTimeoutIsUnknownAndItsLateAnswerChangesNothing() {
        var machine = SagaMachine(plan: plan)
        _ = machine.handle(.start)
        _ = machine.handle(.succeeded(step: 1))
        #expect(
            machine.handle(.timedOut(step: 2)) == [
                settled(2, .timedOut), .sendCompensation(step: 2, attempt: 1), .schedule(clock(2), after: .seconds(30)),
            ])
        let before = machine.progress
        #expect(machine.handle(.succeeded(step: 2)) == [.note(SagaNote(.late, step: 2, "succeeded"))])
        #expect(machine.handle(.failed(step: 2, reason: "no")) == [.note(SagaNote(.late, step: 2, "failed: no"))])
        #expect(machine.handle(.timedOut(step: 2)) == [])
        #expect(machine.progress == before)
        _ = machine.handle(.compensated(step: 2))
        #expect(machine.progress.current == 1)
    }

    /// Fails when `isLast` or the comparison of the attempt is taken out of `compensationTimedOut`.
    @Test func anUnansweredCompensationIsSentAgainAndThenStuck() {
        var machine = SagaMachine(plan: plan)
        _ = machine.handle(.start)
        _ = machine.handle(.failed(step: 1, reason: "sold out"))
        #expect(machine.progress.current == 0)
        #expect(
            machine.handle(.compensationTimedOut(step: 0, attempt: 1)) == [
                .sendCompensation(step: 0, attempt: 2), .schedule(clock(0, 2), after: .seconds(60)),
                .note(SagaNote(.resent, step: 0, "no answer to sending 1")),
            ])
        // The clock of an older sending says nothing.
        #expect(machine.handle(.compensationTimedOut(step: 0, attempt: 1)) == [])
        #expect(
            machine.handle(.compensationTimedOut(step: 0, attempt: 2)).contains(
                .schedule(clock(0, 3), after: .seconds(100))))
        let reason = "the compensation of \"undo\" was sent 3 times without an answer"
        #expect(
            machine.handle(.compensationTimedOut(step: 0, attempt: 3)) == [
                .stuck(step: 0, reason: reason), .note(SagaNote(.stuck, step: 0, reason)),
            ])
        #expect(machine.progress.status == .stuck)

        #expect(
            machine.handle(.operator(.retry, reason: "mended")) == [
                .sendCompensation(step: 0, attempt: 4), .schedule(clock(0, 4), after: .seconds(30)),
                .note(SagaNote(.operator, step: 0, "retry: mended")),
            ])
        #expect(plan.resend.round(of: 3) == 0 && plan.resend.round(of: 4) == 1)
        #expect(machine.handle(.compensated(step: 0)) == [undone(0), .cancel(clock(0, 4)), .compensatedAll])
    }

    @Test func aStuckInstanceGoesOnWhenItsAnswerComesAfterAll() {
        var machine = SagaMachine(plan: plan)
        _ = machine.handle(.start)
        _ = machine.handle(.succeeded(step: 1))
        _ = machine.handle(.failed(step: 2, reason: "declined"))
        for attempt in 1...3 { _ = machine.handle(.compensationTimedOut(step: 1, attempt: attempt)) }
        #expect(machine.progress.status == .stuck)
        #expect(machine.handle(.compensated(step: 1)).contains(.sendCompensation(step: 0, attempt: 1)))
        #expect(machine.progress.status == .compensating)
    }

    @Test func anOperatorCompensatesARunningInstance() {
        var machine = SagaMachine(plan: plan)
        _ = machine.handle(.start)
        let actions = machine.handle(.operator(.compensate, reason: "fraud"))
        #expect(actions.contains(settled(1, .abandoned, "fraud")))
        #expect(actions.contains(.sendCompensation(step: 1, attempt: 1)))
        _ = machine.handle(.compensated(step: 1))
        _ = machine.handle(.compensated(step: 0))
        #expect(machine.progress.status == .compensated)
    }

    /// What cannot be undone cannot be given up: it may still be done, and the rest would be gone.
    @Test func anOperatorCannotCompensateAStepThatCannotBeUndone() {
        var machine = SagaMachine(plan: plan)
        for input in [SagaInput.start, .succeeded(step: 1), .succeeded(step: 2)] { _ = machine.handle(input) }
        let before = machine.progress
        guard case .refuse = machine.handle(.operator(.compensate, reason: "fraud")).first else {
            Issue.record("not refused")
            return
        }
        #expect(machine.progress == before)
    }

    @Test func anOperatorSkipsForwardAndBackward() {
        var machine = SagaMachine(plan: plan)
        _ = machine.handle(.start)
        #expect(machine.handle(.operator(.skip, reason: "by phone")).contains(.sendForward(step: 2, again: false)))
        _ = machine.handle(.timedOut(step: 2))
        // "b" is skipped backwards; "a" was skipped forwards and is the operator's own.
        #expect(machine.handle(.operator(.skip, reason: "refunded")).contains(.sendCompensation(step: 0, attempt: 1)))
        #expect(machine.progress.letters == "ckkp")
    }

    /// Fails when `hasMoved` is always false: "b" is skipped as well, then "c", and the instance completes.
    @Test func aRequestToSkipThatWasMadeTwiceSkipsOneStep() {
        var machine = SagaMachine(plan: plan)
        _ = machine.handle(.start)
        let forward = SagaInput.operator(.skip, reason: "by phone", seen: SagaSighting(status: .running, step: 1))
        #expect(machine.handle(forward).contains(.sendForward(step: 2, again: false)))
        expectRefusal(of: forward, by: &machine)

        // The same step, seen on the way forward, is not meant on the way back.
        _ = machine.handle(.timedOut(step: 2))
        expectRefusal(of: .operator(.skip, reason: "", seen: SagaSighting(status: .running, step: 2)), by: &machine)
        let backward = SagaInput.operator(.skip, reason: "refunded", seen: SagaSighting(status: .compensating, step: 2))
        for attempt in 1...3 { _ = machine.handle(.compensationTimedOut(step: 2, attempt: attempt)) }
        #expect(machine.progress.status == .stuck)
        #expect(machine.handle(backward).contains(.sendCompensation(step: 0, attempt: 1)))
        expectRefusal(of: backward, by: &machine)
        #expect(machine.progress.letters == "ckkp")
    }

    /// Fails when `hasMoved` is always false: what is now at hand is sent again, and an instance that was stuck comes a sending
    /// closer to being stuck again.
    @Test func aRequestToRetryThatWasMadeTwiceSendsOnce() {
        var machine = SagaMachine(plan: plan)
        _ = machine.handle(.start)
        let forward = SagaInput.operator(.retry, reason: "lost", seen: SagaSighting(status: .running, step: 1))
        #expect(machine.handle(forward).contains(.sendForward(step: 1, again: true)))
        _ = machine.handle(.failed(step: 1, reason: "sold out"))
        expectRefusal(of: forward, by: &machine)
        for attempt in 1...3 { _ = machine.handle(.compensationTimedOut(step: 0, attempt: attempt)) }
        let stuck = SagaInput.operator(.retry, reason: "mended", seen: SagaSighting(status: .stuck, step: 0))
        #expect(machine.handle(stuck).contains(.sendCompensation(step: 0, attempt: 4)))
        expectRefusal(of: stuck, by: &machine)
    }

    private func expectRefusal(of input: SagaInput, by machine: inout SagaMachine) {
        let before = machine.progress
        let actions = machine.handle(input)
        if actions.count == 1, case .refuse = actions[0] {
            #expect(machine.progress == before)
        } else {
            Issue.record("\(input) → \(actions)")
        }
    }

    @Test func anOperatorRepeatsTheForwardCommand() {
        var machine = SagaMachine(plan: plan)
        _ = machine.handle(.start)
        #expect(machine.handle(.operator(.retry, reason: "lost")).first == .sendForward(step: 1, again: true))
    }

    @Test func nothingMovesAFinalInstance() {
        var completed = SagaMachine(plan: plan)
        for input in [SagaInput.start, .succeeded(step: 1), .succeeded(step: 2), .succeeded(step: 3)] {
            _ = completed.handle(input)
        }
        var compensated = SagaMachine(plan: plan)
        for input in [SagaInput.start, .failed(step: 1, reason: ""), .compensated(step: 0)] {
            _ = compensated.handle(input)
        }
        for machine in [completed, compensated] {
            #expect(machine.progress.status.isFinal)
            for input in allInputs {
                var copy = machine
                let actions = copy.handle(input)
                #expect(copy.progress == machine.progress)
                for action in actions {
                    switch action {
                    case .note, .refuse: break
                    default: Issue.record("\(input) → \(action)")
                    }
                }
            }
        }
    }

    private var allInputs: [SagaInput] {
        var inputs: [SagaInput] = [.start] + SagaOperation.allCases.map { .operator($0, reason: "") }
        for step in -1...4 {
            inputs += [
                .succeeded(step: step), .failed(step: step, reason: ""), .timedOut(step: step),
                .compensated(step: step),
            ]
            inputs += (0...4).map { .compensationTimedOut(step: step, attempt: $0) }
        }
        return inputs
    }

    @Test func progressSurvivesStorage() throws {
        var machine = SagaMachine(plan: plan)
        _ = machine.handle(.start)
        let progress = machine.progress
        let read = try #require(
            SagaProgress(
                status: progress.status, current: progress.current, attempt: progress.attempt, letters: progress.letters
            ))
        #expect(read == progress)
        #expect(SagaProgress(status: .running, current: 4, attempt: 0, letters: "pppp") == nil)
        #expect(SagaProgress(status: .running, current: 0, attempt: 0, letters: "px") == nil)
        #expect(SagaProgress(status: .running, current: 0, attempt: -1, letters: "p") == nil)
        #expect(
            SagaMachine(
                plan: plan,
                progress: try #require(SagaProgress(status: .running, current: 0, attempt: 0, letters: "pp"))) == nil)
    }

    @Test func pausesGrowAndAreBounded() {
        let policy = SagaResendPolicy(initial: .seconds(30), maximum: .seconds(600), attempts: 6)
        #expect((1...7).map(policy.pause) == [30, 60, 120, 240, 480, 600, 30].map { .seconds($0) })
        #expect(SagaResendPolicy(attempts: 0).attempts == 1)
    }
}
