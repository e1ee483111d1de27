import ContractFiles
import Contracts
import Foundation
import Testing
import TopicsGenerator

@Suite("TopicsGenerator")
struct GeneratorTests {
    /// A contract of a topic with one event, `order.created`.
    static func contract(
        topic: String = "shop.orders", event: String = "order.created", properties: String = "", definitions: String = ""
    ) -> String {
        """
        topic: \(topic)
        owner: orders
        description: Orders.
        partitionKey: id
        events:
          \(event):
            description: Made.
            schema:
              type: object
              additionalProperties: false
              required: [id]
              properties:
                id: { type: string }
                \(properties)
            example: { id: x }
        $defs:
          Unused: { type: string }
          \(definitions)
        """
    }

    static func generate(_ contracts: (String, String)...) throws -> [GeneratedFile] {
        try generate(contracts)
    }

    static func generate(_ contracts: [(String, String)]) throws -> [GeneratedFile] {
        let files = try contracts.map { try TopicFile.parse($0.1, path: "topics/\($0.0).yaml") }
        return try TopicsGenerator.generate(try TopicCatalog(files), module: "Topics")
    }

    static func problems(_ contracts: (String, String)...) -> [String] {
        do {
            _ = try generate(contracts)
            return []
        } catch let error as ContractFileError {
            return error.problems.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    @Test("names of types: events as they are, the verb of a command first")
    func names() throws {
        let text = Self.contract().replacingOccurrences(
            of: "$defs:",
            with: """
                commands:
                  order.line.cancel:
                    description: Cancel a line.
                    schema:
                      type: object
                      additionalProperties: false
                      required: [id]
                      properties: { id: { type: string } }
                    example: { id: x }
                $defs:
                """)
        let files = try Self.generate(("shop.orders", text))
        #expect(files.map(\.name) == ["ShopOrders.swift", "MessageCatalog+Topics.swift"])
        #expect(files[0].text.contains("public struct OrderCreated: Event, Hashable {"))
        #expect(files[0].text.contains("public struct CancelOrderLine: Command, Hashable {"))
    }

    @Test(
        "names of properties",
        arguments: [
            ("orderId", "orderID"), ("id2", "id2"), ("imageUrl", "imageURL"), ("itemIds", "itemIDs"), ("urlPath", "urlPath"),
            ("vatID", "vatID"), ("lineIDs", "lineIDs"), ("isOk", "isOk"), ("class", "`class`"), ("httpStatus", "httpStatus"),
        ])
    func properties(_ key: String, _ name: String) throws {
        let files = try Self.generate(("shop.orders", Self.contract(properties: "\(key): { type: integer }")))
        #expect(files[0].text.contains("public var \(name): Int?\n"), "\(files[0].text)")
    }

    @Test("the same contracts give the same text")
    func deterministic() throws {
        let one = ("shop.orders", Self.contract(properties: "a: { enum: [x, y] }", definitions: "A: { enum: [b] }"))
        let two = ("shop.stock", Self.contract(topic: "shop.stock", event: "stock.made"))
        let first = try Self.generate(one, two)
        for _ in 0..<5 { #expect(try Self.generate(two, one) == first) }
    }

    /// Fails when each topic gets its own copy of a definition: two types of one name do not compile.
    @Test("a definition that two topics have in the same form is one type")
    func shared() throws {
        let item = "Item: { type: object, required: [n], properties: { n: { type: integer } } }"
        let documented =
            "Item: { description: Other words., type: object, required: [n], properties: { n: { type: integer, maximum: 5 } } }"
        let files = try Self.generate(
            ("shop.orders", Self.contract(definitions: item)),
            ("shop.stock", Self.contract(topic: "shop.stock", event: "stock.made", definitions: documented)))
        #expect(files.map(\.text).joined().components(separatedBy: "public struct Item:").count == 2)
    }

    @Test(
        "names that cannot be, with the place",
        arguments: [
            (
                "orderId: { type: string }\n        orderID: { type: string }", "",
                [
                    "15:9: error: \"orderID\" and \"orderId\" would both be named orderID in Swift; rename one"
                ]
            ),
            (
                "", "String: { enum: [a] }",
                [
                    "18:3: error: \"String\" has a meaning of its own in Swift; give the definition another name"
                ]
            ),
            (
                "", "Topics: { enum: [a] }",
                [
                    "18:3: error: \"Topics\" has a meaning of its own in Swift; give the definition another name"
                ]
            ),
            (
                "", "OrderCreated: { enum: [a] }",
                [
                    "18:3: error: the definition OrderCreated and version 1 of order.created at topics/shop.orders.yaml:6:3 would both be named "
                        + "OrderCreated in Swift; rename one"
                ]
            ),
        ])
    func clashes(_ properties: String, _ definitions: String, _ expected: [String]) {
        let found = Self.problems(("shop.orders", Self.contract(properties: properties, definitions: definitions)))
        #expect(found == expected.map { "topics/shop.orders.yaml:" + $0 })
    }

    @Test("a definition that two topics have in two forms is refused, with both places")
    func different() {
        let found = Self.problems(
            ("shop.orders", Self.contract(definitions: "Item: { type: object, properties: { n: { type: integer } } }")),
            (
                "shop.stock",
                Self.contract(
                    topic: "shop.stock", event: "stock.made", definitions: "Item: { type: object, properties: { n: { type: string } } }")
            ))
        #expect(
            found == [
                "topics/shop.stock.yaml:18:3: error: Item is another type here than at topics/shop.orders.yaml:18:3; make them the same, "
                    + "or rename one"
            ])
    }

    @Test("limits are said in words")
    func documentation() throws {
        let files = try Self.generate(
            (
                "shop.orders",
                Self.contract(
                    properties: "n: { type: integer, minimum: 1, maximum: 9, description: How many. }")
            ))
        #expect(files[0].text.contains("    /// How many.\n    /// 1 to 9.\n    public var n: Int?\n"))
    }
}
