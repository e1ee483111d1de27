import Contracts
import Testing

/// Documents and schemas damaged at random, from a seed.
@Suite("JSONSchema: mutations")
struct SchemaMutationTests {
    static let schemas = [
        JSONSchemaTests.order,
        #"""
        {"$id":"https://x.example/tree","$dynamicAnchor":"node","type":"object","required":["v"],
         "properties":{"v":{"type":["integer","string"],"maximum":50,"maxLength":3},"c":{"type":"array","items":{"$dynamicRef":"#node"},"maxItems":3}},
         "if":{"properties":{"v":{"const":1}}},"then":{"required":["c"]},"else":{"not":{"required":["d"]}},
         "dependentRequired":{"e":["c"]},"dependentSchemas":{"f":{"minProperties":3}},"unevaluatedProperties":{"type":"boolean"}}
        """#,
        #"""
        {"type":"array","prefixItems":[{"type":"integer"},{"enum":["a",{"b":[1]}]}],"contains":{"type":"string","pattern":"^(a|b)+$"},"maxContains":2,
         "anyOf":[{"prefixItems":[true,true,{"type":"null"}]},{"maxItems":2},{"contains":{"type":"boolean"}}],"unevaluatedItems":{"multipleOf":0.5},"uniqueItems":true}
        """#,
        #"""
        {"patternProperties":{"^x":{"type":"number"},"y$":{"minimum":1.5}},"additionalProperties":{"type":"string"},"propertyNames":{"maxLength":4},
         "allOf":[{"maxProperties":4},{"oneOf":[{"required":["x"]},{"required":["y"]},{"minProperties":3}]}]}
        """#,
    ]

    static let documents: [JSONValue] = [
        ["id": "0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10", "items": [["sku": 1]], "total": 15, "note": "abc", "kind": 1, "pay": ["card": 1]],
        ["v": 1, "c": [["v": "a"], ["v": 2, "c": []]], "g": true], [1, "a", nil, "b"], [1, ["b": [1.0]], true, 1.5],
        ["x": 1, "xy": 2], ["y": 2, "z": "t"],
    ]

    @Test("the short way, the long way and the way from bytes agree")
    func agreement() throws {
        let schemas = try Self.schemas.map { try schema($0, .init(assertsFormats: true)) }
        var random = SplitMix(seed: 41)
        var valid = 0
        for index in 0..<fuzzCases / 2 {
            var value = Self.documents[index % Self.documents.count]
            for _ in 0..<Int.random(in: 0...3, using: &random) { value = Self.mutated(value, &random) }
            let bytes = value.encoded()
            for schema in schemas {
                let violations = schema.validate(value)
                let isValid = schema.isValid(value)
                if isValid { valid += 1 }
                #expect(violations.isEmpty == isValid, "\(value)")
                #expect(schema.isValid(bytes: bytes) == isValid, "\(value)")
                // A violation is about a place that exists, or about a member that is missing.
                for violation in violations where violation.keyword != "required" {
                    #expect(value[violation.pointer] != nil, "\(violation) in \(value)")
                }
            }
        }
        #expect(valid > fuzzCases / 20, "too few documents fit for the comparison to mean much")
    }

    /// Fails (crashes or hangs) where the compiler trusts a schema.
    @Test("damaged schemas are refused or used, but do no harm")
    func damagedSchemas() throws {
        var random = SplitMix(seed: 43)
        var compiled = 0
        for index in 0..<fuzzCases / 8 {
            let original = try JSONValue.parse(Self.schemas[index % Self.schemas.count])
            var text = original
            for _ in 0..<Int.random(in: 1...3, using: &random) { text = Self.mutated(text, &random) }
            for checks in [true, false] {
                let options = JSONSchema.Options(assertsFormats: true, checksMetaSchema: checks, maximumSteps: 20_000)
                guard let schema = try? JSONSchema(compiling: text, options: options) else { continue }
                compiled += 1
                for document in Self.documents { #expect(schema.isValid(document) == schema.validate(document).isEmpty) }
            }
        }
        #expect(compiled > fuzzCases / 40)
    }

    /// One change somewhere: another value, a part taken away, doubled, renamed or moved.
    static func mutated(_ value: JSONValue, _ random: inout SplitMix) -> JSONValue {
        let scalars: [JSONValue] = [
            nil, true, false, 0, 1, -1, 1.5, 50, 51, "", "a", "ab", "é", "abcd", .array([]), .object(JSONObject()), "$ref", "#", "#node",
            "x:y",
            "integer", "^a(", ["type": "integer"], ["$ref": "#"], .number(JSONNumber("1e400") ?? JSONNumber(0)),
        ]
        let scalar = scalars.randomElement(using: &random) ?? nil
        switch value {
        case .array(var values):
            guard let index = values.indices.randomElement(using: &random) else { return [scalar] }
            switch Int.random(in: 0..<6, using: &random) {
            case 0: values.remove(at: index)
            case 1: values.append(values[index])
            case 2: values.insert(scalar, at: index)
            default: values[index] = mutated(values[index], &random)
            }
            return .array(values)
        case .object(var object):
            let names = object.keys + ["x", "xy", "y", "v", "c", "d", "e", "f", "$id", "$anchor", "not", "items", "unevaluatedItems"]
            guard let key = object.keys.randomElement(using: &random) else { return scalar }
            switch Int.random(in: 0..<7, using: &random) {
            case 0: object[key] = nil
            case 1: object.rename(key, to: names.randomElement(using: &random) ?? "x")
            case 2: object[names.randomElement(using: &random) ?? "x"] = scalar
            case 3: return object[key] ?? nil
            default: object[key] = mutated(object[key] ?? nil, &random)
            }
            return .object(object)
        default: return scalar
        }
    }
}
