import Contracts
import Foundation
import Testing

@Suite("Envelope")
struct EnvelopeTests {
    static let full = Envelope(
        id: UUID(uuidString: "01900000-0000-7000-8000-000000000001")!, source: "/workers/orders",
        type: "order.created", subject: "a \"quoted\" \\ subject\n\u{1}é😀",
        time: Date(timeIntervalSince1970: 1_767_225_600.123456), dataschema: "millrace:order.created:1",
        correlationID: UUID(uuidString: "01900000-0000-7000-8000-000000000002")!,
        causationID: UUID(uuidString: "01900000-0000-7000-8000-000000000003")!,
        partitionKey: "key", sequence: 42, traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        extensions: ["sagastep": "checkout/1/2", "sagadirection": "forward"],
        data: Array(#"{"orderId":"x", "n" : [1,2.50e3,null,true]}"#.utf8))

    @Test("comes back as it was")
    func roundTrip() throws {
        #expect(try Envelope(decoding: Self.full.encoded()) == Self.full)
        let small = Envelope(source: "/s", type: "t")
        #expect(try Envelope(decoding: small.encoded()) == small)
    }

    @Test("is CloudEvents JSON to another reader")
    func otherReader() throws {
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(Self.full.encoded())) as? [String: Any])
        #expect(object["specversion"] as? String == "1.0")
        #expect(object["id"] as? String == "01900000-0000-7000-8000-000000000001")
        #expect(object["time"] as? String == "2026-01-01T00:00:00.123456Z")
        #expect(object["subject"] as? String == Self.full.subject)
        #expect(object["sequence"] as? String == "42")
        #expect(object["sagastep"] as? String == "checkout/1/2")
        #expect(object["datacontenttype"] as? String == "application/json")
        #expect((object["data"] as? [String: Any])?["orderId"] as? String == "x")
        #expect(object.count == 16)
    }

    @Test("keeps the bytes of the data")
    func rawData() throws {
        let data = "{ \"b\" : 1.0 ,\n\t\"a\":\"\\u00e9\" }"
        let bytes = Array("{\"data\": \(data) ,\(Self.head)}".utf8)
        #expect(try Envelope(decoding: bytes).data == Array(data.utf8))
    }

    @Test("gets its sequence without being read")
    func sequence() throws {
        var envelope = Self.full
        envelope.sequence = nil
        let numbered = Envelope.appending(sequence: .max, to: envelope.encoded())
        envelope.sequence = .max
        #expect(try Envelope(decoding: numbered) == envelope)
        #expect(Envelope.appending(sequence: 1, to: []) == [])
        #expect(Envelope.appending(sequence: 1, to: Array("{\"a\":1}\n".utf8)) == Array("{\"a\":1,\"sequence\":\"1\"}\n".utf8))
    }

    /// Fails when `appending` looks for the first brace instead of the last.
    @Test("puts the sequence behind nested data")
    func sequenceNested() throws {
        let envelope = Envelope(source: "/s", type: "t", data: Array(#"{"a":{"b":"}"}}"#.utf8))
        let numbered = try Envelope(decoding: Envelope.appending(sequence: -7, to: envelope.encoded()))
        #expect(numbered.sequence == -7)
        #expect(numbered.data == envelope.data)
    }

    @Test("a stamp writes what the envelope writes", arguments: [nil, "a \"subject\"\n"], [nil, "k1", "", "ké\"\u{1}\\"] as [String?])
    func stamp(_ subject: String?, _ key: String?) {
        for (schema, correlation) in [("millrace:t:1", UUID.v7()), (nil, nil)] as [(String?, UUID?)] {
            let stamp = EnvelopeStamp(source: "/s\"", type: "t", subject: subject, dataschema: schema, correlationID: correlation)
            for data in ["", #"{"a":1}"#] {
                let envelope = Envelope(
                    source: "/s\"", type: "t", subject: subject ?? key, dataschema: schema, correlationID: correlation, partitionKey: key,
                    data: Array(data.utf8))
                let bytes = Array(data.utf8).withUnsafeBufferPointer { data in
                    guard let key else { return stamp.envelope(id: envelope.id, time: envelope.time, key: nil, data: data) }
                    return EnvelopeStamp.escaped(key).withUnsafeBufferPointer {
                        stamp.envelope(id: envelope.id, time: envelope.time, key: $0, data: data)
                    }
                }
                #expect(bytes == envelope.encoded(), "\(String(decoding: bytes, as: UTF8.self))")
            }
        }
    }

    static let head =
        #""specversion":"1.0","id":"01900000-0000-7000-8000-000000000001","source":"/s","type":"t","time":"2026-01-01T00:00:00Z""#

    @Test("keeps attributes it does not know")
    func unknownAttributes() throws {
        let bytes = Array("{\(Self.head),\"tenant\":\"a\",\"count\":12,\"flag\":true,\"gone\":null,\"subject\":null}".utf8)
        let envelope = try Envelope(decoding: bytes)
        #expect(envelope.extensions == ["tenant": "a", "count": "12", "flag": "true"])
        #expect(envelope.subject == nil)
    }

    @Test("reads the sequence as text or number", arguments: ["\"17\"", "17"])
    func sequenceForms(_ text: String) throws {
        #expect(try Envelope(decoding: Array("{\(Self.head),\"sequence\":\(text)}".utf8)).sequence == 17)
    }

    @Test("reads base64 that holds JSON")
    func base64() throws {
        let json = Data(#"{"a":1}"#.utf8)
        let bytes = Array("{\(Self.head),\"data_base64\":\"\(json.base64EncodedString())\"}".utf8)
        #expect(try Envelope(decoding: bytes).data == Array(json))
    }

    @Test(
        "refuses what is no envelope",
        arguments: [
            ("", ContractError.Code.malformed), ("[]", .malformed), ("{", .malformed), ("{}x", .malformed),
            ("{}", .missingAttribute),
            ("{\(head)", .malformed), ("{\(head)} {}", .malformed), ("{\(head),}", .malformed),
            ("{\(head),\"data\":}", .malformed), ("{\(head),\"data\":[1,]}", .malformed),
            ("{\(head),\"data\":{\"a\":\"\\ud800\"}}", .malformed),
            ("{\(head),\"data\":\(String(repeating: "[", count: 65))\(String(repeating: "]", count: 65))}", .malformed),
            ("{\(head),\"id\":\"01900000-0000-7000-8000-000000000001\"}", .malformed),
            ("{\(head),\"tenant\":\"a\",\"tenant\":\"b\"}", .malformed),
            ("{\(head),\"Tenant\":\"a\"}", .invalidAttribute), ("{\(head),\"\":\"a\"}", .invalidAttribute),
            ("{\(head),\"tenant\":{}}", .invalidAttribute), ("{\(head),\"subject\":1}", .invalidAttribute),
            ("{\(head),\"sequence\":1.5}", .invalidAttribute), ("{\(head),\"sequence\":\"x\"}", .invalidAttribute),
            ("{\(head),\"sequence\":true}", .invalidAttribute),
            ("{\(head),\"correlationid\":\"nope\"}", .invalidAttribute),
            ("{\(head),\"data_base64\":\"e30=\",\"data\":{}}", .malformed),
            ("{\(head),\"data_base64\":\"e3\"}", .invalidAttribute), ("{\(head),\"data_base64\":\"eA==\"}", .malformed),
            ("{\(head),\"datacontenttype\":\"text/xml\",\"data\":\"<a/>\"}", .unsupported),
            ("{\(head),\"datacontenttype\":\"image/png\",\"data_base64\":\"e30=\"}", .unsupported),
            (#"{"specversion":"0.3"}"#, .unsupported),
            (#"{"specversion":"1.0","id":"x"}"#, .invalidAttribute),
            (#"{"specversion":"1.0","source":""}"#, .invalidAttribute),
            (#"{"specversion":"1.0","time":"yesterday"}"#, .invalidAttribute),
        ])
    func refused(_ text: String, code: ContractError.Code) throws {
        let error = #expect(throws: ContractError.self) { try Envelope(decoding: Array(text.utf8)) }
        #expect(error?.code == code, "\(text): \(String(describing: error))")
    }

    @Test("takes data as deep as the limit")
    func depth() throws {
        let data = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        _ = try Envelope(decoding: Array("{\(Self.head),\"data\":\(data)}".utf8))
    }

    @Test("says where")
    func offset() throws {
        let text = "{\(Self.head),\"subject\":1}"
        let error = #expect(throws: ContractError.self) { try Envelope(decoding: Array(text.utf8)) }
        #expect(error?.offset == text.utf8.count - 2)
        #expect(error?.message == "the attribute \"subject\" must be a string")
    }

    @Test("refuses more bytes than the limit")
    func size() throws {
        let bytes = Self.full.encoded()
        let limits = JSONLimits(maximumBytes: bytes.count - 1)
        let error = #expect(throws: ContractError.self) { try Envelope(decoding: bytes, limits: limits) }
        #expect(error?.code == .tooLarge)
    }

    @Test("refuses every beginning of itself")
    func truncated() throws {
        let bytes = Self.full.encoded()
        for end in 0..<bytes.count {
            #expect(throws: ContractError.self) { try Envelope(decoding: Array(bytes[..<end])) }
        }
    }

    @Test("leaves out extensions that no reader takes")
    func badExtensionNames() throws {
        let envelope = Envelope(source: "/s", type: "t", extensions: ["Bad": "1", "id": "2", "": "3", "a_b": "4", "ok": "5"])
        #expect(try Envelope(decoding: envelope.encoded()).extensions == ["ok": "5"])
    }

    @Test("survives damaged bytes")
    func fuzz() throws {
        var random = SplitMix(seed: 7)
        let original = Self.full.encoded()
        for _ in 0..<fuzzCases {
            let bytes = random.mutated(original)
            guard let envelope = try? Envelope(decoding: bytes) else { continue }
            // What is read can be written and read again.
            #expect(try Envelope(decoding: envelope.encoded()) == envelope)
        }
    }
}

/// Cases of a fuzz test: enough to be of use, and few enough for a debug build.
#if DEBUG
    let fuzzCases = 4_000
#else
    let fuzzCases = 100_000
#endif

/// A small generator with a seed, so that a failure can be repeated (SplitMix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// One to four changes: a byte replaced, removed, inserted, a bit flipped, a part doubled, the end cut off.
    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        let interesting = Array("{}[]\",:\\u0eE+-.tfn \n\u{0}\u{1f}".utf8) + [0x80, 0xC0, 0xED, 0xA0, 0xF4, 0xFF]
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<6, using: &self) {
            case 0: bytes[index] = interesting.randomElement(using: &self)!
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(interesting.randomElement(using: &self)!, at: index)
            case 3: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 4:
                let end = Int.random(in: index...min(bytes.count, index + 40), using: &self)
                bytes.insert(contentsOf: Array(bytes[index..<end]), at: index)
            default: bytes.removeSubrange(index...)
            }
        }
        return bytes
    }
}
