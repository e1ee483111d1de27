/// The steps of a saga, as the body of ``Saga/steps`` makes them.
public protocol SagaSteps<State>: Sendable {
    /// The saga that the steps belong to.
    associatedtype State

    /// The steps in the order in which they run.
    var steps: [SagaStep<State>] { get }
}

/// The list of steps that ``SagaBuilder`` makes.
public struct SagaSequence<State>: SagaSteps {
    /// The steps in the order in which they run.
    public let steps: [SagaStep<State>]

    /// Makes a sequence from steps that were put together by hand.
    public init(_ steps: [SagaStep<State>]) { self.steps = steps }
}

/// Reads the body of ``Saga/steps``: one `Step` or `Undo` a line; `if` and `for` are allowed.
@resultBuilder
public enum SagaBuilder<State> {
    /// A forward step.
    public static func buildExpression(_ step: SagaStep<State>) -> [SagaStep<State>] { [step] }

    /// A compensation without a forward command.
    public static func buildExpression(_ undo: SagaUndo<State>) -> [SagaStep<State>] { [undo.step] }

    /// Explains what a line of the body has to be.
    @available(
        *, unavailable,
        message: "each line of a saga's steps is a Step(\"name\") { command } or an Undo(\"name\") { command }"
    )
    public static func buildExpression<Other>(_ other: Other) -> [SagaStep<State>] { [] }

    /// The lines one after another.
    public static func buildBlock(_ parts: [SagaStep<State>]...) -> [SagaStep<State>] { parts.flatMap { $0 } }

    /// `if` without `else`.
    public static func buildOptional(_ part: [SagaStep<State>]?) -> [SagaStep<State>] { part ?? [] }

    /// `if`, first branch.
    public static func buildEither(first part: [SagaStep<State>]) -> [SagaStep<State>] { part }

    /// `if`, second branch.
    public static func buildEither(second part: [SagaStep<State>]) -> [SagaStep<State>] { part }

    /// `for`.
    public static func buildArray(_ parts: [[SagaStep<State>]]) -> [SagaStep<State>] { parts.flatMap { $0 } }

    /// The whole body.
    public static func buildFinalResult(_ steps: [SagaStep<State>]) -> SagaSequence<State> { SagaSequence(steps) }
}
