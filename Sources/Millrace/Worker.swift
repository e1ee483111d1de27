public import Contracts
public import Edge
public import Hummingbird
import Logging
public import Messaging
import Observability
public import Postgres
import Sagas
public import ServiceLifecycle

/// What a worker does, collected by ``WorkerProgram/configure(_:)``.
///
/// Every handler runs inside one database transaction together with its inbox row and what it publishes: either all of
/// it happens or nothing does, however often the broker delivers the message.
public struct Worker: Sendable {
    /// The worker's name.
    public let name: String
    /// What the environment says.
    public let settings: WorkerSettings
    /// Fine tuning of queues, batches, retries and retention. Set what differs from the defaults.
    public var messaging: MessagingConfiguration

    var handlers = MessageHandlers()
    var orchestrator: SagaOrchestrator
    var projections: [String] = []
    var sagas: [String] = []
    var commands: [String] = []
    var events: [(type: String, topic: String)] = []
    var audits: [@Sendable (any PostgresExecutor) async throws -> [String: Int]] = []
    var routeBuilders: [@Sendable (Router<HTTPContext>, WorkerServices) -> Void] = []
    var serviceBuilders: [@Sendable (WorkerServices) -> any Service] = []
    var pipelineBuilder: (@Sendable (inout EdgePipeline, WorkerServices) -> Void)?
    var startChecks: [@Sendable (PostgresClient) async throws -> Void] = []
    var frameworkMigrations: [FrameworkMigrations] = [.messaging]

    package init(name: String, settings: WorkerSettings) {
        self.name = name
        self.settings = settings
        self.messaging = settings.messaging(worker: name)
        self.orchestrator = SagaOrchestrator(logger: .worker(name, level: settings.logLevel))
    }

    /// Handles messages of one type.
    ///
    /// A command arrives from the exchange `commands`, an event from its topic. Messages with one partition key are
    /// handled one after another, others side by side.
    /// - Parameters:
    ///   - type: the message type; several handlers of one type run one after another, in one transaction.
    ///   - eagerly: run it before it is known whether the message is new, and roll it back if it is not; that saves a round
    ///     trip to the database. Only for a handler that does nothing but work with its context: it must not call out.
    ///   - body: what to do. Throwing rolls back and retries with backoff; throwing ``Permanent`` parks at once.
    public mutating func handle<M: Message>(
        _ type: M.Type, eagerly: Bool = false, _ body: @escaping @Sendable (M, MessageContext) async throws -> Void
    ) {
        note(type)
        handlers.on(type, eagerly: eagerly) { message, context in
            try await withLogScope(context) { try await body(message, context) }
        }
    }

    /// Does something when a timer that was set with `context.schedule` is due.
    public mutating func onTimer(
        _ kind: String, _ body: @escaping @Sendable (FiredTimer, MessageContext) async throws -> Void
    ) {
        handlers.onTimer(kind) { timer, context in
            try await withLogScope(context) { try await body(timer, context) }
        }
    }

    /// Adds checks and counts to `audit`. Keys are words joined by dots; equal keys of several calls are an error.
    public mutating func audit(_ body: @escaping @Sendable (any PostgresExecutor) async throws -> [String: Int]) {
        audits.append(body)
    }

    /// Adds HTTP routes. Errors that handlers throw become `application/problem+json`; see `Problem`.
    public mutating func routes(_ body: @escaping @Sendable (Router<HTTPContext>, WorkerServices) -> Void) {
        routeBuilders.append(body)
    }

    /// Adds HTTP routes that need none of the worker's services.
    public mutating func routes(_ body: @escaping @Sendable (Router<HTTPContext>) -> Void) {
        routeBuilders.append { router, _ in body(router) }
    }

    /// Runs a service of the worker's own. It starts after the framework's services and stops before them.
    public mutating func service(_ make: @escaping @Sendable (WorkerServices) -> any Service) {
        serviceBuilders.append(make)
    }

    private mutating func note<M: Message>(_ type: M.Type) {
        if let event = type as? any Event.Type {
            if !events.contains(where: { $0.type == type.type }) { events.append((type.type, event.topic)) }
        } else if !commands.contains(type.type) {
            commands.append(type.type)
        }
    }
}
