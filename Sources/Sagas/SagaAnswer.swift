package import Contracts

/// A command that a step sends, made from the state when it is due.
package struct SagaCommand<State>: Sendable {
    package let type: String
    package let make: @Sendable (State) throws -> any Command

    init<C: Command>(type: String, make: @escaping @Sendable (State) throws -> C) {
        self.type = type
        self.make = { try make($0) }
    }
}

/// An event that answers one of a step's two commands.
package struct SagaAnswer<State>: Sendable {
    package enum Outcome: Sendable { case succeeded, failed, compensated }

    package let type: String
    package let topic: String
    package let outcome: Outcome
    /// Changes the state; nil when the definition does not look at the event, which then is not decoded at all.
    package let update: (@Sendable (inout State, Envelope) throws -> Void)?
    /// Why the step failed.
    package let reason: @Sendable (Envelope) throws -> String

    init<E: Event>(
        _ event: E.Type, outcome: Outcome, reason: (@Sendable (E) -> String)? = nil,
        update: (@Sendable (inout State, E) throws -> Void)? = nil
    ) {
        self.type = E.type
        self.topic = E.topic
        self.outcome = outcome
        if let update {
            self.update = { state, envelope in try update(&state, envelope.decode(E.self)) }
        } else {
            self.update = nil
        }
        if let reason {
            self.reason = { envelope in try reason(envelope.decode(E.self)) }
        } else {
            self.reason = { _ in E.type }
        }
    }
}
