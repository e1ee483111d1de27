import Contracts

/// A read model: a function from events to rows.
///
/// ```swift
/// struct PaymentView: Projection {
///     static func define(_ events: inout ProjectionEvents) {
///         events.on(PaymentAuthorized.self) { payment, rows in
///             rows.write("INSERT INTO payments … VALUES (\(payment.paymentID), …)")
///         }
///     }
/// }
/// ```
///
/// It sees the event and the database, and nothing else: it cannot publish, send or set timers, so replaying a topic into
/// it has no effect but its rows. Each event is applied once, in the transaction that remembers it; events of one
/// partition key come in their order, events of different keys in any order. Where two keys meet in one row, write changes
/// that commute (`available = available + 3`, not `available = 7`).
public protocol Projection: Sendable {
    /// The name that commands, logs and checkpoints use. The default is the type's name, `PaymentView` becoming `payment-view`.
    static var name: String { get }

    /// The version of its rows, from 1 (the default). Raise it when the rows must be made anew from the beginning of the
    /// topics, because ``define(_:)`` writes something else than before. Each version has checkpoints of its own.
    static var version: Int { get }

    /// Says what each event writes.
    static func define(_ events: inout ProjectionEvents)
}

extension Projection {
    /// The type's name in lower case, words joined by `-`.
    public static var name: String { String(describing: Self.self).kebabCased }

    /// The first version.
    public static var version: Int { 1 }
}
