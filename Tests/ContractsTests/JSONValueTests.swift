import Contracts
import Foundation
import Testing

@Suite("JSONValue")
struct JSONValueTests {
    @Test(
        "reads what is JSON",
        arguments: [
            "null", "true", "false", "0", "-0", "1", "-1.5e+3", "1E400", "\"\"", "\"a\"", "[]", "{}", " [ ] ", "\t{\n}\r",
            "[1,[2,[3]]]", #"{"a":{"b":[]},"":0}"#, #""\"\\\/\b\f\n\r\t""#, #""\u0000\u00e9\ud83d\ude00""#, "\"é😀\u{7F}\"",
            "123456789012345678901234567890.123456789e-10", #"{"é":1,"e\u0301":2}"#, "\"\u{FFFF}\u{10FFFF}\"",
        ])
    func accepted(_ text: String) throws {
        let value = try JSONValue.parse(text)
        #expect(try JSONValue.parse(value.encoded()) == value)
        #expect(try JSONValue.parse(value.prettyPrinted()) == value)
        // Foundation has no number of that size.
        guard text != "1E400" else { return }
        _ = try JSONSerialization.jsonObject(with: Data(value.encoded()), options: .fragmentsAllowed)
    }

    @Test(
        "refuses what is not",
        arguments: [
            ("", JSONError.Code.unexpectedEnd, 0), (" ", .unexpectedEnd, 1), ("[", .unexpectedEnd, 1), ("[1", .unexpectedEnd, 2),
            ("[1,", .unexpectedEnd, 3), ("[1,]", .unexpectedByte, 3), ("[,1]", .unexpectedByte, 1), ("[1 2]", .unexpectedByte, 3),
            ("{\"a\"}", .unexpectedByte, 4), ("{\"a\":}", .unexpectedByte, 5), ("{\"a\":1,}", .unexpectedByte, 7),
            ("{a:1}", .unexpectedByte, 1), ("{'a':1}", .unexpectedByte, 1), ("{\"a\":1", .unexpectedEnd, 6),
            ("nul", .unexpectedEnd, 3), ("nulL", .unexpectedByte, 3), ("True", .unexpectedByte, 0), ("NaN", .unexpectedByte, 0),
            ("01", .invalidNumber, 0), ("-", .invalidNumber, 0), ("1.", .invalidNumber, 0), (".5", .unexpectedByte, 0),
            ("1e", .invalidNumber, 0), ("1e+", .invalidNumber, 0), ("+1", .unexpectedByte, 0), ("-01", .invalidNumber, 0),
            ("0x10", .trailingBytes, 1), ("1 2", .trailingBytes, 2), ("{}}", .trailingBytes, 2), ("[]//", .trailingBytes, 2),
            ("\"", .unexpectedEnd, 1), ("\"\\", .unexpectedEnd, 2), ("\"\\\"", .unexpectedEnd, 3), ("\"\\x\"", .invalidEscape, 1),
            ("\"\\u12\"", .invalidEscape, 1), ("\"\\u00zz\"", .invalidEscape, 1), ("\"\\ud800\"", .loneSurrogate, 1),
            ("\"\\udc00\"", .loneSurrogate, 1), ("\"\\ud800\\u0041\"", .loneSurrogate, 1), ("\"\\ud800\\", .loneSurrogate, 1),
            ("\"\n\"", .controlCharacter, 1), ("\"a\u{0}\"", .controlCharacter, 2), ("\u{FEFF}1", .unexpectedByte, 0),
            ("{\"a\":1,\"a\":2}", .duplicateKey, 7), ("{\"a\":1,\"\\u0061\":2}", .duplicateKey, 7), ("\u{A0}1", .unexpectedByte, 0),
        ])
    func refused(_ text: String, code: JSONError.Code, offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse(text) }
        #expect(error?.code == code, "\(text)")
        #expect(error?.offset == offset, "\(text)")
    }

    @Test(
        "refuses bytes that are not UTF-8",
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xE2, 0x82], [0xC3], [0xE2, 0x28, 0xA1],
        ] as [[UInt8]])
    func utf8(_ bytes: [UInt8]) {
        for padding in 0..<9 {
            let text = Array("\"\(String(repeating: "a", count: padding))".utf8)
            let error = #expect(throws: JSONError.self) { try JSONValue.parse(text + bytes + [0x22]) }
            #expect(error?.code == .invalidUTF8)
            #expect(error?.offset == padding + 1)
            #expect(throws: JSONError.self) { try JSONValue.parse(text + bytes) }
        }
    }

    @Test("says which value")
    func pointer() {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse(#"{"a/b":[0,{"~c":01}]}"#) }
        #expect(error?.pointer.text == "/a~1b/1/~0c")
        #expect(error?.pointer.tokens == ["a/b", "1", "~c"])
    }

    /// Fails (crashes) when the parser recurses without a limit.
    @Test("limits the depth")
    func depth() throws {
        let deep = { (count: Int) in Array((String(repeating: "[", count: count) + String(repeating: "]", count: count)).utf8) }
        _ = try JSONValue.parse(deep(64))
        #expect(throws: JSONError.self) { try JSONValue.parse(deep(65)) }
        let error = #expect(throws: JSONError.self) {
            try JSONValue.parse(deep(1_000_000), limits: JSONLimits(maximumDepth: .max))
        }
        #expect(error?.code == .tooDeep)
        #expect(error?.offset == 512)
    }

    @Test("limits the size")
    func size() throws {
        _ = try JSONValue.parse("[1]", limits: JSONLimits(maximumBytes: 3))
        let error = #expect(throws: JSONError.self) { try JSONValue.parse("[1] ", limits: JSONLimits(maximumBytes: 3)) }
        #expect(error?.code == .tooLarge)
    }

    @Test("keeps the text of numbers and the order of members")
    func lossless() throws {
        let text = #"{"z":1.00,"a":123456789012345678901234567890,"m":1e2}"#
        #expect(try JSONValue.parse(text).description == text)
    }

    @Test("finds the hard text of strings")
    func strings() throws {
        #expect(try JSONValue.parse(#""\ud83d\ude00\u0041\/\\""#).stringValue == "😀A/\\")
        #expect(try JSONValue.parse(#"{"é":1,"e\u0301":2}"#).objectValue?.count == 2)
    }

    @Test("numbers by value")
    func numbers() throws {
        func number(_ text: String) throws -> JSONNumber { try #require(JSONNumber(text)) }
        for text in ["1", "1.0", "10e-1", "0.1e1", "1E0", "100e-2"] { #expect(try number(text) == number("1")) }
        #expect(try number("-0.0") == number("0"))
        #expect(try number("1e999999999999999999999") > number("1e400"))
        #expect(try number("-1e400") < number("-1"))
        #expect(try number("0.1") < number("0.11"))
        #expect(try number("9007199254740993") > number("9007199254740992"))
        #expect(try number("3.0").int == 3)
        #expect(try number("3e2").int == 300)
        #expect(try number("-0").int == 0)
        #expect(try number("0e99").int == 0)
        #expect(try number("9223372036854775807.0").int == .max)
        #expect(try number("9223372036854775808").int == nil)
        #expect(try number("-9223372036854775808.0").int == .min)
        #expect(try number("1.5").int == nil)
        #expect(try number("1e99999999999999999999").int == nil)
        #expect(try number("1e99999999999999999999").isWhole)
        #expect(try !number("1e-99999999999999999999").isWhole)
        #expect(JSONNumber("01") == nil)
        #expect(JSONNumber(" 1") == nil)
        #expect(JSONNumber("true") == nil)
        #expect(JSONNumber(Double.nan) == nil)
        #expect(JSONNumber(0.1)?.text == "0.1")
    }

    @Test("changes in place")
    func changes() throws {
        var value: JSONValue = ["total": 5, "items": [["id": "a"]], "gone": nil]
        value["currency"] = "EUR"
        value["gone"] = nil
        #expect(value.description == #"{"total":5,"items":[{"id":"a"}],"currency":"EUR"}"#)
        #expect(value["items"]?[0]?["id"] == "a")
        #expect(value["items"]?[1] == nil)
        #expect(value[try #require(JSONPointer("/items/0/id"))] == "a")
        #expect(value[try #require(JSONPointer("/items/00/id"))] == nil)
        var object = try #require(value.objectValue)
        object.rename("total", to: "totalCents")
        #expect(object.keys == ["totalCents", "items", "currency"])
        object.rename("nothing", to: "x")
        #expect(object.count == 3)
        #expect(JSONPointer("a") == nil)
        #expect(JSONPointer("/~2") == nil)
        #expect(JSONPointer("/~") == nil)
    }

    @Test("many members")
    func large() throws {
        let text = "{" + (0..<5_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}"
        var object = try #require(try JSONValue.parse(text).objectValue)
        #expect(object["k4999"]?.intValue == 4_999)
        object["k0"] = nil
        #expect(object["k4999"]?.intValue == 4_999)
        #expect(object.count == 4_999)
        #expect(throws: JSONError.self) { try JSONValue.parse(text.dropLast() + ",\"k77\":0}") }
    }

    @Test("survives damaged bytes, and agrees with the envelope's scanner")
    func fuzz() throws {
        var random = SplitMix(seed: 11)
        let originals = [
            #"{"a":[1,2.5e-3,{"b":"\u00e9\ud83d\ude00é😀\n","c":null}],"d":true,"e":{},"f":[],"long":"0123456789abcdef0123456789"}"#,
            #"[[[["x","\\\"",-0,0.0,1E+9]]],{"k":{"k":{"k":false}}}]"#,
        ].map { Array($0.utf8) }
        let head = Array("{\(EnvelopeTests.head),\"data\":".utf8)
        for index in 0..<fuzzCases {
            let bytes = random.mutated(originals[index % originals.count])
            do {
                let value = try JSONValue.parse(bytes)
                #expect(try JSONValue.parse(value.encoded()) == value)
                let envelope = try Envelope(decoding: head + bytes + [UInt8(ascii: "}")])
                #expect(try JSONValue.parse(envelope.data) == value)
            } catch let error as JSONError {
                #expect((0...bytes.count).contains(error.offset))
            }
        }
    }
}
