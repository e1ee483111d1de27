public import Contracts

/// One step of a saga: a command forward, the events that answer it, and how it is undone.
///
/// Inside a type that conforms to ``Saga`` it is called `Step`. Each modifier returns a changed copy.
public struct SagaStep<State>: Sendable {
    /// The step's name, unique in the saga; it is part of the fence and stands in the timeline.
    public let name: String
    /// The command forward; nil in a step that only has a compensation.
    package var forward: SagaCommand<State>?
    package var compensation: SagaCommand<State>?
    /// The events that answer the command forward.
    package var answers: [SagaAnswer<State>] = []
    /// The events that answer the compensation.
    package var compensationAnswers: [SagaAnswer<State>] = []
    package var timeout: Duration?
    package var onTimeout: (@Sendable (inout State) throws -> Void)?
    /// Where the step is written, for the messages of the validation.
    package let place: String

    /// A step that sends the command which `command` makes from the state.
    ///
    /// - Parameters:
    ///   - name: unique in the saga.
    ///   - command: must depend on the state alone: a command that is sent again is made again, under the same id.
    public init<C: Command>(
        _ name: String, file: StaticString = #fileID, line: UInt = #line,
        _ command: @escaping @Sendable (_ state: State) throws -> C
    ) {
        self.name = name
        self.forward = SagaCommand(type: C.type, make: command)
        self.place = "\(file):\(line)"
    }

    /// A step that only has a compensation.
    init(name: String, compensation: SagaCommand<State>, place: String) {
        self.name = name
        self.compensation = compensation
        self.place = place
    }

    /// The step has succeeded when this event answers its command.
    public func succeeds<E: Event>(on event: E.Type) -> Self {
        answering { $0.answers.append(SagaAnswer(E.self, outcome: .succeeded)) }
    }

    /// The step has succeeded when this event answers its command; `update` changes the state first.
    public func succeeds<E: Event>(
        on event: E.Type, _ update: @escaping @Sendable (_ state: inout State, _ event: E) throws -> Void
    ) -> Self {
        answering { $0.answers.append(SagaAnswer(E.self, outcome: .succeeded, update: update)) }
    }

    /// The step has failed, and has left nothing to undo, when this event answers its command. May be used several times.
    ///
    /// - Parameter reason: the reason that the timeline shows; the event's type by default.
    public func fails<E: Event>(on event: E.Type, reason: (@Sendable (E) -> String)? = nil) -> Self {
        answering { $0.answers.append(SagaAnswer(E.self, outcome: .failed, reason: reason)) }
    }

    /// The step has failed, and has left nothing to undo, when this event answers its command; `update` changes the state
    /// before the first compensation is made.
    ///
    /// - Parameter reason: the reason that the timeline shows; the event's type by default.
    public func fails<E: Event>(
        on event: E.Type, reason: (@Sendable (E) -> String)? = nil,
        _ update: @escaping @Sendable (_ state: inout State, _ event: E) throws -> Void
    ) -> Self {
        answering { $0.answers.append(SagaAnswer(E.self, outcome: .failed, reason: reason, update: update)) }
    }

    /// Gives the step up when no answer has come after this time. Without it a step waits for ever.
    ///
    /// A step that ran out of time may still have been done, so it is compensated as well: it needs a compensation.
    public func timeout(_ duration: Duration) -> Self { answering { $0.timeout = duration } }

    /// Gives the step up when no answer has come after this time; `update` changes the state before the first
    /// compensation is made.
    public func timeout(_ duration: Duration, _ update: @escaping @Sendable (_ state: inout State) throws -> Void)
        -> Self
    {
        answering {
            $0.timeout = duration
            $0.onTimeout = update
        }
    }

    /// Undoes the step, when a later one fails, with the command that `command` makes from the state.
    ///
    /// The receiver must answer it also when there is nothing to undo. Say with ``compensated(on:)`` how.
    public func compensate<C: Command>(_ command: @escaping @Sendable (_ state: State) throws -> C) -> Self {
        answering { $0.compensation = SagaCommand(type: C.type, make: command) }
    }

    /// The step is undone when this event answers its compensation.
    public func compensated<E: Event>(on event: E.Type) -> Self {
        answering { $0.compensationAnswers.append(SagaAnswer(E.self, outcome: .compensated)) }
    }

    /// The step is undone when this event answers its compensation; `update` changes the state.
    public func compensated<E: Event>(
        on event: E.Type, _ update: @escaping @Sendable (_ state: inout State, _ event: E) throws -> Void
    ) -> Self {
        answering { $0.compensationAnswers.append(SagaAnswer(E.self, outcome: .compensated, update: update)) }
    }

    private func answering(_ change: (inout Self) -> Void) -> Self {
        var copy = self
        change(&copy)
        return copy
    }
}

/// A step without a forward command: it only says what is to be sent when the saga fails after it.
///
/// Inside a type that conforms to ``Saga`` it is called `Undo`. A saga that is started by `order.created` begins, for
/// example, with the undo "reject order".
public struct SagaUndo<State>: Sendable {
    package var step: SagaStep<State>

    /// A compensation that is sent when a later step fails.
    public init<C: Command>(
        _ name: String, file: StaticString = #fileID, line: UInt = #line,
        _ command: @escaping @Sendable (_ state: State) throws -> C
    ) {
        step = SagaStep(name: name, compensation: SagaCommand(type: C.type, make: command), place: "\(file):\(line)")
    }

    /// It is undone when this event answers the command.
    public func compensated<E: Event>(on event: E.Type) -> Self {
        var copy = self
        copy.step = step.compensated(on: event)
        return copy
    }

    /// It is undone when this event answers the command; `update` changes the state.
    public func compensated<E: Event>(
        on event: E.Type, _ update: @escaping @Sendable (_ state: inout State, _ event: E) throws -> Void
    ) -> Self {
        var copy = self
        copy.step = step.compensated(on: event, update)
        return copy
    }
}
