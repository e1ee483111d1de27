import ContractFiles
import Contracts
import Foundation
import Testing
import Topics

/// The Swift types of `Topics` against the files in `topics/`.
@Suite("Topics")
struct TopicContractTests {
    static let types: [any Message.Type] = [
        OrderCreated.self, OrderConfirmed.self, OrderRejected.self, PlaceOrder.self, ConfirmOrder.self, RejectOrder.self,
        ProductAdded.self, ProductRefused.self, StockAdjusted.self, StockAdjustmentRefused.self, StockReserved.self,
        StockRejected.self, StockReleased.self, AddProduct.self, SetInventory.self, ReserveStock.self, ReleaseStock.self,
        PaymentAuthorized.self, PaymentDeclined.self, PaymentVoided.self, AuthorizePayment.self, VoidPayment.self,
        ShipmentCreated.self, ShipmentRefused.self, ShipmentCancelled.self, CreateShipment.self, CancelShipment.self,
    ]

    /// The repository's folder of contracts, found from this file.
    static let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "topics").path

    static func catalog() throws -> TopicCatalog { try TopicCatalog.load(directory: directory) }

    @Test("there is a type for each message, and a message for each type")
    func complete() throws {
        let catalog = try Self.catalog()
        #expect(Set(catalog.messages.map(\.type)) == Set(Self.types.map { $0.type }))
        #expect(Self.types.count == catalog.messages.count)
        #expect(
            catalog.topics.map(\.topic) == [
                "commerce.orders", "commerce.payments", "logistics.shipments", "supply.inventory",
            ])
    }

    /// Fails when a property is renamed, added or removed on one side only.
    @Test("type and contract agree", arguments: 0..<types.count)
    func agree(_ index: Int) throws {
        let type = Self.types[index]
        let contract = try #require(try Self.catalog()[type: type.type])
        #expect(contract.current.number == type.version)
        if let event = type as? any Event.Type {
            #expect(contract.kind == .event)
            #expect(contract.topic == event.topic)
            #expect(contract.exchange == event.topic)
        } else {
            #expect(type is any Command.Type)
            #expect(contract.kind == .command)
            #expect(contract.exchange == WellKnown.commandsExchange)
        }
        // The example has every property, so that its way through the type shows whether the type has them, too.
        let properties = try #require(contract.current.schema["properties"]?.objectValue).keys
        #expect(Set(properties) == Set(contract.current.example.objectValue?.keys ?? []))
        let message = try Self.decode(type, contract.current.example)
        let encoded = try JSONValue.parse(try ContractJSON.encode(message))
        #expect(encoded == contract.current.example)
        #expect(message.partitionKey == contract.current.example[contract.partitionKey]?.stringValue)
    }

    /// A property that the contract does not ask for must be optional in the type, and the reverse.
    @Test("required properties are those that are not optional", arguments: 0..<types.count)
    func required(_ index: Int) throws {
        let type = Self.types[index]
        let version = try #require(try Self.catalog()[type: type.type]).current
        let required = version.schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? []
        for key in version.example.objectValue?.keys ?? [] {
            var example = version.example
            example[key] = nil
            let decodes = (try? Self.decode(type, example)) != nil
            #expect(decodes == !required.contains(key), "\(type).\(key)")
        }
    }

    private static func decode<M: Message>(_ type: M.Type, _ value: JSONValue) throws -> M {
        try ContractJSON.decode(M.self, from: value.encoded())
    }

    @Test("a message goes through an envelope")
    func envelope() throws {
        let order = OrderCreated(
            orderID: .v7(), customerID: "é\"\\\n", items: [OrderItem(productID: "p", quantity: 2, unitPriceCents: 5)],
            totalCents: 10)
        let correlation = UUID.v7()
        let envelope = try Envelope(order, source: "/workers/orders", correlationID: correlation, extensions: ["sagastep": "a/b/1"])
        #expect(envelope.type == "order.created")
        #expect(envelope.dataschema == "millrace:order.created:1")
        #expect(envelope.partitionKey == order.orderID.lowercased)
        #expect(envelope.subject == order.orderID.lowercased)
        let received = try Envelope(decoding: envelope.encoded())
        #expect(received == envelope)
        #expect(try received.decode(OrderCreated.self) == order)
        let wrong = #expect(throws: ContractError.self) { try received.decode(OrderRejected.self) }
        #expect(wrong?.code == .typeMismatch)
    }

    @Test("a message that cannot travel is refused")
    func refused() throws {
        let empty = #expect(throws: ContractError.self) {
            try Envelope(ProductAdded(productID: "", name: "x", priceCents: 1), source: "/s")
        }
        #expect(empty?.code == .invalidAttribute)
        let source = #expect(throws: ContractError.self) { try Envelope(ConfirmOrder(orderID: .v7()), source: "") }
        #expect(source?.code == .invalidAttribute)
        let name = #expect(throws: ContractError.self) {
            try Envelope(ConfirmOrder(orderID: .v7()), source: "/s", extensions: ["Not-OK": ""])
        }
        #expect(name?.code == .invalidAttribute)
    }

    @Test("routes of a topic")
    func routes() throws {
        let catalog = try Self.catalog()
        #expect(
            catalog.routes(of: "logistics.shipments")?.map { "\($0.exchange)/\($0.routingKey)" } == [
                "logistics.shipments/shipment.created", "logistics.shipments/shipment.refused",
                "logistics.shipments/shipment.cancelled", "commands/shipment.create", "commands/shipment.cancel",
            ])
        #expect(catalog.routes(of: "logistics.shipments", commands: false)?.count == 3)
        #expect(catalog.routes(of: "nothing.here") == nil)
        #expect(catalog[topic: "supply.inventory"]?.owner == "inventory")
    }

    @Test("schemas stand by themselves")
    func bundled() throws {
        let schema = try #require(try Self.catalog()[type: "order.created"]).current.schema
        #expect(schema["$defs"]?.objectValue?.keys == ["Cents", "CustomerId", "OrderId", "OrderItem", "PaymentToken", "ProductId"])
    }
}
