#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import Contracts

// The messages of `topics/commerce.payments.yaml`; see CommerceOrders.swift.

/// What every event of `commerce.payments` has in common.
public protocol CommercePaymentsEvent: Event {}

extension CommercePaymentsEvent {
    /// `commerce.payments`.
    public static var topic: String { "commerce.payments" }
}

/// The provider will pay this amount for the order.
public struct PaymentAuthorized: CommercePaymentsEvent, Hashable {
    /// `payment.authorized`.
    public static let type = "payment.authorized"

    /// The payment.
    public var paymentID: UUID
    /// The order.
    public var orderID: UUID
    /// The amount in cents, at least 0.
    public var amountCents: Int

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the event.
    public init(paymentID: UUID, orderID: UUID, amountCents: Int) {
        self.paymentID = paymentID
        self.orderID = orderID
        self.amountCents = amountCents
    }

    private enum CodingKeys: String, CodingKey {
        case paymentID = "paymentId"
        case orderID = "orderId"
        case amountCents
    }
}

/// The provider refused; no money is held.
public struct PaymentDeclined: CommercePaymentsEvent, Hashable {
    /// `payment.declined`.
    public static let type = "payment.declined"

    /// The payment.
    public var paymentID: UUID
    /// The order.
    public var orderID: UUID
    /// The amount in cents, at least 0.
    public var amountCents: Int
    /// Why, as a sentence or a code.
    public var reason: String

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the event.
    public init(paymentID: UUID, orderID: UUID, amountCents: Int, reason: String) {
        self.paymentID = paymentID
        self.orderID = orderID
        self.amountCents = amountCents
        self.reason = reason
    }

    private enum CodingKeys: String, CodingKey {
        case paymentID = "paymentId"
        case orderID = "orderId"
        case amountCents, reason
    }
}

/// An authorization was given back, or there was none to give back.
public struct PaymentVoided: CommercePaymentsEvent, Hashable {
    /// `payment.voided`.
    public static let type = "payment.voided"

    /// The payment.
    public var paymentID: UUID
    /// The order.
    public var orderID: UUID
    /// The amount in cents, at least 0.
    public var amountCents: Int

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the event.
    public init(paymentID: UUID, orderID: UUID, amountCents: Int) {
        self.paymentID = paymentID
        self.orderID = orderID
        self.amountCents = amountCents
    }

    private enum CodingKeys: String, CodingKey {
        case paymentID = "paymentId"
        case orderID = "orderId"
        case amountCents
    }
}

/// Have the provider authorize an amount for an order.
public struct AuthorizePayment: Command, Hashable {
    /// `payment.authorize`.
    public static let type = "payment.authorize"

    /// The new payment; the same for a repeated command.
    public var paymentID: UUID
    /// The order.
    public var orderID: UUID
    /// The amount in cents, at least 0.
    public var amountCents: Int
    /// What the provider needs to charge the customer.
    public var token: String?

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the command.
    public init(paymentID: UUID, orderID: UUID, amountCents: Int, token: String? = nil) {
        self.paymentID = paymentID
        self.orderID = orderID
        self.amountCents = amountCents
        self.token = token
    }

    private enum CodingKeys: String, CodingKey {
        case paymentID = "paymentId"
        case orderID = "orderId"
        case amountCents, token
    }
}

/// Give an authorization back. It is done also when there is none.
public struct VoidPayment: Command, Hashable {
    /// `payment.void`.
    public static let type = "payment.void"

    /// The payment.
    public var paymentID: UUID
    /// The order.
    public var orderID: UUID

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the command.
    public init(paymentID: UUID, orderID: UUID) {
        self.paymentID = paymentID
        self.orderID = orderID
    }

    private enum CodingKeys: String, CodingKey {
        case paymentID = "paymentId"
        case orderID = "orderId"
    }
}
