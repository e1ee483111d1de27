import Contracts
import Testing
import Topics

/// Data held against its contract.
@Suite("CompiledContract")
struct CompiledContractTests {
    static let catalog = MessageCatalog([
        MessageSchema(
            .event, topic: "test.things", owner: "things", type: "thing.counted", version: 1, isCurrent: false, partitionKey: "key",
            schema: #"{"type":"object","required":["key"]}"#),
        MessageSchema(
            .event, topic: "test.things", owner: "things", type: "thing.counted", version: 2, isCurrent: true, partitionKey: "key",
            schema: ##"""
                {"type":"object","additionalProperties":false,"required":["key","n"],"properties":{
                "key":{"type":"string"},"n":{"$ref":"#/$defs/N"},"mail":{"type":"string","format":"email"},
                "list":{"type":"array","items":{"$ref":"#/$defs/N"}}},"$defs":{"N":{"type":"number","minimum":0}}}
                """##),
    ])

    static func violation(_ data: [UInt8], version: Int = 2) throws -> ContractViolation? {
        let contract = try #require(try catalog.compiled(type: "thing.counted", version: version))
        do throws(ContractViolation) {
            _ = try contract.document(data)
            return nil
        } catch {
            return error
        }
    }

    @Test("data that fits comes back parsed")
    func fits() throws {
        let contract = try #require(try Self.catalog.compiled(type: "thing.counted", version: 2))
        let document = try contract.document(Array(#"{"key":"a","n":1.5,"mail":"a@b.example","list":[0]}"#.utf8))
        #expect(document["n"] == 1.5)
        #expect(try Self.catalog.compiled(type: "thing.counted", version: 3) == nil)
        #expect(try Self.catalog.compiled(type: "thing.lost", version: 1) == nil)
        #expect(Self.catalog.newestVersion(of: "thing.counted") == 2 && Self.catalog.newestVersion(of: "x") == nil)
    }

    /// Fails when formats are not asserted (the last), or the check is left out of `document`.
    @Test(
        "what does not fit is said with pointer, rule, topic, type and version",
        arguments: [
            (#"{"key":"a"}"#, ["/n"], "required"),
            (#"{"key":"a","n":-1}"#, ["/n"], "minimum"),
            (#"{"key":"a","n":1,"list":[0,1,-2]}"#, ["/list/2"], "minimum"),
            (#"{"key":"a","n":1,"more":1}"#, ["/more"], "additionalProperties"),
            (#"[]"#, [""], "type"),
            (#"{"key":"a","n":1,"mail":"nobody"}"#, ["/mail"], "format"),
        ])
    func misfit(_ text: String, _ pointers: [String], _ keyword: String) throws {
        let violation = try #require(try Self.violation(Array(text.utf8)))
        #expect(violation.code == .invalidData)
        #expect(violation.topic == "test.things" && violation.type == "thing.counted" && violation.version == 2)
        let first = try #require(violation.violations.first)
        #expect(violation.pointers.map(\.text) == pointers || keyword == "required", "\(violation)")
        #expect(first.keyword == keyword || keyword == "additionalProperties", "\(violation)")
        #expect(violation.description.hasPrefix("invalidData: thing.counted version 2 (test.things) does not fit its contract: "))
        #expect(violation.description.contains("[\(first.keyword) at #"))
    }

    /// Fails when the limits of `CompiledContract` allow all numbers (the last three), or the parser lets a name come twice.
    @Test(
        "what readers would understand differently is refused",
        arguments: [
            (Array(#"{"key":"a","key":"b","n":1}"#.utf8), "duplicateKey", "/key"),
            (Array(#"{"key":"a","n":1,"list":[1,{"x":1,"x":2}]}"#.utf8), "duplicateKey", "/list/1/x"),
            (Array(#"{"key":""#.utf8) + [0xC3, 0x28] + Array(#"","n":1}"#.utf8), "invalidUTF8", "/key"),
            ([], "unexpectedEnd", ""),
            (Array(#"{"key":"a","n":01}"#.utf8), "invalidNumber", "/n"),
            (Array(#"{"key":"a","n":1e400}"#.utf8), "numberOutOfRange", "/n"),
            (Array(#"{"key":"a","n":-1E+309}"#.utf8), "numberOutOfRange", "/n"),
            (Array((#"{"key":"a","n":1"# + String(repeating: "0", count: 309) + "}").utf8), "numberOutOfRange", "/n"),
        ])
    func malformed(_ data: [UInt8], _ keyword: String, _ pointer: String) throws {
        let violation = try #require(try Self.violation(data))
        #expect(violation.code == .malformedData)
        #expect(violation.violations.map(\.keyword) == [keyword], "\(violation)")
        #expect(violation.pointers.map(\.text) == [pointer])
        #expect(violation.description.contains("at byte"))
    }

    @Test(
        "numbers that a double can hold are taken, however they are written",
        arguments: [
            "1e308", "1.7976931348623157e308", "1e-400", "0e999999999999999999999", "12345678901234567890123",
            "1" + String(repeating: "0", count: 308),
        ])
    func numbers(_ number: String) throws {
        #expect(try Self.violation(Array(#"{"key":"a","n":\#(number)}"#.utf8)) == nil)
        // Everywhere else all numbers are taken, as before.
        _ = try JSONValue.parse("1e400")
    }

    @Test("a schema that cannot be compiled is named")
    func unusable() throws {
        let catalog = MessageCatalog([
            MessageSchema(
                .event, topic: "test.things", owner: "things", type: "thing.lost", version: 1, isCurrent: true, partitionKey: "key",
                schema: ##"{"$ref":"#/$defs/Nowhere"}"##)
        ])
        let error = #expect(throws: ContractViolation.self) { try catalog.compile() }
        #expect(error?.code == .unusableSchema && error?.subject == "thing.lost version 1 (test.things)")
    }

    @Test("generated types know their contracts; hand-made ones have none")
    func generated() throws {
        struct HandMade: Command {
            static let type = "hand.made"
            var partitionKey: String { "k" }
        }
        #expect(HandMade.catalog == nil)
        let catalog = try #require(OrderCreated.catalog)
        #expect(catalog[type: OrderCreated.type, version: OrderCreated.version]?.topic == OrderCreated.topic)
        #expect(ReserveStock.catalog?[type: ReserveStock.type, version: 1] != nil)
        try catalog.compile()
    }

    @Test("an envelope is decoded from what has been parsed, until its data changes")
    func kept() throws {
        struct Counted: Codable, Message, Equatable {
            static let type = "thing.counted"
            var n: Int
            var partitionKey: String { "k" }
        }
        var envelope = Envelope(source: "/t", type: "thing.counted", data: Array(#"{"n":1}"#.utf8))
        let before = envelope
        envelope.keep(["n": 2])
        #expect(try envelope.decode(Counted.self).n == 2)
        #expect(envelope == before)
        envelope.data = Array(#"{"n":3}"#.utf8)
        #expect(try envelope.decode(Counted.self).n == 3)
    }
}
