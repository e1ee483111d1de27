import Contracts
import Messaging
import Postgres
import Sagas
import TestSupport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The worker with the sagas, and the worker that they command.
struct TripWorld: Sendable {
    let agency = TestAgency()
    let agencyWorker: TestWorker
    let sagaWorker: TestWorker
    let sagaDatabase: PostgresConfiguration
    let store: SagaStore

    static func handlers() throws -> MessageHandlers {
        var orchestrator = SagaOrchestrator(logger: TestWorker.logger("sagas"))
        try orchestrator.add(TripSaga.self)
        try orchestrator.add(HastyTrip.self)
        var handlers = MessageHandlers()
        orchestrator.register(on: &handlers)
        return handlers
    }

    init(timerPoll: Duration? = nil) async throws {
        sagaDatabase = try await TestPostgres.schema("sagas")
        let agencyDatabase = try await TestPostgres.schema("agency")
        var configuration = TestWorker.configuration("sagas")
        if let timerPoll { configuration.timerPoll = timerPoll }
        sagaWorker = try await TestWorker(configuration, try Self.handlers(), database: sagaDatabase)
        agencyWorker = try await TestWorker(
            TestWorker.configuration("agency"), agency.handlers, database: agencyDatabase)
        store = SagaStore(postgres: sagaWorker.postgres)
        try await Self.migrate(sagaWorker.postgres, SagaSchema.historyTable, SagaSchema.migrations)
        try await Self.migrate(agencyWorker.postgres, "agency_history", [TestAgency.table])
    }

    private static func migrate(_ client: PostgresClient, _ table: String, _ migrations: [Migration]) async throws {
        _ = try await Migrator(client: client, schema: nil, historyTable: table, migrations: migrations).migrate()
    }

    /// Runs `body` in a world of its own, with both workers unless it runs them itself.
    static func run(
        agencyRuns: Bool = true, timerPoll: Duration? = nil, _ body: @Sendable (TripWorld) async throws -> Void
    ) async throws {
        let world = try await TripWorld(timerPoll: timerPoll)
        do {
            try await world.sagaWorker.running {
                if agencyRuns {
                    try await world.agencyWorker.running { try await body(world) }
                } else {
                    try await body(world)
                }
            }
        } catch {
            await world.end()
            throw error
        }
        await world.end()
    }

    func end() async {
        await sagaWorker.end()
        await agencyWorker.end()
    }

    /// Publishes the events that start sagas, from the agency. Their ids are the trips' names in what comes back.
    func plan(_ events: [some Event]) async throws {
        try await agencyWorker.messaging.transact { context in
            for event in events { try context.publish(event) }
        }
    }

    func summary(_ trip: String) async throws -> SagaSummary? {
        try await store.list(SagaFilter(key: trip)).first
    }

    func id(_ trip: String) async throws -> UUID {
        guard let id = try await summary(trip)?.id else { throw NeverHappened(what: "no saga for \(trip)") }
        return id
    }

    func reaches(_ status: SagaStatus, _ trips: [String]) async throws {
        try await eventually("\(trips.count) sagas \(status)") {
            let reached = try await store.list(SagaFilter(statuses: [status]), limit: 1_000).map(\.key)
            return Set(reached).isSuperset(of: trips)
        }
    }

    func bookings(_ trip: String) async throws -> Set<String> {
        let rows = try await agencyWorker.postgres.execute("SELECT what FROM bookings WHERE trip = \(trip)")
        return Set(try rows.map { try $0.decode(String.self, at: 0) })
    }

    /// `<kind> <step>` of each entry of the timeline, a compensation marked by `undo`.
    func timeline(_ trip: String) async throws -> [String] {
        guard let id = try await summary(trip)?.id, let details = try await store.show(id) else { return [] }
        return details.timeline.map { entry in
            [entry.direction == .compensate ? "undo" : nil, entry.kind, entry.step].compactMap { $0 }.joined(
                separator: " ")
        }
    }

    func count(_ sql: SQL) async throws -> Int {
        try await sagaWorker.postgres.execute(sql).first?.decode(Int.self, at: 0) ?? -1
    }

    /// Nothing is left that could still happen.
    func isQuiet() async throws -> Bool {
        try await count(
            "SELECT (SELECT count(*) FROM timers) + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM parked)") == 0
    }
}
