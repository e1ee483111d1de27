import Contracts
import Testing

/// Compiles a schema from its text.
func schema(
    _ text: String, registry: JSONSchemaRegistry = JSONSchemaRegistry(), _ options: JSONSchema.Options = .init()
) throws -> JSONSchema {
    try JSONSchema(compiling: JSONValue.parse(text, limits: JSONLimits(maximumDepth: 512)), registry: registry, options: options)
}

/// Whether a document, both as text, fits a schema. Both ways of checking must agree.
func fits(_ document: String, _ text: String, _ options: JSONSchema.Options = .init()) throws -> Bool {
    let schema = try schema(text, options)
    let value = try JSONValue.parse(document, limits: JSONLimits(maximumDepth: 512))
    let violations = schema.validate(value)
    #expect(schema.isValid(value) == violations.isEmpty)
    return violations.isEmpty
}

@Suite("JSONSchema")
struct JSONSchemaTests {
    static let order = """
        {"type": "object", "additionalProperties": false, "required": ["id", "items"],
         "properties": {
           "id": {"type": "string", "format": "uuid"},
           "items": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/item"}},
           "total": {"type": "integer", "minimum": 0, "exclusiveMaximum": 1000, "multipleOf": 5},
           "note": {"type": ["string", "null"], "minLength": 2, "maxLength": 4, "pattern": "^[a-z]+$"},
           "kind": {"enum": ["a", 1, null]},
           "pay": {"oneOf": [{"required": ["card"]}, {"required": ["iban"], "properties": {"iban": {"type": "string"}}}]}},
         "$defs": {"item": {"type": "object", "required": ["sku"], "minProperties": 1, "maxProperties": 2}}}
        """

    @Test(
        "says what is wrong, where, and by which keyword",
        arguments: [
            ("[]", "type", "", "the document must be an object, not an array"),
            (#"{"items":[{"sku":1}]}"#, "required", "/id", "/id is required"),
            (#"{"id":"x","items":[{"sku":1}]}"#, "format", "/id", "/id must be a UUID"),
            (
                #"{"id":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[]}"#, "minItems", "/items",
                "/items must have at least 1 element, has 0"
            ),
            (#"{"items":[{"a/b":1}]}"#, "required", "/items/0/sku", "/items/0/sku is required"),
            (#"{"items":[{"sku":1,"b":2,"c":3}]}"#, "maxProperties", "/items/0", "/items/0 must have at most 2 members, has 3"),
            (#"{"total":1.5}"#, "type", "/total", "/total must be an integer, not a number"),
            (#"{"total":-5}"#, "minimum", "/total", "/total must be at least 0, is -5"),
            (#"{"total":1000}"#, "exclusiveMaximum", "/total", "/total must be less than 1000, is 1000"),
            (#"{"total":7}"#, "multipleOf", "/total", "/total must be a multiple of 5, is 7"),
            (#"{"note":7}"#, "type", "/note", "/note must be null or a string, not a number"),
            (#"{"note":"a"}"#, "minLength", "/note", "/note must have at least 2 characters, has 1"),
            (#"{"note":"abcde"}"#, "maxLength", "/note", "/note must have at most 4 characters, has 5"),
            (#"{"note":"a1"}"#, "pattern", "/note", "/note must match the pattern ^[a-z]+$"),
            (#"{"kind":"b"}"#, "enum", "/kind", #"/kind must be one of "a", 1, null"#),
            (
                #"{"other~":1}"#, "additionalProperties", "/other~0",
                "/other~0 is not known here; known are id, items, total, note, kind, pay"
            ),
            (#"{"pay":{"card":1,"iban":"x"}}"#, "oneOf", "/pay", "/pay must fit only one of 2 alternatives, fits those at 0 and 1"),
            (
                #"{"pay":{"iban":1}}"#, "oneOf", "/pay",
                "/pay must fit at least one of 2 alternatives; by the one at 0, /pay/card is required"
            ),
        ])
    func messages(_ document: String, keyword: String, pointer: String, description: String) throws {
        let schema = try schema(Self.order, .init(assertsFormats: true))
        let violations = try schema.validate(bytes: Array(document.utf8))
        let found = try #require(violations.first { $0.description == description }, "\(violations)")
        #expect(found.keyword == keyword)
        #expect(found.pointer.text == pointer)
    }

    @Test("names the subschema where it stands")
    func location() throws {
        let text = ##"{"$id":"https://x.example/a","$defs":{"n":{"minimum":3}},"properties":{"a":{"$ref":"#/$defs/n"}}}"##
        #expect(try schema(text).validate(["a": 1]).map(\.schema) == ["https://x.example/a#/$defs/n"])
        #expect(try schema(Self.order).validate(["items": []]).first { $0.keyword == "minItems" }?.schema == "#/properties/items")
    }

    @Test("lists everything, up to a number")
    func many() throws {
        let text = #"{"items":{"type":"integer"}}"#
        let value = JSONValue.array(Array(repeating: "x", count: 500))
        #expect(try schema(text).validate(value).count == 100)
        #expect(try schema(text, .init(maximumViolations: 3)).validate(value).map(\.pointer.text) == ["/0", "/1", "/2"])
    }

    @Test("reads bytes, and says why they are not JSON")
    func bytes() throws {
        let schema = try schema(Self.order)
        #expect(throws: JSONError.self) { try schema.validate(bytes: Array("{".utf8)) }
        #expect(!schema.isValid(bytes: Array("{".utf8)))
        #expect(throws: JSONError.self) { try schema.validate(bytes: Array("[1]".utf8), limits: JSONLimits(maximumBytes: 2)) }
        #expect(schema.isValid(bytes: Array(#"{"id":"","items":[{"sku":1}]}"#.utf8)))
    }

    @Test("formats are annotations unless asked for")
    func formats() throws {
        #expect(try fits(#""x""#, #"{"format":"uuid"}"#))
        #expect(try !fits(#""x""#, #"{"format":"uuid"}"#, .init(assertsFormats: true)))
        #expect(try fits(#""x""#, #"{"format":"no-such-format"}"#, .init(assertsFormats: true)))
    }

    @Test("names are compared by their bytes, and required ones may be many")
    func names() throws {
        #expect(try !fits(#"{"e\u0301":1}"#, #"{"required":["é"]}"#))
        #expect(try !fits(#"{"\u212a":1}"#, #"{"properties":{"K":{}},"additionalProperties":false}"#))
        for count in [5, 64, 65, 200] {
            let names = (0..<count).map { #""k\#($0)""# }
            let text =
                #"{"required":[\#(names.joined(separator: ","))],"properties":{"k1":{"type":"integer"},"o":{}},"additionalProperties":false}"#
            let closed = #"{"required":[\#(names.joined(separator: ","))]}"#
            let document = "{" + names.map { $0 + ":1" }.joined(separator: ",") + "}"
            #expect(try fits(document, closed))
            #expect(try !fits(document.replacing("\"k\(count - 1)\"", with: "\"z\""), closed))
            #expect(try !fits(document.replacing("\"k0\"", with: "\"z\""), closed))
            #expect(try !fits(document, text))
        }
    }

    @Test(
        "numbers are compared exactly",
        arguments: [
            ("9007199254740993", #"{"maximum":9007199254740992}"#, false),
            ("9007199254740993", #"{"const":9007199254740992}"#, false),
            ("1.0", #"{"const":1}"#, true), ("100e-2", #"{"enum":[2,1]}"#, true), ("1e400", #"{"maximum":1e399}"#, false),
            ("1e400", #"{"type":"integer"}"#, true), ("1e-400", #"{"type":"integer"}"#, false),
            ("1e-400", #"{"exclusiveMinimum":0}"#, true),
            ("0.3", #"{"multipleOf":0.1}"#, true), ("0.35", #"{"multipleOf":0.1}"#, false), ("19.99", #"{"multipleOf":0.01}"#, true),
            ("123456789012345678901234567890", #"{"multipleOf":10}"#, true),
            ("123456789012345678901234567891", #"{"multipleOf":7}"#, false),
            ("123456789012345678901234567893", #"{"multipleOf":9}"#, false),
            ("111111111111111111111111111111", #"{"multipleOf":3}"#, true), ("-12", #"{"multipleOf":4}"#, true),
            ("1e308", #"{"multipleOf":0.5}"#, true), ("1e308", #"{"multipleOf":0.123456789}"#, false), ("0", #"{"multipleOf":7}"#, true),
            ("9223372036854775808", #"{"exclusiveMaximum":9223372036854775807}"#, false),
            ("9223372036854775807", #"{"exclusiveMaximum":9223372036854775807}"#, false),
            ("5", #"{"minimum":5,"exclusiveMinimum":5}"#, false), ("4", #"{"maximum":3,"minimum":5}"#, false),
        ])
    func numbers(_ number: String, _ text: String, isValid: Bool) throws {
        #expect(try fits(number, text) == isValid)
    }

    @Test("equal elements are found in short and in long arrays")
    func unique() throws {
        let text = #"{"uniqueItems":true}"#
        #expect(try !fits(#"[{"a":1,"b":2},{"b":2.0,"a":10e-1}]"#, text))
        #expect(try fits(#"[1,true,"1",[1],{"a":1},null,0,false,"",[],{}]"#, text))
        #expect(try !fits(#"[1,true,"1",[1],{"a":1,"b":[1]},null,0,false,"",[],{"b":[1.0],"a":1}]"#, text))
        let long = "[" + (0..<20_000).map(String.init).joined(separator: ",")
        #expect(try fits(long + "]", text))
        #expect(try !fits(long + ",1.7e1]", text))
    }

    @Test("what has been evaluated does not leak from what failed")
    func evaluated() throws {
        let text = #"{"anyOf":[{"properties":{"a":true,"x":false}},{"properties":{"b":true}}],"unevaluatedProperties":false}"#
        #expect(try fits(#"{"b":1}"#, text))
        #expect(try fits(#"{"a":1,"b":1}"#, text))
        #expect(try !fits(#"{"a":1,"x":1}"#, text))
        #expect(try !fits(#"{"a":1,"c":1}"#, text))
        let nested = try schema(
            #"{"properties":{"o":{"unevaluatedProperties":false,"properties":{"k":true}}},"unevaluatedProperties":false}"#)
        #expect(nested.isValid(["o": ["k": 1]]))
        #expect(nested.validate(["o": ["k": 1, "l": 1]]).map(\.description) == ["/o/l is not known here"])
    }

    @Test("documents of the registry are found by both their names")
    func registry() throws {
        var registry = JSONSchemaRegistry()
        registry.add(["$id": "https://x.example/own", "type": "integer"], at: "https://x.example/found")
        let text = #"{"properties":{"a":{"$ref":"https://x.example/found"},"b":{"$ref":"https://x.example/own#"}}}"#
        let schema = try schema(text, registry: registry)
        #expect(schema.isValid(["a": 1, "b": 2]))
        #expect(!schema.isValid(["b": "x"]))
    }
}
