import Contracts
import Locking
import Messaging
import Postgres

/// The worker that books seats, rooms and trips. Tests say how it behaves.
final class TestAgency: Sendable {
    struct Behaviour: Sendable {
        /// Trips whose seat is refused.
        var withoutSeat: Set<String> = []
        /// Trips whose room is refused.
        var withoutRoom: Set<String> = []
        /// Trips whose seat cannot be booked, because the agency does not work.
        var defective: Set<String> = []
        /// Commands that are handled without an answer.
        var silent: Set<String> = []
        /// How often each answer is published.
        var copies = 1
    }

    private struct State: Sendable {
        var behaviour = Behaviour()
        /// `<type> <trip>` of each command, in the order of handling. A batch that is rolled back counts too.
        var handled: [String] = []
    }

    private let state = Locked(State())

    var behaviour: Behaviour {
        get { state.withLock { $0.behaviour } }
        set { state.withLock { $0.behaviour = newValue } }
    }

    func change(_ body: @Sendable (inout Behaviour) -> Void) { state.withLock { body(&$0.behaviour) } }

    func handled(_ trip: String) -> [String] {
        state.withLock {
            $0.handled.filter { $0.hasSuffix(" \(trip)") }.map { String($0.dropLast(trip.utf8.count + 1)) }
        }
    }

    /// What stands in the agency's books: one row for each booking.
    static let table = Migration(
        version: "1", description: "bookings",
        sql: "CREATE TABLE bookings (trip text NOT NULL, what text NOT NULL, PRIMARY KEY (trip, what))")

    var handlers: MessageHandlers {
        var handlers = MessageHandlers()
        handlers.on(BookSeat.self) { command, context in
            let behaviour = self.note(command)
            if behaviour.defective.contains(command.trip) { throw Permanent("out of order") }
            if behaviour.withoutSeat.contains(command.trip) {
                try self.answer(SeatRefused(trip: command.trip, reason: "full"), to: command, context)
            } else {
                Self.book("seat", command.trip, context)
                try self.answer(SeatBooked(trip: command.trip, seat: "12A"), to: command, context)
            }
        }
        handlers.on(BookRoom.self) { command, context in
            if self.note(command).withoutRoom.contains(command.trip) {
                try self.answer(RoomRefused(trip: command.trip, reason: "closed"), to: command, context)
            } else {
                Self.book("room", command.trip, context)
                try self.answer(RoomBooked(trip: command.trip), to: command, context)
            }
        }
        handlers.on(BookTrip.self) { command, context in
            _ = self.note(command)
            try self.answer(TripBooked(trip: command.trip), to: command, context)
        }
        handlers.on(ReturnSeat.self) { command, context in
            _ = self.note(command)
            Self.unbook("seat", command.trip, context)
            try self.answer(SeatReturned(trip: command.trip), to: command, context)
        }
        handlers.on(ReturnRoom.self) { command, context in
            _ = self.note(command)
            Self.unbook("room", command.trip, context)
            try self.answer(RoomReturned(trip: command.trip), to: command, context)
        }
        handlers.on(CancelTrip.self) { command, context in
            _ = self.note(command)
            try self.answer(TripCancelled(trip: command.trip, reason: command.reason), to: command, context)
        }
        return handlers
    }

    private func note<C: TripCommand>(_ command: C) -> Behaviour {
        state.withLock {
            $0.handled.append("\(C.type) \(command.trip)")
            return $0.behaviour
        }
    }

    private func answer<C: TripCommand>(_ event: some Event, to command: C, _ context: MessageContext) throws {
        let behaviour = behaviour
        guard !behaviour.silent.contains(C.type) else { return }
        for _ in 0..<behaviour.copies { try context.publish(event) }
    }

    private static func book(_ what: String, _ trip: String, _ context: MessageContext) {
        context.db.enqueue("INSERT INTO bookings VALUES (\(trip), \(what)) ON CONFLICT DO NOTHING")
    }

    private static func unbook(_ what: String, _ trip: String, _ context: MessageContext) {
        context.db.enqueue("DELETE FROM bookings WHERE trip = \(trip) AND what = \(what)")
    }
}
