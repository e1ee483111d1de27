import Contracts
import Testing

/// From old versions to new ones.
@Suite("Upcasters")
struct UpcastersTests {
    struct PriceV1: Event {
        static let type = "price.set"
        static let topic = "test.prices"
        var euros: Int
        var partitionKey: String { "k" }
    }
    struct Price: Event {
        static let type = "price.set"
        static let topic = "test.prices"
        static let version = 2
        var cents: Int
        var partitionKey: String { "k" }
    }

    static func key(_ version: Int, _ type: String = "price.set") -> Upcasters.Key { .init(type: type, version: version) }

    static func object(_ value: JSONValue) throws -> JSONObject { try #require(value.objectValue) }

    @Test("steps of types and steps of data follow one another")
    func steps() throws {
        let upcasters = Upcasters()
            .adding(PriceV1.self) { old in Price(cents: old.euros * 100) }
            .adding("price.set", from: 2) { data in data["currency"] = "EUR" }
        let (key, data) = try upcasters.upcast(Self.object(["euros": 3]), from: Self.key(1)) { $0.version == 3 }
        #expect(key == Self.key(3) && JSONValue.object(data) == ["cents": 300, "currency": "EUR"])
        #expect(upcasters.reaches(from: Self.key(1)) { $0.version == 3 })
        #expect(!upcasters.reaches(from: Self.key(1)) { $0.version == 4 })
    }

    @Test("a circle leads nowhere, and a step that is missing is named")
    func missing() {
        let circle = Upcasters().adding("a", from: 1, to: "b", version: 1).adding("b", from: 1, to: "a", version: 1)
        #expect(!circle.reaches(from: Self.key(1, "a")) { $0.version == 2 })
        let error = #expect(throws: ContractViolation.self) {
            try circle.upcast(JSONObject(), from: Self.key(1, "a")) { $0.version == 2 }
        }
        #expect(error?.code == .missingUpcaster && error?.type == "a" && error?.version == 1)
    }

    @Test("a step that throws, or whose data does not fit its type, is named with its error")
    func failing() {
        let upcasters = Upcasters().adding(PriceV1.self) { old in Price(cents: old.euros * 100) }
        let error = #expect(throws: ContractViolation.self) {
            try upcasters.upcast(Self.object(["euros": "three"]), from: Self.key(1)) { $0.version == 2 }
        }
        #expect(error?.code == .upcasting && error?.version == 1 && error?.underlying is ContractError)
    }

    @Test("of two upcasters for a version the one that was added last counts")
    func merging() throws {
        let one = Upcasters().adding("a", from: 1) { $0["x"] = 1 }.adding("a", from: 2) { $0["y"] = 1 }
        let both = one.adding(Upcasters().adding("a", from: 1) { $0["x"] = 2 })
        let (_, data) = try both.upcast(JSONObject(), from: Self.key(1, "a")) { $0.version == 3 }
        #expect(JSONValue.object(data) == ["x": 2, "y": 1])
        #expect(Upcasters().isEmpty && !both.isEmpty)
    }
}
