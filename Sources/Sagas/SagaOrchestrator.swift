package import Contracts
public import Logging
public import Messaging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Runs the sagas of one worker: it takes the events that start them, the answers to their commands and their timers.
///
/// ```swift
/// var orchestrator = SagaOrchestrator(logger: logger)
/// try orchestrator.add(Checkout.self)
/// orchestrator.register(on: &handlers)
/// ```
///
/// Its tables (``SagaSchema``) are in the worker's schema. The worker must handle the answers with the causation of the
/// command, which messaging does by itself. One worker has one orchestrator: its timers have fixed kinds.
///
/// An answer costs one statement that moves the instance and goes out with the commit, and, if this process has not sent the
/// command lately, one that loads it.
public struct SagaOrchestrator: Sendable {
    private var runners: [String: any SagaRunning] = [:]
    private var starters: [String: [any SagaRunning]] = [:]
    private var answerTypes: Set<String> = []
    private let desk = SagaDesk()
    private let logger: Logger

    /// Makes an orchestrator without sagas.
    public init(logger: Logger = Logger(label: "millrace.sagas")) { self.logger = logger }

    /// Adds a saga.
    ///
    /// - Throws: `.invalidDefinition` when the definition cannot work, or another saga has its name.
    public mutating func add<S: Saga>(_ saga: S.Type) throws(SagaError) {
        let definition = try SagaDefinition(saga)
        guard runners[definition.name] == nil else {
            throw SagaError(
                .invalidDefinition, "two sagas are called \"\(definition.name)\": give one another `static var name`")
        }
        let runner = SagaRunner(definition, desk: desk, logger: logger)
        runners[runner.name] = runner
        starters[runner.startedBy.type, default: []].append(runner)
        answerTypes.formUnion(runner.answerTypes.map(\.type))
    }

    /// The pictures of the sagas, by name.
    public var graphs: [SagaGraph] { sorted.map(\.graph) }

    private var sorted: [any SagaRunning] { runners.values.sorted { $0.name < $1.name } }

    /// Registers the handlers: one for each type of event, and the timers.
    public func register(on handlers: inout MessageHandlers) {
        var topics: [String: String] = [:]
        for runner in sorted {
            topics[runner.startedBy.type] = runner.startedBy.topic
            for answer in runner.answerTypes { topics[answer.type] = answer.topic }
        }
        let taker = self
        for (type, topic) in topics.sorted(by: { $0.key < $1.key }) {
            handlers.on(rawType: type, topic: topic, name: "saga:\(type)", eagerly: true) { try await taker.take($0, $1) }
        }
        for kind in [SagaTimers.clock, SagaTimers.request] {
            handlers.onTimer(kind) { timer, context in try await taker.fire(kind, timer.payload, context) }
        }
    }

    /// Takes an event: it may start sagas, and it may answer a command.
    package func take(_ envelope: Envelope, _ context: MessageContext) async throws {
        for runner in starters[envelope.type] ?? [] { try await runner.start(envelope, context) }
        if answerTypes.contains(envelope.type) { try await answer(envelope, context) }
    }

    /// Finds the instance whose command caused the event. Events with other causes are none of the orchestrator's business.
    private func answer(_ envelope: Envelope, _ context: MessageContext) async throws {
        if context.isEager, let cause = envelope.causationID, let known = desk.take(cause),
            try runner(of: known.instance).answer(
                envelope, to: known.command, of: known.instance, isCertain: false, context)
        {
            return
        }
        guard let cause = envelope.causationID,
            let row = try await context.db.execute(SagaInstanceRow.byCommand(cause)).first
        else {
            logger.debug("event answers no command", metadata: ["type": "\(envelope.type)", "id": "\(envelope.id)"])
            return
        }
        let instance = try SagaInstanceRow(row)
        // An instance of a saga that this build does not have fails, and its answers are parked for an operator.
        _ = try runner(of: instance).answer(envelope, to: SagaCommandRow(row), of: instance, isCertain: true, context)
    }

    private func fire(_ kind: String, _ payload: [UInt8], _ context: MessageContext) async throws {
        let (id, input) = try SagaTimers.parse(kind: kind, payload)
        guard let row = try await context.db.execute(SagaInstanceRow.byID(id)).first else {
            logger.debug("timer of an instance that is gone", metadata: ["instance": "\(id)"])
            return
        }
        let instance = try SagaInstanceRow(row)
        try runner(of: instance).handle(input, of: instance, context)
    }

    private func runner(of instance: SagaInstanceRow) throws(SagaError) -> any SagaRunning {
        guard let runner = runners[instance.saga] else {
            throw SagaError(
                .definitionChanged,
                "instance \(instance.id) belongs to the saga \"\(instance.saga)\", which this worker lacks")
        }
        return runner
    }
}
