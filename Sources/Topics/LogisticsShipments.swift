#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import Contracts

// The messages of `topics/logistics.shipments.yaml`; see CommerceOrders.swift.

/// What every event of `logistics.shipments` has in common.
public protocol LogisticsShipmentsEvent: Event {}

extension LogisticsShipmentsEvent {
    /// `logistics.shipments`.
    public static var topic: String { "logistics.shipments" }
}

/// A shipment for the order is planned.
public struct ShipmentCreated: LogisticsShipmentsEvent, Hashable {
    /// `shipment.created`.
    public static let type = "shipment.created"

    /// The shipment.
    public var shipmentID: UUID
    /// The order.
    public var orderID: UUID

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the event.
    public init(shipmentID: UUID, orderID: UUID) {
        self.shipmentID = shipmentID
        self.orderID = orderID
    }

    private enum CodingKeys: String, CodingKey {
        case shipmentID = "shipmentId"
        case orderID = "orderId"
    }
}

/// The order cannot be shipped.
public struct ShipmentRefused: LogisticsShipmentsEvent, Hashable {
    /// `shipment.refused`.
    public static let type = "shipment.refused"

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

/// The order will not be shipped, or never was to be.
public struct ShipmentCancelled: LogisticsShipmentsEvent, Hashable {
    /// `shipment.cancelled`.
    public static let type = "shipment.cancelled"

    /// The order.
    public var orderID: UUID

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the event.
    public init(orderID: UUID) { self.orderID = orderID }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
    }
}

/// Plan a shipment for an order.
public struct CreateShipment: Command, Hashable {
    /// `shipment.create`.
    public static let type = "shipment.create"

    /// The order.
    public var orderID: UUID
    /// The customer.
    public var customerID: String
    /// The products and how many of each, at least one line.
    public var items: [StockItem]

    /// The order.
    public var partitionKey: String { orderID.lowercased }

    /// Makes the command.
    public init(orderID: UUID, customerID: String, items: [StockItem]) {
        self.orderID = orderID
        self.customerID = customerID
        self.items = items
    }

    private enum CodingKeys: String, CodingKey {
        case orderID = "orderId"
        case customerID = "customerId"
        case items
    }
}

/// Call the shipment of an order off. It is done also when there is none.
public struct CancelShipment: Command, Hashable {
    /// `shipment.cancel`.
    public static let type = "shipment.cancel"

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
