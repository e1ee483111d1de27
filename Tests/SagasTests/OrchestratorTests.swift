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

/// The orchestrator on a real database, message by message; the workers are not running.
@Suite(.serialized, .timeLimit(.minutes(4))) struct OrchestratorTests {
    struct Desk: Sendable {
        let world: TripWorld
        var orchestrator: SagaOrchestrator

        func take(_ envelopes: Envelope...) async throws {
            try await world.sagaWorker.messaging.transact { context in
                for envelope in envelopes { try await orchestrator.take(envelope, context) }
            }
        }

        /// The types of the commands in the outbox, oldest first.
        func sent() async throws -> [String] {
            let rows = try await world.sagaWorker.postgres.execute("SELECT routing_key FROM outbox ORDER BY id")
            return try rows.map { try $0.decode(String.self, at: 0) }
        }

        func answer(_ event: some Event, to command: UUID) throws -> Envelope {
            try Envelope(event, source: "/test", correlationID: .v7(), causationID: command)
        }
    }

    private func withDesk(_ body: (Desk) async throws -> Void) async throws {
        let world = try await TripWorld()
        var orchestrator = SagaOrchestrator(logger: TestWorker.logger("sagas"))
        try orchestrator.add(TripSaga.self)
        let desk = Desk(world: world, orchestrator: orchestrator)
        do {
            try await body(desk)
        } catch {
            await world.end()
            throw error
        }
        await world.end()
    }

    /// The inbox forgets after a week, so a start may come again.
    ///
    /// Fails when `start` does not look at what the insert answered: the first command then leaves twice.
    @Test func theSameStartBeginsOneInstance() async throws {
        try await withDesk { desk in
            let start = try Envelope(TripPlanned(trip: "x"), source: "/test")
            try await desk.take(start)
            try await desk.take(start)
            #expect(try await desk.sent() == [BookSeat.type])
            #expect(try await desk.world.count("SELECT count(*) FROM saga_instances") == 1)
        }
    }

    @Test func commandsCarryTheirFenceAndCorrelation() async throws {
        try await withDesk { desk in
            let start = try Envelope(TripPlanned(trip: "x"), source: "/test")
            try await desk.take(start)
            let row = try #require(try await desk.world.sagaWorker.postgres.execute("SELECT payload FROM outbox").first)
            let command = try Envelope(decoding: row.decode([UInt8].self, at: 0))
            let id = SagaIdentity.instance(of: "trip", startedBy: start.id)
            #expect(command.id == SagaIdentity.command(id, step: 1, .forward))
            #expect(command.extensions == ["sagastep": "trip/\(id.lowercased)/book seat", "sagadirection": "forward"])
        }
    }

    @Test func otherEventsAreNoneOfItsBusiness() async throws {
        try await withDesk { desk in
            let start = try Envelope(TripPlanned(trip: "x"), source: "/test")
            try await desk.take(start)
            let id = SagaIdentity.instance(of: "trip", startedBy: start.id)
            let before = try await desk.world.summary("x")
            // Caused by nothing, by something else, and an event that answers another step.
            try await desk.take(try Envelope(SeatBooked(trip: "x", seat: "1"), source: "/test"))
            try await desk.take(try desk.answer(SeatBooked(trip: "x", seat: "1"), to: .v7()))
            try await desk.take(try desk.answer(RoomBooked(trip: "x"), to: SagaIdentity.command(id, step: 1, .forward)))
            #expect(try await desk.world.summary("x") == before)
            #expect(try await desk.sent() == [BookSeat.type])
        }
    }

    /// Two answers of one instance in one batch are two lanes of one transaction, which no row lock keeps apart.
    ///
    /// Fails when the version is taken out of `SagaWrite.statement`: both answers then count, and both their commands leave.
    @Test func twoLanesCannotBothMoveAnInstance() async throws {
        try await withDesk { desk in
            for round in 0..<10 {
                let start = try Envelope(TripPlanned(trip: "x\(round)"), source: "/test")
                try await desk.take(start)
                let id = SagaIdentity.instance(of: "trip", startedBy: start.id)
                let command = SagaIdentity.command(id, step: 1, .forward)
                let yes = try desk.answer(SeatBooked(trip: "x\(round)", seat: "1"), to: command)
                let no = try desk.answer(SeatRefused(trip: "x\(round)", reason: "full"), to: command)
                do {
                    try await desk.world.sagaWorker.messaging.transact { context in
                        async let first: Void = desk.orchestrator.take(yes, context)
                        async let second: Void = desk.orchestrator.take(no, context)
                        _ = try await (first, second)
                    }
                } catch let error as PostgresError {
                    #expect(error.isRetryable, "\(error)")
                    try await desk.take(yes)
                    try await desk.take(no)
                }
                #expect(try await desk.sent().count == 2 * (round + 1))
                #expect(try await desk.world.timeline("x\(round)").filter { $0.hasPrefix("late") }.count == 1)
            }
        }
    }

    /// Fails when the cache of states does not compare the bytes: the reason then comes back from the dead.
    @Test func whatWasRolledBackIsForgotten() async throws {
        try await withDesk { desk in
            let start = try Envelope(TripPlanned(trip: "x"), source: "/test")
            try await desk.take(start)
            let id = SagaIdentity.instance(of: "trip", startedBy: start.id)
            let command = SagaIdentity.command(id, step: 1, .forward)
            await #expect(throws: NeverHappened.self) {
                try await desk.world.sagaWorker.messaging.transact { context in
                    try await desk.orchestrator.take(
                        try desk.answer(SeatRefused(trip: "x", reason: "full"), to: command), context)
                    throw NeverHappened(what: "the commit")
                }
            }
            try await desk.take(try desk.answer(SeatBooked(trip: "x", seat: "7C"), to: command))
            let state = try #require(try await desk.world.store.show(id)).state
            #expect(state.contains("7C") && !state.contains("full"))
        }
    }

    @Test func anInstanceOfOtherStepsIsLeftAlone() async throws {
        try await withDesk { desk in
            let start = try Envelope(TripPlanned(trip: "x"), source: "/test")
            try await desk.take(start)
            let id = SagaIdentity.instance(of: "trip", startedBy: start.id)
            try await desk.world.sagaWorker.postgres.execute("UPDATE saga_instances SET definition = 'other'")
            await #expect {
                try await desk.take(
                    try desk.answer(SeatBooked(trip: "x", seat: "1"), to: SagaIdentity.command(id, step: 1, .forward)))
            } throws: { ($0 as? SagaError)?.code == .definitionChanged }
        }
    }

    @Test func listsInPagesAndPurges() async throws {
        try await withDesk { desk in
            // The ids of instances keep the order of their events from one millisecond to the next.
            for index in 0..<5 {
                let id = UUID.v7(at: Date(timeIntervalSince1970: 1_800_000_000 + Double(index)))
                try await desk.take(try Envelope(TripPlanned(trip: "p\(index)"), id: id, source: "/test"))
            }
            let first = try await desk.world.store.list(limit: 3)
            #expect(first.map(\.key) == ["p4", "p3", "p2"])
            let rest = try await desk.world.store.list(
                SagaFilter(saga: "trip", statuses: [.running], before: first.last?.id))
            #expect(rest.map(\.key) == ["p1", "p0"])
            #expect(try await desk.world.store.list(SagaFilter(statuses: [.stuck])).isEmpty)

            try await desk.world.sagaWorker.postgres.execute(
                "UPDATE saga_instances SET status = 'completed' WHERE key < 'p3'")
            #expect(try await desk.world.store.purge(finishedBefore: .now.addingTimeInterval(60)) == 3)
            #expect(try await desk.world.store.list().map(\.key) == ["p4", "p3"])
            #expect(try await desk.world.count("SELECT count(*) FROM saga_steps") == 2)
        }
    }
}
