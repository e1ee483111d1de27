#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A JSON value that a `Decodable` type reads itself from.
struct JSONInput: Decoder {
    let value: JSONValue
    /// The way to the container that the value is in; nil for the document.
    let parent: Path?
    /// The last step of the way.
    let step: Path.Step?

    init(value: JSONValue, path: Path?, step: Path.Step? = nil) {
        self.value = value
        parent = path
        self.step = step
    }

    /// The way to a value: made for containers only, and turned into keys only when an error needs them.
    final class Path {
        let parent: Path?
        let step: Step

        enum Step {
            case name(String)
            case index(Int)
        }

        init(parent: Path?, step: Step) {
            self.parent = parent
            self.step = step
        }

        var keys: [any CodingKey] { (parent?.keys ?? []) + [Key(step)] }
    }

    struct Key: CodingKey {
        var stringValue: String
        var intValue: Int?

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { self.init(.index(intValue)) }
        init(_ step: Path.Step) {
            switch step {
            case .name(let name): stringValue = name
            case .index(let index):
                stringValue = String(index)
                intValue = index
            }
        }
    }

    var codingPath: [any CodingKey] { (parent?.keys ?? []) + (step.map { [Key($0)] } ?? []) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    private var path: Path? { step.map { Path(parent: parent, step: $0) } ?? parent }

    // MARK: Containers

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let object) = value else { throw mismatch(JSONObject.self, "an object") }
        return KeyedDecodingContainer(JSONObjectInput(object: object, path: path))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let values) = value else { throw mismatch([JSONValue].self, "an array") }
        return JSONArrayInput(values: values, path: path)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { JSONSingleInput(input: self) }

    // MARK: Values

    func mismatch(_ type: Any.Type, _ expected: String) -> DecodingError {
        .typeMismatch(type, .init(codingPath: codingPath, debugDescription: "must be \(expected), not \(value.kind)"))
    }

    private func corrupted(_ message: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: codingPath, debugDescription: message))
    }

    func bool() throws -> Bool {
        guard case .bool(let value) = value else { throw mismatch(Bool.self, "a boolean") }
        return value
    }

    func string() throws -> String {
        guard case .string(let value) = value else { throw mismatch(String.self, "a string") }
        return value
    }

    func floating() throws -> Double {
        guard case .number(let number) = value else { throw mismatch(Double.self, "a number") }
        guard number.double.isFinite else { throw corrupted("is a number that is too large") }
        return number.double
    }

    func integer<Integer: FixedWidthInteger>() throws -> Integer {
        guard case .number(let number) = value else { throw mismatch(Integer.self, "a whole number") }
        if let value = Integer(number.text) ?? number.int.flatMap({ Integer(exactly: $0) }) { return value }
        throw corrupted(number.isWhole ? "is a number that does not fit \(Integer.self)" : "must be a whole number")
    }

    /// Any other type.
    func read<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if type == UUID.self {
            var text = try string()
            return try cast(text.withUTF8 { UUID(parsing: $0) }, "must be a UUID")
        }
        if type == Date.self { return try cast(RFC3339.date(from: try string()), "must be an RFC 3339 time") }
        if type == Data.self { return try cast(Data(base64Encoded: try string()), "must be base64") }
        if type == Decimal.self {
            guard case .number(let number) = value else { throw mismatch(Decimal.self, "a number") }
            return try cast(Decimal(string: number.text), "is a number that is too large")
        }
        if type == URL.self { return try cast(URL(string: try string()), "must be a URL") }
        if type == JSONValue.self { return try cast(value, "") }
        return try type.init(from: self)
    }

    /// The compiler does not know that the types are the same.
    private func cast<Found, Value>(_ found: Found?, _ message: String) throws -> Value {
        guard let found, let value = found as? Value else { throw corrupted(message) }
        return value
    }
}
