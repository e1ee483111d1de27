public import Contracts

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// State that is the sum of its own events.
///
/// Decisions are methods: they look at the state, throw when the answer is no, and ``record(_:)`` what happened.
/// Only ``apply(_:)`` changes the state, so that it comes out the same when the events are read again.
///
/// ```swift
/// struct Order: Aggregate {
///     static let category = "order"
///     var history = History<OrderEvent>()
///     private(set) var status = Status.new
///
///     mutating func confirm() throws {
///         guard status == .open else { throw OrderProblem.notOpen }
///         record(.confirmed(OrderConfirmed(orderID: id, totalCents: total)))
///     }
///
///     mutating func apply(_ event: OrderEvent) {
///         switch event {
///         case .created(let event): …
///         case .confirmed: status = .confirmed
///         }
///     }
/// }
/// ```
///
/// `Codable` (the compiler writes it) makes snapshots of the state.
public protocol Aggregate: Sendable, Codable {
    /// All that can happen to it; an enumeration with a case per event.
    associatedtype Change: AggregateEvent

    /// What the names of its streams begin with: `order` for `order-0198c7d0-…`.
    static var category: String { get }

    /// The version of the stored state. Count it up when the properties or the meaning of `apply` change; snapshots
    /// of other versions are not used. The default is 1.
    static var stateVersion: Int { get }

    /// A snapshot is stored about every so many events; 0, the default, for never. It pays from some hundred events.
    static var snapshotInterval: Int { get }

    /// The events since it was loaded, and its place in the store. Begin with `History()`.
    var history: History<Change> { get set }

    /// The state before the first event.
    init()

    /// Changes the state by an event, one that is new or one that was stored years ago. It must depend on nothing
    /// but the state and the event, and it cannot refuse.
    mutating func apply(_ event: Change)
}

extension Aggregate {
    /// The first version.
    public static var stateVersion: Int { 1 }

    /// No snapshots.
    public static var snapshotInterval: Int { 0 }

    /// Applies a new event and keeps it for ``AggregateRepository/save(_:causedBy:in:)``.
    public mutating func record(_ event: Change) {
        apply(event)
        history.pending.append(event)
    }

    /// The number of stored events that the state is made of; 0 for one that does not exist yet.
    public var version: Int { history.version }

    /// Whether anything has happened to it, stored or new.
    public var exists: Bool { history.version > 0 || !history.pending.isEmpty }

    /// The name of the stream of an aggregate.
    public static func stream(_ id: String) -> String { "\(category)-\(id)" }

    /// The name of the stream of an aggregate.
    public static func stream(_ id: UUID) -> String { "\(category)-\(id.lowercased)" }
}

/// What an aggregate remembers of its stream. It is not part of the state: snapshots leave it out.
public struct History<Change: AggregateEvent>: Sendable, Codable {
    /// The stream; nil until it is loaded.
    public internal(set) var stream: String?
    /// The version of the last stored event.
    public internal(set) var version = 0
    /// The version of the last snapshot.
    var snapshotVersion = 0
    /// What was recorded and not yet saved.
    public internal(set) var pending: [Change] = []

    /// The history of something that does not exist yet.
    public init() {}

    /// Reads nothing.
    public init(from decoder: any Decoder) throws {}

    /// Writes an empty object.
    public func encode(to encoder: any Encoder) throws { _ = encoder.container(keyedBy: NoKeys.self) }

    private enum NoKeys: CodingKey {}
}

/// All that can happen to one kind of aggregate: an enumeration with a case per event.
///
/// ```swift
/// enum OrderEvent: AggregateEvent {
///     case created(OrderCreated)
///     case confirmed(OrderConfirmed)
///
///     static let cases: [EventCase<OrderEvent>] = [EventCase(created), EventCase(confirmed)]
///     var event: any Event {
///         switch self {
///         case .created(let event): event
///         case .confirmed(let event): event
///         }
///     }
/// }
/// ```
public protocol AggregateEvent: Sendable {
    /// The cases, one per type of event.
    static var cases: [EventCase<Self>] { get }

    /// The event inside, as it is stored, and as it can be published.
    var event: any Event { get }
}

/// How stored data becomes a case.
public struct EventCase<Change>: Sendable {
    /// The type of the event.
    public let type: String
    /// The current version of its schema.
    public let version: Int
    let decode: @Sendable ([UInt8]) throws(ContractError) -> Change

    /// A case with the event inside: `EventCase(created)`.
    public init<E: Event>(_ make: @escaping @Sendable (E) -> Change) {
        type = E.type
        version = E.version
        decode = { (bytes) throws(ContractError) in make(try ContractJSON.decode(E.self, from: bytes)) }
    }
}
