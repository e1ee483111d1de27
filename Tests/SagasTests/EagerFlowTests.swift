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

/// What eager runs take for granted, and is not so.
extension FlowTests {
    /// Another process moves the instance while this one expects the answer. Fails when
    /// `SagaWrite.statement` does not look at the version: what this process remembers then overwrites what the other has written.
    @Test func whatAnotherProcessHasWrittenCounts() async throws {
        try await TripWorld.run { world in
            world.agency.change { $0.silent = [BookSeat.type] }
            try await world.plan([TripPlanned(trip: "x")])
            try await eventually("the seat is asked for") { world.agency.handled("x") == ["seat.book"] }
            let id = try await world.id("x")
            try await world.sagaWorker.postgres.execute(
                """
                UPDATE saga_instances SET version = version + 1, state = '{"trip":"x","nights":9}'::json WHERE id = \(id)
                """)
            let answer = try Envelope(
                SeatBooked(trip: "x", seat: "7C"), source: "/test", causationID: SagaIdentity.command(id, step: 1, .forward))
            try await world.agencyWorker.messaging.transact { try $0.publish(answer, to: SeatBooked.topic) }
            try await world.reaches(.completed, ["x"])
            let state = try #require(try await world.store.show(id)).state
            #expect(state.contains("7C") && state.replacing(" ", with: "").contains("\"nights\":9"), "\(state)")
        }
    }

    /// A start that comes again after the inbox has forgotten it. Fails when `SagaWrite.begin`
    /// does not refuse the eager run: the first command then leaves again.
    @Test func aStartThatComesAgainSendsNothing() async throws {
        try await TripWorld.run { world in
            let start = try Envelope(TripPlanned(trip: "x"), source: "/test")
            for round in 1...2 {
                let handled = world.sagaWorker.messaging.snapshot().handled
                try await world.agencyWorker.messaging.transact { try $0.publish(start, to: TripPlanned.topic) }
                try await eventually("round \(round)") { world.sagaWorker.messaging.snapshot().handled > handled }
                try await world.reaches(.completed, ["x"])
                try await eventually("quiet") { try await world.isQuiet() }
                try await world.sagaWorker.postgres.execute("DELETE FROM inbox")
            }
            #expect(world.sagaWorker.messaging.snapshot().published == 3)
            #expect(try await world.count("SELECT count(*) FROM saga_instances") == 1)
        }
    }
}
