#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import Contracts

// The messages of `topics/commerce.orders.yaml`. These files are written by hand for now; they are the one place
// that code generation will replace. A test compares them with the contracts.

/// What every event of `commerce.orders` has in common.
public protocol CommerceOrdersEvent: Event {}

extension CommerceOrdersEvent {
    /// `commerce.orders`.
    public static var topic: String { "commerce.orders" }
}

/// One line of an order, with the price at which it was accepted.
public struct OrderItem: Codable, Sendable, Hashable {
    /// The product.
    public var productID: String
    /// How many, at least 1.
    public var quantity: Int
    /// The price of one, in cents, at least 0.
    public var unitPriceCents: Int

    /// The price of the line, in cents.
    public var totalCents: Int { quantity * unitPriceCents }

    /// Makes a line.
    public init(productID: String, quantity: Int, unitPriceCents: Int) {
        self.productID = productID
        self.quantity = quantity
        self.unitPriceCents = unitPriceCents
    }

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case quantity, unitPriceCents
    }
}

/// An order was accepted for processing; its saga starts.
public struct OrderCreated: CommerceOrdersEvent, Hashable {
    /// `order.created`.
    public static let type = "order.created"

    /// The order.
    public var orderID: UUID
    /// Whose order it is.
    public var customerID: String
    /// The lines, at least one.
    public var items: [OrderItem]
    /// The sum of the lines, in cents.
    public var totalCents: Int
    /// What the payment provider needs to charge the customer.
    public var paymentToken: String?

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the event.
    public init(orderID: UUID, customerID: String, items: [OrderItem], totalCents: Int, paymentToken: String? = nil) {
        self.orderID = orderID
        self.customerID = customerID
        self.items = items
        self.totalCents = totalCents
        self.paymentToken = paymentToken
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case customerID = "customerId"
        case items, totalCents, paymentToken
    }
}

/// Stock, payment and shipment are in place: the order stands.
public struct OrderConfirmed: CommerceOrdersEvent, Hashable {
    /// `order.confirmed`.
    public static let type = "order.confirmed"

    /// The order.
    public var orderID: UUID
    /// The sum of the order, in cents.
    public var totalCents: Int

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the event.
    public init(orderID: UUID, totalCents: Int) {
        self.orderID = orderID
        self.totalCents = totalCents
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case totalCents
    }
}

/// The order will not be fulfilled; whatever was done for it has been undone.
public struct OrderRejected: CommerceOrdersEvent, Hashable {
    /// `order.rejected`.
    public static let type = "order.rejected"

    /// The order.
    public var orderID: UUID
    /// Why, as a sentence or a code.
    public var reason: String

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the event.
    public init(orderID: UUID, reason: String) {
        self.orderID = orderID
        self.reason = reason
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case reason
    }
}

/// Accept an order.
public struct PlaceOrder: Command, Hashable {
    /// `order.place`.
    public static let type = "order.place"

    /// The new order.
    public var orderID: UUID
    /// Whose order it is.
    public var customerID: String
    /// The lines, at least one.
    public var items: [OrderItem]
    /// What the payment provider needs to charge the customer.
    public var paymentToken: String?

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the command.
    public init(orderID: UUID, customerID: String, items: [OrderItem], paymentToken: String? = nil) {
        self.orderID = orderID
        self.customerID = customerID
        self.items = items
        self.paymentToken = paymentToken
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case customerID = "customerId"
        case items, paymentToken
    }
}

/// Make an order final: everything it needs is in place.
public struct ConfirmOrder: Command, Hashable {
    /// `order.confirm`.
    public static let type = "order.confirm"

    /// The order.
    public var orderID: UUID

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the command.
    public init(orderID: UUID) { self.orderID = orderID }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
    }
}

/// Give an order up.
public struct RejectOrder: Command, Hashable {
    /// `order.reject`.
    public static let type = "order.reject"

    /// The order.
    public var orderID: UUID
    /// Why, as a sentence or a code.
    public var reason: String

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the command.
    public init(orderID: UUID, reason: String) {
        self.orderID = orderID
        self.reason = reason
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case reason
    }
}
