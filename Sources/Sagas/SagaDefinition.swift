/// A saga's steps, checked: what the orchestrator works with.
public struct SagaDefinition<State: Saga>: Sendable {
    /// The saga's name.
    public let name: String
    /// The shape that the state machine follows.
    public let plan: SagaPlan
    package let steps: [SagaStep<State>]

    /// Reads and checks the definition of a saga.
    ///
    /// - Throws: `.invalidDefinition`, naming every problem and its remedy.
    public init(_ saga: State.Type = State.self) throws(SagaError) {
        let steps = State.steps.steps
        let problems = Self.problems(name: State.name, steps: steps)
        guard problems.isEmpty else {
            throw SagaError(
                .invalidDefinition,
                "saga \"\(State.name)\" cannot run:\n" + problems.map { "  - \($0)" }.joined(separator: "\n"))
        }
        self.name = State.name
        self.steps = steps
        self.plan = SagaPlan(
            steps: steps.map {
                SagaPlan.Step(
                    name: $0.name, hasForward: $0.forward != nil, hasCompensation: $0.compensation != nil,
                    timeout: $0.timeout)
            }, resend: State.resend)
    }

    /// How the definition understands an event that answers one of a step's commands; nil when it is none of its answers.
    package func answer(to step: Int, _ direction: SagaDirection, type: String) -> SagaAnswer<State>? {
        guard steps.indices.contains(step) else { return nil }
        let answers = direction == .forward ? steps[step].answers : steps[step].compensationAnswers
        return answers.first { $0.type == type }
    }

    /// The events that answer some command of the saga, each once, sorted.
    package var answerTypes: [(topic: String, type: String)] {
        var topics: [String: String] = [:]
        for answer in steps.flatMap({ $0.answers + $0.compensationAnswers }) { topics[answer.type] = answer.topic }
        return topics.sorted { $0.key < $1.key }.map { (topic: $0.value, type: $0.key) }
    }
}
