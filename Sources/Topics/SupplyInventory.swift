#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import Contracts

// The messages of `topics/supply.inventory.yaml`; see CommerceOrders.swift.

/// What every event of `supply.inventory` has in common.
public protocol SupplyInventoryEvent: Event {}

extension SupplyInventoryEvent {
    /// `supply.inventory`.
    public static var topic: String { "supply.inventory" }
}

/// A product and how many of it.
public struct StockItem: Codable, Sendable, Hashable {
    /// The product.
    public var productID: String
    /// How many, at least 1.
    public var quantity: Int

    /// Makes a line.
    public init(productID: String, quantity: Int) {
        self.productID = productID
        self.quantity = quantity
    }

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case quantity
    }
}

/// A product is in the range from now on.
public struct ProductAdded: SupplyInventoryEvent, Hashable {
    /// `product.added`.
    public static let type = "product.added"

    /// The product.
    public var productID: String
    /// The name that customers see.
    public var name: String
    /// The price of one, in cents, at least 0.
    public var priceCents: Int

    /// The product.
    public var partitionKey: String { productID }

    /// Makes the event.
    public init(productID: String, name: String, priceCents: Int) {
        self.productID = productID
        self.name = name
        self.priceCents = priceCents
    }

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case name, priceCents
    }
}

/// A product was not added.
public struct ProductRefused: SupplyInventoryEvent, Hashable {
    /// `product.refused`.
    public static let type = "product.refused"

    /// The product.
    public var productID: String
    /// Why, as a sentence or a code.
    public var reason: String

    /// The product.
    public var partitionKey: String { productID }

    /// Makes the event.
    public init(productID: String, reason: String) {
        self.productID = productID
        self.reason = reason
    }

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case reason
    }
}

/// Stock of a product changed by hand; reservations do not cause this event.
public struct StockAdjusted: SupplyInventoryEvent, Hashable {
    /// `stock.adjusted`.
    public static let type = "stock.adjusted"

    /// The product.
    public var productID: String
    /// The change; negative when stock was taken out.
    public var delta: Int
    /// What can be reserved after the change, at least 0.
    public var available: Int

    /// The product.
    public var partitionKey: String { productID }

    /// Makes the event.
    public init(productID: String, delta: Int, available: Int) {
        self.productID = productID
        self.delta = delta
        self.available = available
    }

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case delta, available
    }
}

/// Stock of a product was not changed.
public struct StockAdjustmentRefused: SupplyInventoryEvent, Hashable {
    /// `stock.adjustment.refused`.
    public static let type = "stock.adjustment.refused"

    /// The product.
    public var productID: String
    /// Why, as a sentence or a code.
    public var reason: String

    /// The product.
    public var partitionKey: String { productID }

    /// Makes the event.
    public init(productID: String, reason: String) {
        self.productID = productID
        self.reason = reason
    }

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case reason
    }
}

/// Stock is set aside for an order: all of its lines.
public struct StockReserved: SupplyInventoryEvent, Hashable {
    /// `stock.reserved`.
    public static let type = "stock.reserved"

    /// The order.
    public var orderID: UUID
    /// The products and how many of each, at least one line.
    public var items: [StockItem]

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the event.
    public init(orderID: UUID, items: [StockItem]) {
        self.orderID = orderID
        self.items = items
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case items
    }
}

/// An order cannot be served; nothing is set aside for it.
public struct StockRejected: SupplyInventoryEvent, Hashable {
    /// `stock.rejected`.
    public static let type = "stock.rejected"

    /// The order.
    public var orderID: UUID
    /// The first product of which there is not enough, or which does not exist.
    public var productID: String
    /// Why, as a sentence or a code.
    public var reason: String

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the event.
    public init(orderID: UUID, productID: String, reason: String) {
        self.orderID = orderID
        self.productID = productID
        self.reason = reason
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case productID = "productId"
        case reason
    }
}

/// What was set aside for an order is available again.
public struct StockReleased: SupplyInventoryEvent, Hashable {
    /// `stock.released`.
    public static let type = "stock.released"

    /// The order.
    public var orderID: UUID
    /// The products and how many of each; empty when nothing was set aside.
    public var items: [StockItem]

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the event.
    public init(orderID: UUID, items: [StockItem]) {
        self.orderID = orderID
        self.items = items
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case items
    }
}

/// Take a product into the range.
public struct AddProduct: Command, Hashable {
    /// `product.add`.
    public static let type = "product.add"

    /// The product.
    public var productID: String
    /// The name that customers see.
    public var name: String
    /// The price of one, in cents, at least 0.
    public var priceCents: Int

    /// The product.
    public var partitionKey: String { productID }

    /// Makes the command.
    public init(productID: String, name: String, priceCents: Int) {
        self.productID = productID
        self.name = name
        self.priceCents = priceCents
    }

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case name, priceCents
    }
}

/// Set how many of a product can be reserved.
public struct SetInventory: Command, Hashable {
    /// `inventory.set`.
    public static let type = "inventory.set"

    /// The product.
    public var productID: String
    /// The new quantity, at least 0.
    public var quantity: Int

    /// The product.
    public var partitionKey: String { productID }

    /// Makes the command.
    public init(productID: String, quantity: Int) {
        self.productID = productID
        self.quantity = quantity
    }

    private enum CodingKeys: String, CodingKey {
        case productID = "productId"
        case quantity
    }
}

/// Set stock aside for an order: all of its lines, or none.
public struct ReserveStock: Command, Hashable {
    /// `stock.reserve`.
    public static let type = "stock.reserve"

    /// The order.
    public var orderID: UUID
    /// The products and how many of each, at least one line.
    public var items: [StockItem]

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the command.
    public init(orderID: UUID, items: [StockItem]) {
        self.orderID = orderID
        self.items = items
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case items
    }
}

/// Give back what was set aside for an order. It is done also when nothing was.
public struct ReleaseStock: Command, Hashable {
    /// `stock.release`.
    public static let type = "stock.release"

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
