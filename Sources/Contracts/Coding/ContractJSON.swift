#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// JSON as messages use it: for the `data` of an envelope, and for anything else that is kept as JSON.
///
/// Any `Codable` type works. Identifiers (`UUID`) are lower case, dates RFC 3339 text in UTC with microseconds, `Data`
/// is base64, absent optionals are left out. When reading, a name twice in an object is an error, members that the
/// type does not have are passed over, and identifiers and dates are taken in any of their forms.
///
/// Written for small documents, of which there are many: about twice as fast as `JSONEncoder` and `JSONDecoder` on an order.
public enum ContractJSON {
    /// Turns a value into JSON bytes.
    /// - Throws: `.encoding` when the value cannot be written, for instance a number that is not finite.
    public static func encode<Value: Encodable>(_ value: Value) throws(ContractError) -> [UInt8] {
        let output = JSONOutput()
        do {
            try output.write(value)
            if output.isComplete { return output.finish() }
            // A type that writes into several containers by turns: rare, and not for an encoder without a tree.
            return Array(try fallback.encode(value))
        } catch {
            throw ContractError(.encoding, "\(Value.self) cannot be written as JSON", underlying: error)
        }
    }

    /// Turns JSON bytes into a value.
    /// - Throws: `.decoding` when the bytes are not JSON, or do not fit the type; the message says where.
    public static func decode<Value: Decodable>(
        _ type: Value.Type = Value.self, from bytes: [UInt8]
    ) throws(ContractError) -> Value {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue.parse(bytes, limits: JSONLimits(maximumBytes: .max, maximumDepth: 512))
        } catch {
            throw ContractError(.decoding, "the data is not JSON: \(error.message)", offset: error.offset)
        }
        return try decode(type, from: document)
    }

    /// Turns a JSON value into a value of a type; see ``decode(_:from:)-(_,[UInt8])``.
    public static func decode<Value: Decodable>(
        _ type: Value.Type = Value.self, from document: JSONValue
    ) throws(ContractError) -> Value {
        do {
            return try JSONInput(value: document, path: nil).read(type)
        } catch {
            throw ContractError(.decoding, "the data does not fit \(type): \(describe(error))", underlying: error)
        }
    }

    private static func describe(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        let context: DecodingError.Context
        var path: [any CodingKey]
        switch error {
        case .keyNotFound(let key, let found):
            (context, path) = (found, found.codingPath + [key])
        case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found):
            (context, path) = (found, found.codingPath)
        @unknown default: return "\(error)"
        }
        let pointer = path.reduce(JSONPointer()) { pointer, key in
            key.intValue.map { pointer.appending($0) } ?? pointer.appending(key.stringValue)
        }
        return pointer.isRoot ? context.debugDescription : "\(pointer) \(context.debugDescription)"
    }

    private static let fallback: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(RFC3339.string(from: date))
        }
        return encoder
    }()
}
