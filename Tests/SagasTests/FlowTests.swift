import AMQP
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

/// Sagas over real servers: two workers, each with a schema and a queue of its own.
///
/// One after another: they share the names of exchanges.
@Suite(.serialized, .timeLimit(.minutes(5))) struct FlowTests {
    @Test func manyTripsAreBooked() async throws {
        try await TripWorld.run { world in
            let trips = (0..<100).map { "t\($0)" }
            try await world.plan(trips.map { TripPlanned(trip: $0) })
            try await world.reaches(.completed, trips)
            for trip in trips {
                #expect(try await world.bookings(trip) == ["seat", "room"])
                #expect(world.agency.handled(trip) == ["seat.book", "room.book", "trip.book"])
            }
            #expect(
                try await world.timeline("t0") == [
                    "sent book seat", "succeeded book seat", "sent book room", "succeeded book room", "sent book trip",
                    "succeeded book trip",
                ])
            let details = try #require(try await world.store.show(world.id("t0")))
            #expect(details.state.contains("12A"))
            #expect(details.summary.correlationID != nil)
            #expect(try await SagaStore.audit(on: world.sagaWorker.postgres)["sagas.completed"] == 100)
            try await eventually("quiet") { try await world.isQuiet() }
        }
    }

    /// Fails when `undo` is turned round, or a compensation does not wait for the answer of the one before.
    @Test func aRefusalUndoesInReverse() async throws {
        try await TripWorld.run { world in
            world.agency.change { $0.withoutRoom = ["bad"] }
            try await world.plan([TripPlanned(trip: "bad"), TripPlanned(trip: "good")])
            try await world.reaches(.compensated, ["bad"])
            try await world.reaches(.completed, ["good"])
            #expect(world.agency.handled("bad") == ["seat.book", "room.book", "seat.return", "trip.cancel"])
            #expect(try await world.bookings("bad") == [])
            #expect(try await world.bookings("good") == ["seat", "room"])
            #expect(
                try await world.timeline("bad") == [
                    "sent book seat", "succeeded book seat", "sent book room", "failed book room",
                    "undo sent book seat",
                    "undo succeeded book seat", "undo sent cancel trip", "undo succeeded cancel trip",
                ])
            #expect(try await world.summary("bad")?.lastError == "book room failed: closed")
            try await eventually("quiet") { try await world.isQuiet() }
        }
    }

    /// Fails when `timedOut` treats the step like a failed one, and when a late success counts (`isAwaitingForward`
    /// without status and state of the step).
    @Test func aTimeoutIsUndoneAndItsLateAnswerIsOnlyRemembered() async throws {
        try await TripWorld.run { world in
            world.agency.change { $0.silent = [BookRoom.type] }
            try await world.plan([HastyTripPlanned(trip: "slow")])
            try await world.reaches(.compensated, ["slow"])
            #expect(world.agency.handled("slow") == ["room.book", "room.return", "trip.cancel"])
            #expect(try await world.bookings("slow") == [])
            let before = try #require(try await world.summary("slow"))

            let command = SagaIdentity.command(before.id, step: 1, .forward)
            try await world.agencyWorker.messaging.transact(causationID: command) {
                try $0.publish(RoomBooked(trip: "slow"))
            }
            try await eventually("the late answer is noted") {
                try await world.timeline("slow").contains("late book room")
            }
            #expect(try await world.summary("slow")?.status == .compensated)
            #expect(try await world.summary("slow")?.updatedAt == before.updatedAt)
            #expect(world.agency.handled("slow").count == 3)
            #expect(
                try await world.timeline("slow").prefix(3) == [
                    "sent book room", "timed_out book room", "undo sent book room",
                ])
        }
    }

    /// The broker hands the agency the compensation first.
    ///
    /// Fails when commands are sent without `sagastep` and `sagadirection`: the room is then booked after it was returned.
    @Test func aCompensationThatComesFirstFencesItsStep() async throws {
        try await TripWorld.run(agencyRuns: false) { world in
            let queue = world.agencyWorker.configuration.queue
            // The agency does not run, so the saga worker publishes the event.
            try await world.sagaWorker.messaging.transact { try $0.publish(HastyTripPlanned(trip: "crossed")) }
            try await eventually("both commands wait") {
                try await world.agencyWorker.amqp.queueInfo(queue)?.messages ?? 0 >= 2
            }
            var commands: [Delivery] = []
            while let delivery = try await world.agencyWorker.amqp.get(queue: queue) { commands.append(delivery) }
            #expect(commands.prefix(2).map(\.routingKey) == [BookRoom.type, ReturnRoom.type])
            let publisher = world.agencyWorker.amqp.publisher()
            let outcomes = await publisher.publish(
                commands.reversed().map {
                    OutgoingMessage(
                        exchange: $0.exchange, routingKey: $0.routingKey, properties: $0.properties, body: $0.body,
                        mandatory: true)
                })
            #expect(outcomes.count == commands.count)
            let step = try Envelope(decoding: commands[0].body).id

            try await world.agencyWorker.running {
                try await world.reaches(.compensated, ["crossed"])
                try await eventually("the step was seen") {
                    let seen = try await world.agencyWorker.postgres.execute(
                        "SELECT 1 FROM inbox WHERE message_id = \(step)")
                    return !seen.isEmpty
                }
            }
            #expect(!world.agency.handled("crossed").contains(BookRoom.type))
            #expect(try await world.bookings("crossed") == [])
        }
    }

    /// Fails when a new round has the ids of the old one: the agency's inbox then swallows the operator's retry.
    @Test func anUnansweredCompensationIsStuckUntilAnOperatorHelps() async throws {
        try await TripWorld.run { world in
            world.agency.change { $0.silent = [BookRoom.type, ReturnRoom.type] }
            try await world.plan([HastyTripPlanned(trip: "stuck")])
            try await world.reaches(.stuck, ["stuck"])
            // Three sendings carried one id. The saga does not wait until they are handled.
            try await eventually("both are handled once") { world.agency.handled("stuck") == ["room.book", "room.return"] }
            let stuck = try #require(try await world.summary("stuck"))
            #expect(stuck.attempt == 3 && stuck.step == "book room")
            #expect(stuck.lastError == "the compensation of \"book room\" was sent 3 times without an answer")
            await #expect(throws: SagaError.self) { try await world.store.request(.compensate, stuck.id, by: "ann") }

            world.agency.change { $0.silent = [] }
            try await world.store.request(.retry, stuck.id, by: "ann", reason: "the hotel is back")
            try await world.reaches(.compensated, ["stuck"])
            #expect(world.agency.handled("stuck") == ["room.book", "room.return", "room.return", "trip.cancel"])
            let timeline = try await world.timeline("stuck")
            #expect(timeline.contains("stuck book room") && timeline.contains("operator book room"))
            await #expect(throws: SagaError.self) { try await world.store.request(.retry, stuck.id, by: "ann") }
            await #expect(throws: SagaError.self) { try await world.store.request(.retry, UUID(), by: "ann") }
            try await eventually("quiet") { try await world.isQuiet() }
        }
    }

    /// Fails when the command that is sent again does not say so (SagaRunner.send), or its receiver does not remember what was
    /// discarded.
    @Test func aCommandThatWasDiscardedIsCarriedOutWhenItIsSentAgain() async throws {
        try await TripWorld.run { world in
            world.agency.change { $0.defective = ["lost"] }
            try await world.plan([TripPlanned(trip: "lost")])
            let failures = FailureStore(postgres: world.agencyWorker.postgres)
            try await eventually("the command is parked") { try await failures.count(matching: FailureFilter(status: .failed)) == 1 }
            #expect(try await failures.discard(matching: .all) == 1)
            world.agency.change { $0.defective = [] }
            try await world.store.request(.retry, world.id("lost"), by: "ann", reason: "it works again")
            try await world.reaches(.completed, ["lost"])
            #expect(try await world.bookings("lost").contains("seat"))
        }
    }

    @Test func anOperatorSkipsAndCompensates() async throws {
        try await TripWorld.run { world in
            world.agency.change { $0.silent = [BookSeat.type] }
            try await world.plan([TripPlanned(trip: "skip"), TripPlanned(trip: "undo")])
            try await eventually("both wait") {
                try await world.store.list(SagaFilter(statuses: [.running])).count == 2
            }
            try await world.store.request(.skip, world.id("skip"), by: "ann", reason: "by phone")
            try await world.store.request(.compensate, world.id("undo"), by: "ann")
            try await world.reaches(.completed, ["skip"])
            try await world.reaches(.compensated, ["undo"])
            try await eventually("all handled") { world.agency.handled("undo").count == 3 }
            #expect(world.agency.handled("undo") == ["seat.book", "seat.return", "trip.cancel"])
            #expect(try await world.timeline("undo").contains("abandoned book seat"))
        }
    }

    /// The worker is down, so nothing seems to come of the request, and the operator makes it again. A third one has the form in
    /// which earlier versions stored it, and is carried out as before.
    ///
    /// Fails when the machine does not look at what was seen (`hasMoved`): nothing is refused.
    @Test func aRequestThatWasMadeTwiceSkipsOneStep() async throws {
        let world = try await TripWorld()
        do {
            world.agency.change { $0.silent = [BookSeat.type, BookRoom.type] }
            try await world.agencyWorker.running {
                try await world.sagaWorker.running {
                    try await world.plan([TripPlanned(trip: "twice")])
                    try await eventually("the seat is asked for") { world.agency.handled("twice") == ["seat.book"] }
                }
                let id = try await world.id("twice")
                for _ in 0..<2 { try await world.store.request(.skip, id, by: "ann", reason: "by phone") }
                let second = try await TestWorker(
                    world.sagaWorker.configuration, try TripWorld.handlers(), database: world.sagaDatabase)
                try await second.running {
                    try await eventually("both are dealt with") {
                        let timeline = try await world.timeline("twice")
                        return timeline.contains("operator book seat") && timeline.contains { $0.hasPrefix("refused") }
                    }
                    #expect(try await world.summary("twice")?.step == "book room")
                    #expect(try await world.timeline("twice").contains("skipped book seat"))
                    #expect(try await !world.timeline("twice").contains("skipped book room"))
                    let notes = try await world.store.show(id)?.timeline.compactMap(\.detail) ?? []
                    #expect(notes.contains("skip: ann: by phone"))
                    #expect(notes.contains { $0.contains("running at \"book seat\" then, and is running at \"book room\" now") })

                    let earlier = Array("\(id.lowercased) skip ann: by letter".utf8)
                    _ = try await world.sagaWorker.postgres.execute(
                        """
                        INSERT INTO timers (id, kind, partition_key, due_at, payload)
                        VALUES (\(UUID.v7()), 'saga.operator', 'twice', now(), \(earlier))
                        """)
                    try await world.reaches(.completed, ["twice"])
                    #expect(try await world.store.show(id)?.timeline.contains { $0.detail == "skip: ann: by letter" } == true)
                }
                await second.amqp.close()
                await second.postgres.close()
            }
        } catch {
            await world.end()
            throw error
        }
        await world.end()
    }

    /// Each answer comes three times, each time as a message of its own.
    ///
    /// They are harmless twice over: the machine ignores them (the histories guard that), and a command that is sent again
    /// has the same id. Fails when `isAwaitingForward` looks neither at the status nor at the step.
    @Test func doubledAnswersAreHarmless() async throws {
        try await TripWorld.run { world in
            world.agency.change {
                $0.copies = 3
                $0.withoutRoom = ["d1", "d3"]
            }
            let trips = (0..<4).map { "d\($0)" }
            try await world.plan(trips.map { TripPlanned(trip: $0) })
            try await world.reaches(.completed, ["d0", "d2"])
            try await world.reaches(.compensated, ["d1", "d3"])
            #expect(world.agency.handled("d0") == ["seat.book", "room.book", "trip.book"])
            #expect(world.agency.handled("d1") == ["seat.book", "room.book", "seat.return", "trip.cancel"])
            #expect(try await world.count("SELECT count(*) FROM saga_steps") == 14)
            try await eventually("quiet") { try await world.isQuiet() }
        }
    }

    /// The second process takes over when the first goes.
    @Test func twoInstancesShareTheSagas() async throws {
        try await TripWorld.run { world in
            let second = try await TestWorker(
                world.sagaWorker.configuration, try TripWorld.handlers(), database: world.sagaDatabase)
            let third = try await TestWorker(
                world.sagaWorker.configuration, try TripWorld.handlers(), database: world.sagaDatabase)
            let trips = (0..<150).map { "w\($0)" }
            world.agency.change {
                $0.withoutRoom = Set(trips.enumerated().filter { $0.offset % 5 == 0 }.map(\.element))
            }
            try await second.running {
                try await third.running {
                    try await world.plan(trips.prefix(75).map { TripPlanned(trip: $0) })
                    try await eventually("some are done") {
                        try await world.store.list(SagaFilter(statuses: [.completed]), limit: 1_000).count > 10
                    }
                }
                try await world.plan(trips.dropFirst(75).map { TripPlanned(trip: $0) })
                try await world.reaches(.completed, trips.enumerated().filter { $0.offset % 5 != 0 }.map(\.element))
                try await world.reaches(.compensated, trips.enumerated().filter { $0.offset % 5 == 0 }.map(\.element))
            }
            for (index, trip) in trips.enumerated() {
                let expected =
                    index % 5 == 0
                    ? ["seat.book", "room.book", "seat.return", "trip.cancel"]
                    : ["seat.book", "room.book", "trip.book"]
                #expect(world.agency.handled(trip) == expected)
            }
            await second.amqp.close()
            await second.postgres.close()
            await third.amqp.close()
            await third.postgres.close()
        }
    }
}
