import Contracts
import Sagas

/// Seat, room, and the trip itself; everything that a definition can say is said once.
struct TripSaga: Saga {
    let trip: String
    let nights: Int
    var seat: String?
    var reason: String?

    static let name = "trip"

    init(startedBy event: TripPlanned) {
        trip = event.trip
        nights = event.nights
    }

    static var steps: some SagaSteps<TripSaga> {
        Undo("cancel trip") { CancelTrip(trip: $0.trip, reason: $0.reason ?? "unknown") }
            .compensated(on: TripCancelled.self)
        Step("book seat") { BookSeat(trip: $0.trip) }
            .succeeds(on: SeatBooked.self) { state, event in state.seat = event.seat }
            .fails(on: SeatRefused.self, reason: \.reason) { state, event in state.reason = event.reason }
            .compensate { ReturnSeat(trip: $0.trip, seat: $0.seat) }
            .compensated(on: SeatReturned.self)
        Step("book room") { BookRoom(trip: $0.trip, nights: $0.nights) }
            .succeeds(on: RoomBooked.self)
            .fails(on: RoomRefused.self, reason: \.reason) { $0.reason = $1.reason }
            .timeout(.seconds(60)) { $0.reason = "no answer from the hotel" }
            .compensate { ReturnRoom(trip: $0.trip) }
            .compensated(on: RoomReturned.self)
        Step("book trip") { BookTrip(trip: $0.trip) }
            .succeeds(on: TripBooked.self)
    }
}

/// A trip whose clocks strike soon: for what happens when answers do not come.
struct HastyTrip: Saga {
    let trip: String
    var reason: String?

    init(startedBy event: HastyTripPlanned) { trip = event.trip }

    static let resend = SagaResendPolicy(initial: .milliseconds(40), maximum: .milliseconds(80), attempts: 3)

    static var steps: some SagaSteps<HastyTrip> {
        Undo("cancel trip") { CancelTrip(trip: $0.trip, reason: $0.reason ?? "unknown") }
            .compensated(on: TripCancelled.self)
        Step("book room") { BookRoom(trip: $0.trip, nights: 1) }
            .succeeds(on: RoomBooked.self)
            .fails(on: RoomRefused.self)
            .timeout(.milliseconds(200)) { $0.reason = "no answer from the hotel" }
            .compensate { ReturnRoom(trip: $0.trip) }
            .compensated(on: RoomReturned.self)
        Step("book trip") { BookTrip(trip: $0.trip) }
            .succeeds(on: TripBooked.self)
    }
}
