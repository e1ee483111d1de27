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
    ///
    /// - Parameter isCertain: whether the instance is what is stored. If not, only what moves it, and so finds out, is done.
    /// - Returns: false if nothing was done because it is not certain.
    func answer(
        _ envelope: Envelope, to command: SagaCommandRow, of instance: SagaInstanceRow, isCertain: Bool,
        _ context: MessageContext
    ) throws -> Bool
    /// Takes an input that does not come from an event.
    func handle(_ input: SagaInput, of instance: SagaInstanceRow, _ context: MessageContext) throws
}

/// Performs what the machine of one saga decides: thin, without decisions of its own.
struct SagaRunner<State: Saga>: SagaRunning {
    let definition: SagaDefinition<State>
    let fingerprint: String
    let states = SagaStateCache<State>()
    let desk: SagaDesk
    let logger: Logger

    init(_ definition: SagaDefinition<State>, desk: SagaDesk, logger: Logger) {
        self.definition = definition
        self.desk = desk
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
        let encoded = try states.encode(state, of: id)
        let sent = sent(id, step, .forward, attempt: 1)
        let begin = SagaWrite.begin(
            id: id, saga: name, definition: fingerprint, key: key, state: encoded,
            correlation: envelope.correlationID ?? envelope.id, startedBy: envelope.id, progress: machine.progress,
            sent: sent, isEager: context.isEager)
        if context.isEager {
            context.db.enqueue(begin)
        } else if try await context.db.execute(begin).first?.decode(Int.self, at: 0) != 1 {
            // The inbox forgets old events: a start that comes again after that sends nothing.
            logger.debug("saga was started before", metadata: ["saga": "\(name)", "instance": "\(id.lowercased)"])
            return
        }
        let instance = SagaInstanceRow(
            id: id, saga: name, definition: fingerprint, key: key, state: Array(encoded.utf8), progress: machine.progress, version: 1)
        context.afterCommit { [desk] in desk.expect(instance, sent) }
        try sendCommands(actions, id, state, context)
        setTimers(actions, id, key, context)
    }

    private func decode(_ envelope: Envelope) throws -> State.StartedBy {
        do { return try envelope.decode(State.StartedBy.self) } catch { throw Permanent(error) }
    }

    func answer(
        _ envelope: Envelope, to command: SagaCommandRow, of instance: SagaInstanceRow, isCertain: Bool,
        _ context: MessageContext
    ) throws -> Bool {
        guard let answer = definition.answer(to: command.step, command.direction, type: envelope.type) else {
            logger.debug(
                "event is not an answer of its step",
                metadata: ["saga": "\(name)", "instance": "\(instance.id.lowercased)", "type": "\(envelope.type)"])
            return true
        }
        let input: SagaInput =
            switch answer.outcome {
            case .succeeded: .succeeded(step: command.step)
            case .failed: .failed(step: command.step, reason: try answer.reason(envelope))
            case .compensated: .compensated(step: command.step)
            }
        let update = answer.update
        return try take(
            input, of: instance, isCertain: isCertain, context, update: update.map { update in { try update(&$0, envelope) } })
    }

    func handle(_ input: SagaInput, of instance: SagaInstanceRow, _ context: MessageContext) throws {
        var update: ((inout State) throws -> Void)?
        if case .timedOut(let step) = input, definition.steps.indices.contains(step) {
            update = definition.steps[step].onTimeout
        }
        _ = try take(input, of: instance, isCertain: true, context, update: update)
    }
}
