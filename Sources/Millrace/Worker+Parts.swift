public import Edge
public import EventStore
import Messaging
public import Projections
public import Sagas
import ServiceLifecycle

extension Worker {
    /// Keeps a read model: rows made of events, and of nothing else.
    public mutating func project<P: Projection>(_ projection: P.Type) {
        projections.append(P.name)
        add(.projections)
        for event in handlers.project(projection) where !events.contains(where: { $0 == event }) { events.append(event) }
    }

    /// Runs a saga: this worker becomes its orchestrator. May be called for several sagas.
    ///
    /// Instances that have come to their end are removed after `MILLRACE_SAGA_RETENTION_DAYS`, 30 unless set.
    /// - Throws: `SagaError` when the definition cannot work; ``SettingsError`` when the days are not from 1 to 3650.
    public mutating func saga<S: Saga>(_ saga: S.Type) throws {
        try orchestrator.add(saga)
        // A saga takes its answers by their names.
        if let catalog = S.StartedBy.catalog { handlers.knows(catalog) }
        if sagas.isEmpty {
            let age = Duration.seconds(86_400 * (try settings.integer("MILLRACE_SAGA_RETENTION_DAYS", default: 30, in: 1...3_650)))
            service { SagaRetentionService(retention: SagaRetention(postgres: $0.db, age: age, logger: $0.logger)) }
        }
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

    mutating func add(_ set: FrameworkMigrations) {
        guard !frameworkMigrations.contains(where: { $0.historyTable == set.historyTable }) else { return }
        frameworkMigrations.append(set)
    }
}

private struct SagaRetentionService: Service {
    let retention: SagaRetention

    func run() async throws { await cancelWhenGracefulShutdown { await retention.run() } }
}
