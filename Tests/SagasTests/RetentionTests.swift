import Contracts
import Messaging
import Postgres
import Sagas
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite(.timeLimit(.minutes(4))) struct RetentionTests {
    /// Instances that began and ended so many days ago, with a step and a line of history each.
    private func insert(_ world: TripWorld, _ count: Int, daysAgo: Double, endedDaysAgo: Double? = nil, status: SagaStatus) async throws {
        let time = Date(timeIntervalSinceNow: -daysAgo * 86_400)
        let ended = Date(timeIntervalSinceNow: -(endedDaysAgo ?? daysAgo) * 86_400)
        let ids = (0..<count).map { _ in SagaIdentity.instance(of: "trip", startedBy: .v7(at: time)) }
        let commands = ids.map { SagaIdentity.command($0, step: 0, .forward) }
        let db = world.sagaWorker.postgres
        try await db.execute(
            """
            INSERT INTO saga_instances (id, saga, definition, key, state, status, progress, step, step_name, started_by, created_at, updated_at)
            SELECT id, 'trip', 'd', 'k', '{}', \(status.rawValue), 'd', 0, 's', id, \(time), \(ended) FROM unnest(\(ids)) AS id
            """)
        try await db.execute(
            """
            INSERT INTO saga_steps (command_id, saga_id, step, name, direction)
            SELECT c, i, 0, 's', 'forward' FROM unnest(\(commands), \(ids)) AS t(c, i)
            """)
        try await db.execute("INSERT INTO saga_history (saga_id, kind, detail) SELECT id, 'k', '' FROM unnest(\(ids)) AS id")
    }

    private func counts(_ world: TripWorld, _ table: String) async throws -> Int {
        try await world.count("SELECT count(*) FROM \(identifier: table)")
    }

    /// Fails when the age is not looked at (the young ones go), when an unfinished instance goes, when the next thousand is not
    /// looked for (the next sweep is an hour away), and when steps or history stay behind.
    @Test func thoseThatEndedLongAgoGo() async throws {
        let world = try await TripWorld()
        try await insert(world, 2_300, daysAgo: 31, status: .completed)
        try await insert(world, 400, daysAgo: 90, status: .compensated)
        try await insert(world, 30, daysAgo: 90, status: .stuck)
        try await insert(world, 20, daysAgo: 90, status: .running)
        try await insert(world, 10, daysAgo: 90, status: .compensating)
        // Begun long ago, and ended lately.
        try await insert(world, 40, daysAgo: 90, endedDaysAgo: 29, status: .completed)
        try await insert(world, 50, daysAgo: 29, status: .completed)
        let retention = SagaRetention(postgres: world.sagaWorker.postgres, interval: .seconds(3_600))
        let running = Task { await retention.run() }
        try await eventually("the old ones are gone") {
            try await world.count(
                """
                SELECT count(*) FROM saga_instances
                WHERE status IN ('completed', 'compensated') AND updated_at < now() - interval '30 days'
                """) == 0
        }
        running.cancel()
        await running.value
        for table in ["saga_instances", "saga_steps", "saga_history"] { #expect(try await counts(world, table) == 150, "\(table)") }
        #expect(try await world.count("SELECT count(*) FROM saga_instances WHERE status IN ('stuck', 'running', 'compensating')") == 60)
        await world.end()
    }
}

// Its event goes over the topic that the worlds share: one after another with the tests that count what it starts.
extension FlowTests {
    /// The worker's timers are looked at once a minute here. Fails without the NOTIFY in SagaStore.request, and without the relay's
    /// passing it on (OutboxRelay.session).
    @Test func aRequestIsCarriedOutAtOnce() async throws {
        try await TripWorld.run(agencyRuns: false, timerPoll: .seconds(60)) { world in
            try await eventually("it listens") { world.sagaWorker.messaging.state.isRelaying }
            try await world.sagaWorker.messaging.transact { try $0.publish(TripPlanned(trip: "x")) }
            try await world.reaches(.running, ["x"])
            try await world.store.request(.compensate, world.id("x"), by: "tester")
            try await eventually("the request is carried out", within: .seconds(30)) { try await world.summary("x")?.status != .running }
        }
    }
}
