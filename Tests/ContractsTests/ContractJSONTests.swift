import Contracts
import Foundation
import Testing

@Suite("ContractJSON")
struct ContractJSONTests {
    struct Inner: Codable, Equatable {
        var name: String
        var flag: Bool?
    }

    enum Kind: String, Codable { case big, small }

    enum Choice: Codable, Equatable {
        case plain
        case pair(Int, label: String)
    }

    struct All: Codable, Equatable {
        var id = UUID()
        var at = Date(timeIntervalSince1970: 1_767_225_600.25)
        var data = Data([0, 1, 255])
        var decimal = Decimal(string: "12345678901234567890.123")!
        var url = URL(string: "https://example.com/a?b=c")!
        var int = Int.min
        var small: Int8 = -128
        var unsigned = UInt64.max
        var double = -0.1
        var float: Float = 1.5
        var text = "é😀\"\\\n\u{0}\u{7f}/"
        var flag = true
        var none: Int?
        var some: Int? = 3
        var list = [Inner(name: "a", flag: nil), Inner(name: "b", flag: false)]
        var empty: [Int] = []
        var nested = [[1], [], [2, 3]]
        var optionals: [Int?] = [1, nil]
        var map = ["x": Inner(name: "c", flag: true)]
        var numbers = [1: "one"]
        var pairs = [Kind.big: 1]
        var kind = Kind.small
        var choices = [Choice.plain, .pair(1, label: "l")]
        var json: JSONValue = ["a": [1, 2.5, nil], "b": "c"]
        var inner = Inner(name: "", flag: nil)
    }

    @Test("any Codable value comes back")
    func roundTrip() throws {
        let value = All()
        let bytes = try ContractJSON.encode(value)
        #expect(try ContractJSON.decode(All.self, from: bytes) == value)
        let json = try JSONValue.parse(bytes)
        #expect(json["id"]?.stringValue == value.id.uuidString.lowercased())
        #expect(json["at"] == "2026-01-01T00:00:00.250000Z")
        #expect(json["data"] == "AAH/")
        #expect(json["none"] == nil)
        #expect(json["unsigned"]?.description == "18446744073709551615")
        #expect(json["json"]?.description == #"{"a":[1,2.5,null],"b":"c"}"#)
    }

    /// Foundation's coders as a second opinion.
    @Test("agrees with Foundation")
    func foundation() throws {
        let value = All()
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(RFC3339.string(from: date))
        }
        let theirs = try encoder.encode(value)
        #expect(try ContractJSON.decode(All.self, from: Array(theirs)) == value)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { RFC3339.date(from: try $0.singleValueContainer().decode(String.self))! }
        #expect(try decoder.decode(All.self, from: Data(try ContractJSON.encode(value))) == value)
    }

    @Test("values without an object around them")
    func scalars() throws {
        #expect(try ContractJSON.encode("a") == Array("\"a\"".utf8))
        #expect(try ContractJSON.encode(5) == Array("5".utf8))
        #expect(try ContractJSON.encode([Int]()) == Array("[]".utf8))
        #expect(try ContractJSON.encode(Optional<Int>.none) == Array("null".utf8))
        #expect(try ContractJSON.decode([Int].self, from: Array("[1,2.0,3e0]".utf8)) == [1, 2, 3])
        #expect(try ContractJSON.decode(Int?.self, from: Array("null".utf8)) == nil)
    }

    class Base: Codable {
        var a = 1
    }

    final class Derived: Base {
        var b = 2

        override init() { super.init() }
        required init(from decoder: any Decoder) throws {
            b = try decoder.container(keyedBy: Key.self).decode(Int.self, forKey: .b)
            try super.init(from: decoder)
        }
        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(b, forKey: .b)
            try super.encode(to: encoder)
        }
        enum Key: CodingKey { case b }
    }

    @Test("a class and its superclass share an object")
    func classes() throws {
        let bytes = try ContractJSON.encode(Derived())
        #expect(try JSONValue.parse(bytes) == ["a": 1, "b": 2])
        #expect(try ContractJSON.decode(Derived.self, from: bytes).a == 1)
    }

    /// Writes to two containers by turns, and to one of them after it was left.
    struct Alternating: Encodable {
        enum Key: CodingKey { case x, y, z }

        func encode(to encoder: any Encoder) throws {
            var object = encoder.container(keyedBy: Key.self)
            var first = object.nestedUnkeyedContainer(forKey: .x)
            var second = object.nestedUnkeyedContainer(forKey: .y)
            try first.encode(1)
            try second.encode(2)
            try first.encode(3)
            try object.encode(4, forKey: .z)
        }
    }

    struct WithSuper: Encodable {
        enum Key: CodingKey { case x }

        func encode(to encoder: any Encoder) throws {
            var object = encoder.container(keyedBy: Key.self)
            try 1.encode(to: object.superEncoder())
            try object.encode(2, forKey: .x)
        }
    }

    struct Nothing: Codable {
        init() {}
        init(from decoder: any Decoder) throws {}
        func encode(to encoder: any Encoder) throws {}
    }

    /// Fails (with broken JSON) when an output that lost its place is used.
    @Test("unusual encoders are right, too")
    func unusual() throws {
        #expect(try JSONValue.parse(try ContractJSON.encode(Alternating())) == ["x": [1, 3], "y": [2], "z": 4])
        #expect(try JSONValue.parse(try ContractJSON.encode(WithSuper())) == ["super": 1, "x": 2])
        #expect(try ContractJSON.encode(["a": Nothing()]) == Array(#"{"a":{}}"#.utf8))
    }

    @Test("what cannot be written is refused")
    func notFinite() {
        for value in [Double.nan, .infinity] {
            let error = #expect(throws: ContractError.self) { try ContractJSON.encode([value]) }
            #expect(error?.code == .encoding)
        }
    }

    @Test(
        "says where data does not fit",
        arguments: [
            ("{}", "/name is missing"), (#"{"name":1}"#, "/name must be a string, not a number"),
            (#"{"name":null}"#, "/name must be a string, not null"), (#"{"name":"","flag":1}"#, "/flag must be a boolean, not a number"),
            ("[]", "must be an object, not an array"),
        ])
    func place(_ text: String, _ message: String) {
        let error = #expect(throws: ContractError.self) { try ContractJSON.decode(Inner.self, from: Array(text.utf8)) }
        #expect(error?.code == .decoding)
        #expect(error?.message == "the data does not fit Inner: \(message)")
        let nested = #expect(throws: ContractError.self) {
            try ContractJSON.decode([String: [Inner]].self, from: Array("{\"k\":[\(text)]}".utf8))
        }
        #expect(nested?.message.contains("/k/0") == true)
    }

    @Test("refuses numbers that do not fit", arguments: ["128", "-129", "1.5", "1e400", "\"1\"", "true"])
    func numbers(_ text: String) {
        #expect(throws: ContractError.self) { try ContractJSON.decode(Int8.self, from: Array(text.utf8)) }
    }

    @Test("refuses what is not JSON", arguments: ["", "{", "{\"name\":\"a\",\"name\":\"b\"}", "{\"name\":\"\\ud800\"}", "{} x"])
    func syntax(_ text: String) {
        let error = #expect(throws: ContractError.self) { try ContractJSON.decode(Inner.self, from: Array(text.utf8)) }
        #expect(error?.code == .decoding)
    }
}
