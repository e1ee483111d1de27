import Messaging
import Sagas
import Testing

/// Plays random histories: commands and answers are delayed, doubled and reordered, clocks strike at any time.
@Suite struct HistoryTests {
    /// Every history must end in one final state with every effect either in place or undone.
    ///
    /// Fails when any of these is taken out of ``SagaMachine``: the check of the current step in `isAwaitingForward`, the
    /// check of the step's state in `isAwaitingCompensation`, the cancelling of clocks, the reverse order in `undo`, the
    /// `unknown` state after a timeout (it then leaves effects behind).
    @Test(arguments: 0..<8)
    func everyHistoryEndsWell(part: Int) {
        var ends: [SagaStatus: Int] = [:]
        var wasStuck = 0
        for seed in 0..<2_500 {
            var world = World(seed: UInt64(part * 2_500 + seed))
            world.run()
            #expect(world.problems == [], "seed \(world.seed): \(world.log.joined(separator: "\n"))")
            if !world.problems.isEmpty { return }
            ends[world.machine.progress.status, default: 0] += 1
            wasStuck += world.wasStuck ? 1 : 0
        }
        // The histories are worth something only if they reach everything.
        #expect(
            ends[.completed, default: 0] > 100 && ends[.compensated, default: 0] > 100 && wasStuck > 20,
            "\(ends) \(wasStuck)")
    }

    /// The same with an operator who presses buttons at random: he can take steps upon himself, but never bring about
    /// two ends, a command after the end, or a step that is both in place and undone.
    @Test(arguments: 0..<4)
    func noOperatorCanBreakIt(part: Int) {
        for seed in 0..<2_500 {
            var world = World(seed: UInt64(1_000_000 + part * 2_500 + seed), hasOperator: true)
            world.run()
            #expect(world.problems == [], "seed \(world.seed): \(world.log.joined(separator: "\n"))")
            if !world.problems.isEmpty { return }
        }
    }
}

/// The network, the workers and the clocks around one instance.
private struct World {
    enum Parcel {
        case forward(Int)
        case compensation(Int, round: Int)
        case input(SagaInput)
    }

    let seed: UInt64
    let plan: SagaPlan
    let hasOperator: Bool
    var machine: SagaMachine
    var random: SeededGenerator
    var parcels: [Parcel] = []
    var clocks: [SagaTimer] = []
    // What the workers know.
    var answered: [Int: SagaInput] = [:]
    var isDone: Set<Int> = []
    var fenced: Set<Int> = []
    var roundsSeen: Set<[Int]> = []
    // What was seen.
    var compensationsSent: [Int] = []
    var ends = 0
    var wasStuck = false
    var skipped = false
    var problems: [String] = []
    var log: [String] = []

    init(seed: UInt64, hasOperator: Bool = false) {
        self.seed = seed
        self.hasOperator = hasOperator
        var random = SeededGenerator(seed: seed)
        let count = random.below(6) + 1
        var steps: [SagaPlan.Step] = []
        for index in 0..<count {
            let hasForward = index == count - 1 || random.below(4) > 0
            let hasCompensation = !hasForward || random.below(4) > 0
            let timeout: Duration? = hasForward && hasCompensation && random.below(2) == 0 ? .seconds(1) : nil
            steps.append(
                .init(name: "\(index)", hasForward: hasForward, hasCompensation: hasCompensation, timeout: timeout))
        }
        plan = SagaPlan(steps: steps, resend: SagaResendPolicy(attempts: random.below(3) + 1))
        machine = SagaMachine(plan: plan)
        self.random = random
    }

    mutating func run() {
        feed(.start)
        var budget = 2_000
        while budget > 0, problems.isEmpty, !parcels.isEmpty || !clocks.isEmpty || presses() {
            budget -= 1
            if hasOperator, random.below(12) == 0 { press() }
            // Clocks strike rarely while there is something on the way, so that histories of all kinds come up.
            if !clocks.isEmpty, parcels.isEmpty || random.below(8) == 0 {
                strike(clocks.remove(at: random.below(clocks.count)))
            } else if !parcels.isEmpty {
                let index = random.below(parcels.count)
                let parcel = parcels[index]
                // A duplicate stays on the way.
                if random.below(6) > 0 { parcels.remove(at: index) }
                deliver(parcel)
            }
        }
        if budget == 0 { problems.append("it does not end") }
        checkEnd()
    }

    /// An operator looks after a stuck instance when nothing else happens any more.
    private mutating func presses() -> Bool {
        guard hasOperator, machine.progress.status == .stuck else { return false }
        feed(.operator(.retry, reason: "operator"))
        return true
    }

    private mutating func press() {
        let operation = SagaOperation.allCases[random.below(3)]
        feed(.operator(operation, reason: "operator"))
    }

    private mutating func strike(_ clock: SagaTimer) {
        switch clock {
        case .forward(let step): feed(.timedOut(step: step))
        case .compensation(let step, let attempt): feed(.compensationTimedOut(step: step, attempt: attempt))
        }
    }

    /// What a worker does with a command, by the rules of the inbox and the fence.
    private mutating func deliver(_ parcel: Parcel) {
        switch parcel {
        case .input(let input): feed(input)
        case .forward(let step):
            guard !fenced.contains(step), answered[step] == nil else { return }
            let succeeds = random.below(6) > 0
            if succeeds { isDone.insert(step) }
            let answer: SagaInput = succeeds ? .succeeded(step: step) : .failed(step: step, reason: "no")
            answered[step] = answer
            parcels.append(.input(answer))
        case .compensation(let step, let round):
            guard roundsSeen.insert([step, round]).inserted else { return }
            fenced.insert(step)
            isDone.remove(step)
            parcels.append(.input(.compensated(step: step)))
        }
    }

    private mutating func feed(_ input: SagaInput) {
        let wasFinal = machine.progress.status.isFinal
        let before = machine.progress
        let actions = machine.handle(input)
        log.append("\(input) → \(actions) \(machine.progress.letters) \(machine.progress.status)")
        if actions.isEmpty, machine.progress != before { problems.append("moved without a word") }
        if case .operator(.skip, _, _) = input, machine.progress != before { skipped = true }
        for action in actions { perform(action, wasFinal: wasFinal) }
        if machine.progress.status == .stuck { wasStuck = true }
        if machine.progress.status.isFinal, !clocks.isEmpty { problems.append("a clock runs on after the end") }
    }

    private mutating func perform(_ action: SagaAction, wasFinal: Bool) {
        switch action {
        case .sendForward(let step, let again):
            if wasFinal || !compensationsSent.isEmpty { problems.append("a step after the end or on the way back") }
            if !again, answered[step] != nil { problems.append("step \(step) was sent anew") }
            parcels.append(.forward(step))
        case .sendCompensation(let step, let attempt):
            if wasFinal { problems.append("a compensation after the end") }
            if attempt == 1 {
                if let last = compensationsSent.last, last <= step { problems.append("not in reverse") }
                compensationsSent.append(step)
            }
            parcels.append(.compensation(step, round: plan.resend.round(of: attempt)))
        case .schedule(let clock, _): clocks.append(clock)
        case .cancel(let clock): clocks.removeAll { $0 == clock }
        case .complete, .compensatedAll:
            ends += 1
            if ends > 1 { problems.append("a second end") }
        case .settle, .stuck, .note, .refuse: break
        }
    }

    private mutating func checkEnd() {
        let progress = machine.progress
        guard progress.status.isFinal, ends == 1 else { return problems.append("no end: \(progress.status)") }
        guard !skipped else { return }
        let forward = Set(plan.steps.indices.filter { plan.steps[$0].hasForward })
        let undoable = Set(plan.steps.indices.filter { plan.steps[$0].hasCompensation })
        if progress.status == .completed {
            if isDone != forward { problems.append("completed with \(isDone) done") }
            if !compensationsSent.isEmpty { problems.append("completed and compensated") }
        } else {
            if !isDone.isDisjoint(with: undoable) { problems.append("left behind: \(isDone.intersection(undoable))") }
            let expected = undoable.filter { "r" == progress.letters.dropFirst($0).first }.sorted(by: >)
            if compensationsSent != expected { problems.append("compensated \(compensationsSent), not \(expected)") }
            let turned = plan.steps.indices.last { progress.steps[$0] != .pending } ?? 0
            for step in undoable where step < turned && progress.steps[step] != .compensated {
                problems.append("step \(step) before the failure was not undone")
            }
        }
    }
}

extension SeededGenerator {
    fileprivate mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
