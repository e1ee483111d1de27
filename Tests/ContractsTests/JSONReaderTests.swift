import Contracts
import Foundation
import Testing

@Suite("JSONReader")
struct JSONReaderTests {
    struct Order: Equatable {
        struct Item: Equatable {
            var productID: String
            var quantity: Int
        }
        var customerID: String
        var items: [Item]
        var token: String?
    }

    static func read(_ text: String) throws -> Order {
        try JSONReader.read(Array(text.utf8)) { order in
            Order(
                customerID: order.string("customerId", length: 1...8),
                items: order.array("items", count: 1...3) { item in
                    Order.Item(
                        productID: item.string("productId", length: 1...8),
                        quantity: item.integer("quantity", in: 1...1000))
                },
                token: order.optionalString("paymentToken", length: 1...20))
        }
    }

    static func problems(_ text: String) -> [String] {
        do {
            _ = try read(text)
            return []
        } catch let error as JSONProblems {
            return error.problems.map(\.description)
        } catch {
            return ["another error: \(error)"]
        }
    }

    @Test("reads a good document")
    func good() throws {
        let order = try Self.read(#"{"customerId":"c","items":[{"productId":"p","quantity":2.0}],"paymentToken":null}"#)
        #expect(order == Order(customerID: "c", items: [.init(productID: "p", quantity: 2)], token: nil))
    }

    @Test("says everything at once")
    func all() {
        #expect(
            Self.problems(#"{"customerId":5,"items":[{"productId":"","quantity":-1},{"quantity":1.5},7],"extra":1}"#) == [
                "/customerId must be a string, not a number",
                "/items/0/productId must have 1 to 8 characters, has 0",
                "/items/0/quantity must be from 1 to 1000, is -1",
                "/items/1/productId is required",
                "/items/1/quantity must be a whole number, is 1.5",
                "/items/2 must be an object, not a number",
                "/extra is not known here; known are customerId, items, paymentToken",
            ])
    }

    @Test(
        "says each thing once",
        arguments: [
            ("[]", ["the document must be an object, not an array"]),
            ("{}", ["/customerId is required", "/items is required"]),
            (#"{"customerId":"c","items":[]}"#, ["/items must have 1 to 3 elements, has 0"]),
            (#"{"customerId":"c","items":{}}"#, ["/items must be an array, not an object"]),
            (#"{"customerId":"c","items":[1,2,3,4]}"#, ["/items must have 1 to 3 elements, has 4"]),
            (
                #"{"customerId":null,"items":[{"productId":"p","quantity":1e400}]}"#,
                ["/customerId must be a string, not null", "/items/0/quantity must be from 1 to 1000, is 1e400"]
            ),
            (
                #"{"customerId":"c","items":[{"productId":"p","quantity":99999999999999999999}]}"#,
                ["/items/0/quantity must be from 1 to 1000, is 99999999999999999999"]
            ),
            (
                #"{"customerId":"c","items":[],"paymentToken":""}"#,
                ["/items must have 1 to 3 elements, has 0", "/paymentToken must have 1 to 20 characters, has 0"]
            ),
            ("{", ["the document is not JSON: expected a string, but the document ends (byte 1)"]),
        ])
    func each(_ text: String, _ expected: [String]) {
        #expect(Self.problems(text) == expected)
    }

    @Test("knows bad JSON from bad values")
    func syntax() {
        let syntax = #expect(throws: JSONProblems.self) { try Self.read(#"{"customerId":"c","customerId":"d"}"#) }
        #expect(syntax?.syntax?.code == .duplicateKey)
        let values = #expect(throws: JSONProblems.self) { try Self.read("{}") }
        #expect(values?.syntax == nil)
    }

    enum Color: String, CaseIterable { case red, blue }

    @Test("reads the other kinds")
    func kinds() throws {
        let id = UUID()
        let text =
            #"{"id":"\#(id)","at":"2026-01-01T00:00:00Z","on":true,"color":"blue","rate":0.5,"tags":["a","b"],"any":{"x":1},"code":"42"}"#
        try JSONReader.read(Array(text.utf8)) { body in
            #expect(body.uuid("id") == id)
            #expect(body.date("at") == Date(timeIntervalSince1970: 1_767_225_600))
            #expect(body.bool("on"))
            #expect(body.choice("color", Color.self) == .blue)
            #expect(body.number("rate", in: 0...1) == 0.5)
            #expect(body.array("tags") { $0.string() } == ["a", "b"])
            #expect(body.member("any").value() == ["x": 1])
            #expect(body.member("code").parse("a number in quotes", { Int($0) }) == 42)
            #expect(body.optionalUUID("none") == nil)
            #expect(body.isValid)
        }
        let bad = #expect(throws: JSONProblems.self) {
            try JSONReader.read(Array(#"{"id":"x","at":"y","on":1,"color":"green","rate":2,"own":1}"#.utf8)) { body in
                _ = (body.uuid("id"), body.date("at"), body.bool("on"), body.choice("color", Color.self))
                _ = body.number("rate", in: 0...1)
                body.note("own", "is not to my liking")
            }
        }
        #expect(
            bad?.problems.map(\.description) == [
                "/id must be a UUID", "/at must be an RFC 3339 time", "/on must be a boolean, not a number",
                "/color must be one of \"red\", \"blue\"", "/rate must be from 0.0 to 1.0, is 2", "/own is not to my liking",
            ])
    }

    @Test("takes unknown members when asked to")
    func unknown() throws {
        let bytes = Array(#"{"a":"x","b":1,"c":2}"#.utf8)
        #expect(throws: JSONProblems.self) { try JSONReader.read(bytes) { $0.string("a") } }
        try JSONReader.read(bytes) { body in
            _ = body.string("a")
            body.unknownKeys(allowed: ["b", "c"])
        }
        try JSONReader.read(bytes) { body in
            _ = body.string("a")
            body.allowUnknownKeys()
        }
    }

    @Test("keeps the list short")
    func limit() {
        let text = "[" + Array(repeating: "0", count: 10_000).joined(separator: ",") + "]"
        let error = #expect(throws: JSONProblems.self) {
            try JSONReader.read(Array(text.utf8)) { $0.array { $0.string() } }
        }
        #expect(error?.problems.count == JSONReader.maximumProblems)
    }

    @Test("lets errors of the body through")
    func thrown() {
        struct Own: Error {}
        #expect(throws: Own.self) { try JSONReader.read([0x30]) { _ in throw Own() } }
    }
}
