public import Contracts

/// A workflow over several workers: commands that carry it forward, and the commands that undo them.
///
/// The conforming type is the saga's *state*. One value is made from the event that starts an instance, stored as JSON
/// after every message, and handed to the closures of the steps.
///
/// ```swift
/// struct Checkout: Saga {
///     let orderID: UUID
///     var reason: String?
///
///     init(startedBy event: OrderCreated) { orderID = event.orderId }
///
///     static var steps: some SagaSteps<Checkout> {
///         Undo("reject order") { RejectOrder(orderId: $0.orderID, reason: $0.reason ?? "cancelled") }
///             .compensated(on: OrderRejected.self)
///         Step("reserve stock") { ReserveStock(orderId: $0.orderID) }
///             .succeeds(on: StockReserved.self)
///             .fails(on: StockRejected.self) { state, event in state.reason = event.reason }
///             .compensate { ReleaseStock(orderId: $0.orderID) }
///             .compensated(on: StockReleased.self)
///         Step("confirm order") { ConfirmOrder(orderId: $0.orderID) }
///             .succeeds(on: OrderConfirmed.self)
///     }
/// }
/// ```
///
/// Steps run one after another. When one fails, those before it are undone in reverse, one after another.
///
/// Instances are stored with the list of their steps. While instances run, do not insert, remove or reorder steps:
/// give the changed workflow a new ``name`` and let the old one run out (``SagaError/Code/definitionChanged``).
public protocol Saga: Codable, Sendable {
    /// The event that starts an instance.
    associatedtype StartedBy: Event

    /// The type of ``steps``; inferred.
    associatedtype Steps: SagaSteps<Self>

    /// The saga's name in tables, fences and on the command line: lower-case letters, digits and hyphens.
    ///
    /// The default is the type's name, `CheckoutFlow` becoming `checkout-flow`.
    static var name: String { get }

    /// How often an unanswered compensation is sent again before the instance is `stuck`. The default is
    /// ``SagaResendPolicy/standard``.
    static var resend: SagaResendPolicy { get }

    /// The steps, in the order in which they run.
    @SagaBuilder<Self> static var steps: Steps { get }

    /// Makes the state of a new instance. It must depend on the event alone: the message may be handled again after a
    /// rollback.
    init(startedBy event: StartedBy) throws
}

extension Saga {
    /// A step of this saga; see ``SagaStep``.
    public typealias Step = SagaStep<Self>

    /// A compensation without a forward command; see ``SagaUndo``.
    public typealias Undo = SagaUndo<Self>

    /// The type's name with hyphens.
    public static var name: String { SagaNaming.hyphenated(String(describing: Self.self)) }

    /// ``SagaResendPolicy/standard``.
    public static var resend: SagaResendPolicy { .standard }
}

enum SagaNaming {
    /// `CheckoutFlow` → `checkout-flow`.
    static func hyphenated(_ typeName: String) -> String {
        var result = ""
        var previousIsLower = false
        for character in typeName {
            if character.isUppercase, previousIsLower { result.append("-") }
            previousIsLower = character.isLowercase || character.isNumber
            result += character.lowercased()
        }
        return result
    }

    /// Whether the name can stand in a fence key, a file name and a URL path without quoting.
    static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, first != UInt8(ascii: "-"), name.utf8.count <= 64 else { return false }
        return name.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || $0 == UInt8(ascii: "-")
        }
    }
}
