import Contracts

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

// A trip is booked: seat, room, car. Messages that only tests use.

protocol TripEvent: Event { var trip: String { get } }
extension TripEvent {
    static var topic: String { "test.trips" }
    var partitionKey: String { trip }
}

protocol TripCommand: Command { var trip: String { get } }
extension TripCommand {
    var partitionKey: String { trip }
}

struct TripPlanned: TripEvent {
    static let type = "trip.planned"
    var trip: String
    var nights = 1
}
struct HastyTripPlanned: TripEvent {
    static let type = "trip.planned.hastily"
    var trip: String
}
struct TripBooked: TripEvent {
    static let type = "trip.booked"
    var trip: String
}
struct TripCancelled: TripEvent {
    static let type = "trip.cancelled"
    var trip: String
    var reason: String
}
struct SeatBooked: TripEvent {
    static let type = "seat.booked"
    var trip: String
    var seat: String
}
struct SeatRefused: TripEvent {
    static let type = "seat.refused"
    var trip: String
    var reason: String
}
struct SeatReturned: TripEvent {
    static let type = "seat.returned"
    var trip: String
}
struct RoomBooked: TripEvent {
    static let type = "room.booked"
    var trip: String
}
struct RoomRefused: TripEvent {
    static let type = "room.refused"
    var trip: String
    var reason: String
}
struct RoomReturned: TripEvent {
    static let type = "room.returned"
    var trip: String
}

struct BookSeat: TripCommand {
    static let type = "seat.book"
    var trip: String
}
struct ReturnSeat: TripCommand {
    static let type = "seat.return"
    var trip: String
    var seat: String?
}
struct BookRoom: TripCommand {
    static let type = "room.book"
    var trip: String
    var nights: Int
}
struct ReturnRoom: TripCommand {
    static let type = "room.return"
    var trip: String
}
struct BookTrip: TripCommand {
    static let type = "trip.book"
    var trip: String
}
struct CancelTrip: TripCommand {
    static let type = "trip.cancel"
    var trip: String
    var reason: String
}
