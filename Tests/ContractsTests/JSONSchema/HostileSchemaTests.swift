import Contracts
import Foundation
import Testing

@Suite("JSONSchema: hostile input")
struct HostileSchemaTests {
    static func nested(_ open: String, _ inner: String, _ close: String, _ count: Int) -> String {
        String(repeating: open, count: count) + inner + String(repeating: close, count: count)
    }

    @Test(
        "refuses schemas that are wrong, with the place",
        arguments: [
            ("3", "invalidSchema", ""), (#"{"type":"strnig"}"#, "invalidSchema", "/type"),
            (#"{"properties":{"a":{"minLength":-1}}}"#, "invalidSchema", "/properties/a/minLength"),
            (#"{"properties":{"a":[]}}"#, "invalidSchema", "/properties/a"), (#"{"multipleOf":0}"#, "invalidSchema", "/multipleOf"),
            (#"{"required":["a","a"]}"#, "invalidSchema", "/required"), (#"{"$ref":7}"#, "invalidSchema", "/$ref"),
            (#"{"allOf":[]}"#, "invalidSchema", "/allOf"),
            (##"{"$ref":"#/$defs/a"}"##, "unresolvedReference", "/$ref"), (##"{"not":{"$ref":"#a"}}"##, "unresolvedReference", "/not/$ref"),
            (##"{"$ref":"https://x.example/none"}"##, "unresolvedReference", "/$ref"),
            (##"{"$ref":"#/a/~2"}"##, "invalidIdentifier", "/$ref"),
            (##"{"$ref":"#/a%ff"}"##, "invalidIdentifier", "/$ref"), (##"{"$dynamicRef":"#none"}"##, "unresolvedReference", "/$dynamicRef"),
            (#"{"$id":"a#b"}"#, "invalidIdentifier", "/$id"),
            (#"{"$defs":{"a":{"$id":"x:a"},"b":{"$id":"x:a"}}}"#, "invalidIdentifier", "/$defs/b/$id"),
            (#"{"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}}"#, "invalidIdentifier", "/$defs/b/$anchor"),
            (#"{"$schema":"http://json-schema.org/draft-07/schema#"}"#, "unknownDialect", "/$schema"),
            (#"{"multipleOf":12345678901234567891234}"#, "limitExceeded", "/multipleOf"),
            (#"{"pattern":"(a"}"#, "invalidPattern", "/pattern"),
            (#"{"patternProperties":{"[b-a]":true}}"#, "invalidPattern", "/patternProperties/[b-a]"),
            (#"{"pattern":"a(?=b)"}"#, "unsupportedPattern", "/pattern"), (#"{"pattern":"(a)\\1"}"#, "unsupportedPattern", "/pattern"),
            (#"{"pattern":"\\p{Script=Greek}"}"#, "unsupportedPattern", "/pattern"),
            (#"{"pattern":"a{1,100000}"}"#, "limitExceeded", "/pattern"),
            (#"{"pattern":"((a{0,1000}){0,1000}){0,1000}"}"#, "limitExceeded", "/pattern"),
        ])
    func refused(_ text: String, code: String, pointer: String) throws {
        let error = #expect(throws: JSONSchemaError.self) { try schema(text) }
        #expect(error?.code.description == code, "\(error.map(\.description) ?? "")")
        #expect(error?.pointer.text == pointer, "\(error.map(\.description) ?? "")")
    }

    @Test(
        "refuses references that go in a circle",
        arguments: [
            ##"{"$ref":"#"}"##, ##"{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}"##,
            ##"{"allOf":[{"anyOf":[true,{"not":{"$ref":"#"}}]}]}"##, ##"{"$dynamicAnchor":"a","$dynamicRef":"#a"}"##,
            ##"{"if":true,"then":{"dependentSchemas":{"a":{"$ref":"#"}}}}"##,
            ##"{"properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"oneOf":[{"$ref":"#/$defs/x"}]}}}"##,
        ])
    func circles(_ text: String) throws {
        #expect(throws: JSONSchemaError.self) { try schema(text) }
    }

    /// Fails (never ends, or overflows the stack) without the limit of depth.
    @Test("stops where only the way to a reference makes it a circle")
    func dynamicCircle() throws {
        let text = #"""
            {"$id":"https://x.example/outer","$dynamicAnchor":"n","$ref":"inner",
             "$defs":{"i":{"$id":"inner","$dynamicRef":"#n","$defs":{"d":{"$dynamicAnchor":"n"}}}}}
            """#
        let schema = try schema(text)
        #expect(!schema.isValid(1))
        #expect(schema.validate(1).map(\.keyword) == ["$schema"])
        let negated = try JSONSchema(compiling: ["not": JSONValue.parse(text)])
        #expect(!negated.isValid(1), "what could not be checked is not the opposite of wrong")
        #expect(negated.validate(1).count == 1)
    }

    /// Fails (takes longer than anybody waits) without the limit of steps.
    @Test("stops schemas that multiply")
    func doubling() throws {
        let levels = (0..<60).map { ##""l\##($0)":{"allOf":[{"$ref":"#/$defs/l\##($0 + 1)"},{"$ref":"#/$defs/l\##($0 + 1)"}]}"## }
        let text = ##"{"$ref":"#/$defs/l0","$defs":{\##(levels.joined(separator: ",")),"l60":{"type":"integer"}}}"##
        let schema = try schema(text, .init(maximumSteps: 50_000))
        #expect(schema.validate(1).map(\.keyword) == ["$schema"])
        #expect(!schema.isValid(1))
    }

    @Test("takes documents as deep as the limits, and says so beyond")
    func deepDocuments() throws {
        let schema = try schema(##"{"properties":{"a":{"$ref":"#"}},"additionalProperties":false}"##)
        let limits = JSONLimits(maximumDepth: 512)
        let deep = Array(Self.nested(#"{"a":"#, "1", "}", 500).utf8)
        #expect(try schema.validate(bytes: deep, limits: limits).isEmpty)
        #expect(throws: JSONError.self) { try schema.validate(bytes: deep) }
        let wrong = Array(Self.nested(#"{"a":"#, #"{"b":1}"#, "}", 500).utf8)
        #expect(try schema.validate(bytes: wrong, limits: limits).map(\.keyword) == ["additionalProperties"])
        let beyond = Array(Self.nested(#"{"a":"#, "1", "}", 512).utf8)
        #expect(try schema.validate(bytes: beyond, limits: limits).map(\.keyword) == ["$schema"])
        let evaluated = try Contracts.JSONSchema(
            compiling: JSONValue.parse(
                ##"{"properties":{"a":{"$ref":"#"}},"unevaluatedProperties":false,"anyOf":[true,{"not":{}}]}"##))
        #expect(evaluated.isValid(try JSONValue.parse(Self.nested(#"{"a":"#, "1", "}", 200), limits: limits)))
    }

    @Test("refuses schemas that are too deep or too many, and takes the deepest that it allows")
    func deepSchemas() throws {
        #expect(try schema(Self.nested(#"{"not":"#, "true", "}", 120)).isValid(1))
        #expect(
            try !schema(Self.nested(#"{"properties":{"a":"#, "false", "}}", 60)).isValid(
                try JSONValue.parse(Self.nested(#"{"a":"#, "1", "}", 60))))
        for count in [129, 500] {
            let error = #expect(throws: JSONSchemaError.self) { try schema(Self.nested(#"{"not":"#, "true", "}", count)) }
            #expect(error?.code == .limitExceeded)
        }
        let error = #expect(throws: JSONSchemaError.self) { try schema(#"{"allOf":[true,true,true]}"#, .init(maximumSubschemas: 3)) }
        #expect(error?.code == .limitExceeded)
    }

    @Test(
        "huge numbers take no time",
        arguments: [
            ("1e1000000000", #"{"multipleOf":0.01}"#, true), ("1e1000000000", #"{"multipleOf":3}"#, false),
            ("1e-1000000000", #"{"multipleOf":3}"#, false), ("1e1000000000", #"{"maximum":1e999999999}"#, false),
            ("1e99999999999999999999999", #"{"multipleOf":7}"#, false),
            ("1e99999999999999999999999", #"{"type":"integer","minimum":1}"#, true),
            ("-1e99999999999999999999999", #"{"minimum":-1e99999999999999999999}"#, true),
            ("1e99999999999999999999999", #"{"enum":[1,2,3,4,5,6,7,8,9,10]}"#, false),
            ("[1e1000000000,10e999999999,1,2,3,4,5,6]", #"{"uniqueItems":true}"#, false),
            ("3", #"{"minLength":1e1000000000}"#, true), ("\"x\"", #"{"minLength":1e1000000000}"#, false),
            ("\"x\"", #"{"maxLength":1e400}"#, true),
            ("[1]", #"{"contains":true,"minContains":3,"maxContains":2}"#, false),
        ])
    func hugeNumbers(_ number: String, _ text: String, isValid: Bool) throws {
        #expect(try fits(number, text) == isValid)
    }

    @Test("long numbers take linear time")
    func longNumbers() throws {
        let digits = String(repeating: "123456789", count: 50_000)
        #expect(try fits(digits, #"{"multipleOf":9,"minimum":0.5,"type":"integer"}"#))
        #expect(try !fits(digits + ".5", #"{"multipleOf":9}"#))
        #expect(try fits("0." + String(repeating: "0", count: 300_000) + "1", #"{"exclusiveMinimum":0,"maximum":1}"#))
    }

    /// Fails (takes longer than anybody waits) with a matcher that tries one way after another.
    @Test(
        "patterns take linear time",
        arguments: [
            "^(a+)+$", "^(a|aa)+$", "(x+x+)+y", "^(a?){60}a{60}b$", "(.*)*(.*)*(.*)*b$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(\\b|a)+a*\\bb",
        ])
    func slowPatterns(_ pattern: String) throws {
        let schema = try JSONSchema(compiling: ["pattern": .string(pattern)])
        #expect(!schema.isValid(.string(String(repeating: "a", count: 20_000) + "!")))
    }

    @Test("patterns cost steps")
    func patternBudget() throws {
        let text = #"{"pattern":"(?:\\b|\\B)(a{0,500}){0,4}c"}"#
        let value = JSONValue.string(String(repeating: "a", count: 100_000))
        #expect(try schema(text, .init(maximumSteps: 20_000)).validate(value).last?.keyword == "$schema")
        let long = JSONValue.string(Self.nested("(", "a", ")", 20_000))
        #expect(throws: JSONSchemaError.self) { try JSONSchema(compiling: ["pattern": long]) }
        let groups = JSONValue.string(Self.nested("(", "a", ")", 60))
        #expect(throws: JSONSchemaError.self) { try JSONSchema(compiling: ["pattern": groups]) }
    }

    @Test("large enumerations and tables are looked up, not searched")
    func large() throws {
        let values = JSONValue.array((0..<20_000).map { ["n": .number(JSONNumber($0))] } + (0..<20_000).map { .string("t\($0)") })
        let schema = try JSONSchema(compiling: ["items": ["enum": values]])
        #expect(schema.isValid(values))
        #expect(schema.validate(["t20000", ["n": -1]]).count == 2)
        var properties = JSONObject()
        for index in 0..<5_000 { properties["p\(index)"] = ["type": "integer"] }
        let wide = try JSONSchema(compiling: ["properties": .object(properties), "additionalProperties": false])
        var document = JSONObject()
        for index in (0..<5_000).reversed() { document["p\(index)"] = 1 }
        #expect(wide.isValid(.object(document)))
        document["q"] = 1
        #expect(wide.validate(.object(document)).map(\.pointer.text) == ["/q"])
    }

    @Test("any text is safe for every format")
    func formats() throws {
        var random = SplitMix(seed: 5)
        let names = [
            "date-time", "date", "time", "duration", "uuid", "email", "idn-email", "hostname", "ipv4", "ipv6", "uri", "uri-reference",
            "iri", "iri-reference", "uri-template", "json-pointer", "relative-json-pointer", "regex",
        ]
        let schemas = try names.map { name in
            try JSONSchema(compiling: ["format": .string(name)], options: .init(assertsFormats: true))
        }
        let pieces = Array("[]{}()\"\\/:.@#%?~-+TZPYMDW0123456789aAfvé\u{1F600} ").map(String.init)
        for _ in 0..<fuzzCases / 4 {
            let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            for schema in schemas { _ = schema.isValid(.string(text)) }
        }
    }

    #if !DEBUG
        /// Fails (overflows the stack) when the depth is not limited, or an evaluation takes more than 2 KiB a step.
        @Test("the deepest evaluation needs no more than a megabyte of stack")
        func stack() async throws {
            let schema = try schema(
                ##"{"properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"anyOf":[{"allOf":[{"$ref":"#"}]},false],"unevaluatedProperties":false}}}"##
            )
            let value = try JSONValue.parse(Self.nested(#"{"a":"#, "1", "}", 500), limits: JSONLimits(maximumDepth: 512))
            let violations = await withCheckedContinuation { continuation in
                let thread = Thread { continuation.resume(returning: schema.validate(value)) }
                thread.stackSize = 1 << 20
                thread.start()
            }
            #expect(violations.last?.keyword == "$schema")
        }
    #endif
}
