import Contracts
import Testing

/// Documents that are checked as bytes, without a tree. It may say yes only where the tree says yes.
@Suite("JSONSchema: at sight")
struct DirectCheckTests {
    static let text = """
        {"type": "object", "additionalProperties": false, "required": ["orderId", "items"], "maxProperties": 7,
         "properties": {
           "orderId": {"type": "string", "format": "uuid"},
           "customerId": {"type": "string", "minLength": 1, "maxLength": 4},
           "items": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"$ref": "#/$defs/item"}},
           "total": {"type": "integer", "minimum": -5, "maximum": 9007199254740991},
           "state": {"type": ["string", "null"], "enum": ["new", "paid"]},
           "note": {"type": ["string", "null"], "pattern": "^[a-zé]*$"},
           "weight": {"type": "number"},
           "tags": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 3}},
           "odd": {"oneOf": [{"type": "integer"}, {"type": "string", "maxLength": 2}]},
           "free": true},
         "$defs": {"item": {"type": "object", "additionalProperties": false, "required": ["sku"],
                            "properties": {"sku": {"type": "string"}, "count": {"type": "integer", "exclusiveMinimum": 0}, "ünder": {"type": "boolean"}}}}}
        """

    static let documents = [
        #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","customerId":"1é","items":[{"sku":"a","count":1},{"sku":"b","ünder":true}],"total":17,"state":"paid"}"#,
        #" { "items" : [ { "count" : 3 , "sku" : "\u0061\"" } ] , "orderId" : "0198C7D0-5B7E-7C43-9F0E-2D1A4C6B8E10" , "note" : "abé" , "weight" : -1.5e3 } "#,
        #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":""}],"tags":{"a":"b","c":"d"},"odd":"ab","free":{"x":[1,{"y":null}]},"note":null}"#,
        #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"x"}],"total":-5,"weight":0.25,"odd":7,"free":[true,false,"\ud83d\ude00"]}"#,
    ]

    private func sight(_ schema: JSONSchema, _ bytes: [UInt8], _ wanted: Int? = nil) -> JSONSchema.Sight? {
        bytes.withUnsafeBufferPointer { schema.atSight($0, wanted: wanted) }
    }

    /// Fails when a rule is left out of ``DirectCheck``: each of these breaks one.
    @Test(
        "is silent about what does not fit",
        arguments: [
            #"{"orderId":"0198c7d0","items":[{"sku":"a"}]}"#, #"{"items":[{"sku":"a"}]}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[]}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"},{"sku":"a"},{"sku":"a"},{"sku":"a"}]}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{}]}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":{}}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a","count":0}]}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"customerId":""}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"customerId":"ééééé"}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"customerId":"\u0061bcde"}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"total":9007199254740992}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"total":1.5}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"total":99999999999999999999}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"total":01}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"state":"gone"}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"state":null}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"note":"A"}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"note":true}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"weight":1e999}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"free":1e999}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"free":{"a":1,"a":2}}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"tags":{"a":"four"}}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"odd":"abc"}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a","sku":"a"}]}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"more":1}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}]} x"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}]}{}"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}]"#,
            #"{"orderId":"0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e10","items":[{"sku":"a"}],"total":1,"state":"new","note":"","weight":1,"odd":1,"tags":{}}"#,
        ])
    func silence(_ document: String) throws {
        let schema = try schema(Self.text, .init(assertsFormats: true))
        let bytes = Array(document.utf8)
        #expect(sight(schema, bytes) == nil)
        if let value = try? JSONValue.parse(bytes, limits: .init(allowsNumbersBeyondDouble: false)) { #expect(!schema.isValid(value)) }
    }

    @Test("says yes, and where the wanted member stands")
    func wanted() throws {
        let schema = try schema(Self.text, .init(assertsFormats: true))
        for (name, document) in [("orderId", Self.documents[0]), ("items", Self.documents[1]), ("total", Self.documents[3])] {
            let bytes = Array(document.utf8)
            let place = try #require(sight(schema, bytes, schema.memberNumber(name))?.wanted)
            #expect(try JSONValue.parse(Array(bytes[place])) == JSONValue.parse(bytes)[name])
        }
        #expect(try #require(sight(schema, Array(Self.documents[2].utf8), schema.memberNumber("total"))).wanted == nil)
        #expect(schema.memberNumber("sku") == nil && schema.memberNumber("more") == nil)
    }

    @Test("a value as large as the limits allow, and a deep one, are not taken for good by themselves")
    func limits() throws {
        let list = try schema(#"{"properties":{"a":{"type":"array","items":{"type":"integer"}}}}"#, .init(maximumSteps: 1_000))
        let document = Array("{\"a\":[\(Array(repeating: "1", count: 2_000).joined(separator: ","))]}".utf8)
        #expect(sight(list, document) == nil && !list.isValid(bytes: document))
        let tree = try schema(##"{"properties":{"a":{"$ref":"#"}}}"##)
        let deep = Array((String(repeating: #"{"a":"#, count: 63) + "{}" + String(repeating: "}", count: 63)).utf8)
        #expect(sight(tree, deep) != nil)
        #expect(deep.withUnsafeBufferPointer { tree.atSight($0, limits: .init(maximumDepth: 63)) } == nil)
    }

    /// Fails when at any place the bytes are taken for something else than the tree takes them for.
    @Test("never says yes where the tree does not, whatever the bytes")
    func agreement() throws {
        let schema = try schema(Self.text, .init(assertsFormats: true))
        var random = SplitMix(seed: 77)
        var (known, unknown) = (0, 0)
        for index in 0..<fuzzCases {
            var bytes = Array(Self.documents[index % Self.documents.count].utf8)
            for _ in 0..<Int.random(in: 0...2, using: &random) { bytes = Self.mutated(bytes, &random) }
            let isValid = (try? JSONValue.parse(bytes, limits: .init(allowsNumbersBeyondDouble: false))).map { schema.isValid($0) } ?? false
            if sight(schema, bytes) != nil {
                #expect(isValid, "\(String(decoding: bytes, as: UTF8.self))")
                known += 1
            } else if isValid {
                unknown += 1
            }
        }
        #expect(known > fuzzCases / 10, "too few documents fit for the comparison to mean much")
        #expect(unknown < known / 10, "\(unknown) documents that fit were not decided, \(known) were")
    }

    /// Bytes that matter to JSON in other places, or parts taken away or doubled.
    private static func mutated(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var bytes = bytes
        guard let place = bytes.indices.randomElement(using: &random) else { return bytes }
        let end = min(bytes.count, place + Int.random(in: 0...12, using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes.removeSubrange(place..<end)
        case 1: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 2: bytes.insert(Array(#"{}[]:,"\ 019-.eEtn"#.utf8).randomElement(using: &random) ?? 0x20, at: place)
        case 3: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
        case 4: bytes.swapAt(place, bytes.indices.randomElement(using: &random) ?? place)
        default: bytes.insert(contentsOf: [0x20, 0x0A], at: place)
        }
        return bytes
    }
}
