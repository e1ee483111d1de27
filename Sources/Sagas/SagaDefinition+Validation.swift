import Contracts

extension SagaDefinition {
    /// Everything that keeps the definition from working, each with what to do about it.
    static func problems(name: String, steps: [SagaStep<State>]) -> [String] {
        var problems: [String] = []
        if !SagaNaming.isValid(name) {
            problems.append(
                "the name \"\(name)\" must be lower-case letters, digits and hyphens, at most 64: set `static var name`"
            )
        }
        guard let lastForward = steps.lastIndex(where: { $0.forward != nil }) else {
            return problems + ["it has no step that sends a command: add a Step(\"…\") { … }"]
        }
        if steps.count > maximumSteps {
            problems.append("it has \(steps.count) steps, more than \(maximumSteps): split it")
        }
        problems += duplicateNames(in: steps)
        for (position, step) in steps.enumerated() {
            let found = Self.problems(of: step) + (position > lastForward ? [tooLate] : [])
            problems += found.map { "\(step.place): \"\(step.name)\" \($0)" }
        }
        return problems
    }

    /// A step's position is one byte of its commands' ids.
    private static var maximumSteps: Int { 255 }

    private static var tooLate: String {
        "comes after the last command, so it would never be sent: move it before the step whose failure it is for"
    }

    private static func duplicateNames(in steps: [SagaStep<State>]) -> [String] {
        var seen: Set<String> = []
        return steps.filter { !seen.insert($0.name).inserted }
            .map { "\($0.place): a second step is called \"\($0.name)\": names must be unique, rename one" }
    }

    private static func problems(of step: SagaStep<State>) -> [String] {
        var problems: [String] = []
        if step.name.isEmpty || step.name.utf8.count > 100
            || step.name.utf8.contains(where: { $0 < 0x20 || $0 == slash })
        {
            problems.append(
                "needs a name of 1 to 100 bytes without slashes and control characters (it is part of the fence)")
        }
        if step.forward != nil, !step.answers.contains(where: { $0.outcome == .succeeded }) {
            problems.append("would wait for ever: say which event means success with .succeeds(on:)")
        }
        if step.compensation != nil, step.compensationAnswers.isEmpty {
            problems.append(
                "would be compensated for ever: say which event answers the compensation with .compensated(on:)")
        }
        if step.compensation == nil, !step.compensationAnswers.isEmpty {
            problems.append("has .compensated(on:) but nothing to answer: add .compensate { … } or remove it")
        }
        return problems + timeoutProblems(of: step) + answerProblems(of: step)
    }

    private static func timeoutProblems(of step: SagaStep<State>) -> [String] {
        guard let timeout = step.timeout else { return [] }
        if timeout <= .zero { return ["has a timeout of \(timeout): it must be longer than nothing"] }
        guard step.compensation == nil else { return [] }
        return [
            "has a timeout but no compensation: after a timeout nobody knows whether it was done, so add .compensate { … } "
                + "or remove .timeout(…)"
        ]
    }

    private static func answerProblems(of step: SagaStep<State>) -> [String] {
        var problems: [String] = []
        for answers in [step.answers, step.compensationAnswers] {
            var seen: Set<String> = []
            for answer in answers where !seen.insert(answer.type).inserted {
                problems.append(
                    "names the event \(answer.type) twice: one event can mean one thing, remove one of the two")
            }
        }
        for answer in step.answers + step.compensationAnswers where answer.type == State.StartedBy.type {
            problems.append(
                "is answered by \(answer.type), which also starts the saga, so each answer would start another one: "
                    + "answer with an event of its own")
        }
        return problems
    }

    private static var slash: UInt8 { UInt8(ascii: "/") }
}
