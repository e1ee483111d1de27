import Contracts
import Logging
import Messaging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One saga as the orchestrator sees it, whatever its state is.
protocol SagaRunning: Sendable {
    var name: String { get }
    var startedBy: (topic: String, type: String) { get }
    var answerTypes: [(topic: String, type: String)] { get }
    var graph: SagaGraph { get }

    /// Begins the instance that the event starts, unless it has begun.
    func start(_ envelope: Envelope, _ context: MessageContext) async throws
    /// Takes an event that was caused by a command of the instance.
    func answer(
        _ envelope: Envelope, to command: SagaCommandRow, of instance: SagaInstanceRow, _ context: MessageContext)
        throws
    /// Takes an input that does not come from an event.
    func handle(_ input: SagaInput, of instance: SagaInstanceRow, _ context: MessageContext) throws
}

/// Performs what the machine of one saga decides: thin, without decisions of its own.
struct SagaRunner<State: Saga>: SagaRunning {
    let definition: SagaDefinition<State>
    let fingerprint: String
    let states = SagaStateCache<State>()
    let logger: Logger

    init(_ definition: SagaDefinition<State>, logger: Logger) {
        self.definition = definition
        self.fingerprint = definition.plan.fingerprint
        self.logger = logger
    }

    var name: String { definition.name }
    var startedBy: (topic: String, type: String) { (State.StartedBy.topic, State.StartedBy.type) }
    var answerTypes: [(topic: String, type: String)] { definition.answerTypes }
    var graph: SagaGraph { SagaGraph(definition) }

    func start(_ envelope: Envelope, _ context: MessageContext) async throws {
        let state = try State(startedBy: decode(envelope))
        let id = SagaIdentity.instance(of: name, startedBy: envelope.id)
        var machine = SagaMachine(plan: definition.plan)
        let actions = machine.handle(.start)
        guard case .sendForward(let step, _) = actions.first else {
            throw SagaError(.invalidDefinition, "saga \"\(name)\" has no command to begin with")
        }
        let key = envelope.partitionKey ?? id.lowercased
        let begin = SagaWrite.begin(
            id: id, saga: name, definition: fingerprint, key: key, state: try states.encode(state, of: id),
            correlation: envelope.correlationID ?? envelope.id, startedBy: envelope.id, progress: machine.progress,
            sent: sent(id, step, .forward, attempt: 1))
        // The answer is awaited: the inbox forgets old events, and a start that comes again after that sends nothing.
        guard try await context.db.execute(begin).first?.decode(Int.self, at: 0) == 1 else {
            logger.debug("saga was started before", metadata: ["saga": "\(name)", "instance": "\(id.lowercased)"])
            return
        }
        try sendCommands(actions, id, state, context)
        setTimers(actions, id, key, context)
    }

    private func decode(_ envelope: Envelope) throws -> State.StartedBy {
        do { return try envelope.decode(State.StartedBy.self) } catch { throw Permanent(error) }
    }

    func answer(
        _ envelope: Envelope, to command: SagaCommandRow, of instance: SagaInstanceRow, _ context: MessageContext
    ) throws {
        guard let answer = definition.answer(to: command.step, command.direction, type: envelope.type) else {
            logger.debug(
                "event is not an answer of its step",
                metadata: ["saga": "\(name)", "instance": "\(instance.id.lowercased)", "type": "\(envelope.type)"])
            return
        }
        let input: SagaInput =
            switch answer.outcome {
            case .succeeded: .succeeded(step: command.step)
            case .failed: .failed(step: command.step, reason: try answer.reason(envelope))
            case .compensated: .compensated(step: command.step)
            }
        let update = answer.update
        try take(input, of: instance, context, update: update.map { update in { try update(&$0, envelope) } })
    }

    func handle(_ input: SagaInput, of instance: SagaInstanceRow, _ context: MessageContext) throws {
        var update: ((inout State) throws -> Void)?
        if case .timedOut(let step) = input, definition.steps.indices.contains(step) {
            update = definition.steps[step].onTimeout
        }
        try take(input, of: instance, context, update: update)
    }
}
