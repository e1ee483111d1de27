public import Edge
public import EventStore
import Messaging
public import Projections
public import Sagas

extension Worker {
    /// Keeps a read model: rows made of events, and of nothing else.
    public mutating func project<P: Projection>(_ projection: P.Type) {
        projections.append(P.name)
        add(.projections)
        for event in handlers.project(projection) where !events.contains(where: { $0 == event }) { events.append(event) }
    }

    /// Runs a saga: this worker becomes its orchestrator. May be called for several sagas.
    /// - Throws: `SagaError` when the definition cannot work.
    public mutating func saga<S: Saga>(_ saga: S.Type) throws {
        try orchestrator.add(saga)
        sagas.append(S.name)
        add(.sagas)
    }

    /// The handlers, those of the sagas included.
    func allHandlers() -> MessageHandlers {
        var handlers = handlers
        if !sagas.isEmpty { orchestrator.register(on: &handlers) }
        return handlers
    }

    /// Keeps aggregates of one kind in an event store in the worker's schema. The worker refuses to start if the store holds
    /// events that it cannot read.
    ///
    /// - Parameter upcasters: the ways from older versions of the aggregate's events.
    /// - Returns: what loads and saves them, to be used by handlers.
    public mutating func aggregate<Root: Aggregate>(
        _ type: Root.Type, upcasters: Upcasters = Upcasters()
    ) -> AggregateRepository<Root> {
        let repository = AggregateRepository(type, upcasters: upcasters)
        add(.eventStore)
        startChecks.append { db in try await repository.prepare(in: db) }
        return repository
    }

    /// Puts middleware into the slots of the worker's HTTP pipeline: rate limit, authentication, idempotency.
    public mutating func pipeline(_ body: @escaping @Sendable (inout EdgePipeline, WorkerServices) -> Void) {
        pipelineBuilder = body
    }

    private mutating func add(_ set: FrameworkMigrations) {
        guard !frameworkMigrations.contains(where: { $0.historyTable == set.historyTable }) else { return }
        frameworkMigrations.append(set)
    }
}
