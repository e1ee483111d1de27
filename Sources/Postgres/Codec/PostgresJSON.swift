#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A `jsonb` value as its raw JSON text.
///
/// PostgreSQL stores `jsonb` parsed: key order, spaces and duplicate keys are not kept. Where the exact bytes matter, use `bytea`.
public struct PostgresJSON: Sendable, Hashable {
    /// The JSON text in UTF-8.
    public var bytes: [UInt8]

    /// JSON text; PostgreSQL checks it (SQLSTATE 22P02 when it is not JSON).
    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// JSON text.
    public init(_ text: String) { bytes = Array(text.utf8) }

    /// The JSON of a value; dates as ISO 8601.
    /// - Throws: ``PostgresError`` with code `encoding`.
    public init(encoding value: some Encodable, file: String = #fileID, line: Int = #line) throws(PostgresError) {
        do {
            let encoder = JSONEncoder()
            encoder.dateEncodingStrategy = .iso8601
            bytes = Array(try encoder.encode(value))
        } catch {
            throw PostgresError(
                code: .encoding, message: "a value cannot become JSON", underlying: error, file: file, line: line)
        }
    }

    /// The value in the JSON; dates as ISO 8601.
    /// - Throws: ``PostgresError`` with code `decoding`.
    public func decode<T: Decodable>(
        _ type: T.Type = T.self, file: String = #fileID, line: Int = #line
    ) throws(PostgresError) -> T {
        do {
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .iso8601
            return try decoder.decode(T.self, from: Data(bytes))
        } catch {
            throw PostgresError(
                code: .decoding, message: "JSON cannot become \(T.self)", underlying: error, file: file, line: line)
        }
    }

    /// The JSON as text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension PostgresJSON: PostgresCodable, PostgresArrayElement {
    /// The version byte that precedes the text in the binary format of `jsonb`.
    private static var version: UInt8 { 1 }

    /// `jsonb`
    public static var postgresType: PostgresType { .jsonb }
    /// `jsonb[]`
    public static var postgresArrayType: PostgresType { .jsonbArray }
    /// The version byte and the text.
    public func encode(into buffer: inout PostgresBuffer) {
        buffer.write(integer: Self.version)
        buffer.write(bytes: bytes)
    }
    /// From `jsonb` or `json`.
    public init(cell: PostgresCell) throws(PostgresError) {
        switch cell.type {
        case .json: bytes = cell.bytes
        case .jsonb where cell.integer(UInt8.self) == Self.version: bytes = cell.withUnsafeBytes { Array($0.dropFirst()) }
        default: throw cell.mismatch(PostgresJSON.self)
        }
    }
}
