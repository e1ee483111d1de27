#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Decodes one row as an object whose keys are its columns.
struct RowDecoder: Decoder {
    let plan: RowPlan
    let row: PostgresRow
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(RowContainer<Key>(plan: plan, row: row))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw PostgresError(code: .decoding, message: "a row is not an array; give the columns names")
    }

    /// A type of one value reads the first column.
    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        CellDecoder(cell: try row.cell(at: 0))
    }
}

private struct RowContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let plan: RowPlan
    let row: PostgresRow
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { plan.camelCaseNames.compactMap(Key.init(stringValue:)) }

    private func cell(_ key: Key) throws -> PostgresCell {
        guard let column = plan.column(for: key.stringValue) else {
            throw PostgresError(
                code: .decoding, message: "the result has no column for property \"\(key.stringValue)\"",
                column: key.stringValue)
        }
        return row.handle.cell(row: row.index, column: column)
    }

    func contains(_ key: Key) -> Bool { plan.column(for: key.stringValue) != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try cell(key).isNull }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try Bool.decode(cell(key)) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try String.decode(cell(key)) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try Double.decode(cell(key)) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try Int.decode(cell(key)) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try Int32.decode(cell(key)) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try Int64.decode(cell(key)) }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try CellDecoder.decode(T.self, try cell(key)) }

    func nestedContainer<N: CodingKey>(keyedBy type: N.Type, forKey key: Key) throws -> KeyedDecodingContainer<N> {
        throw PostgresError(code: .decoding, message: "nested keys need a jsonb column and a type of their own")
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw PostgresError(code: .decoding, message: "nested values need a jsonb column and a type of their own")
    }
    func superDecoder() throws -> any Decoder { RowDecoder(plan: plan, row: row) }
    func superDecoder(forKey key: Key) throws -> any Decoder { CellDecoder(cell: try cell(key)) }
}

/// Decodes one column as a single value: enums by raw value, wrappers of one value.
struct CellDecoder: Decoder, SingleValueDecodingContainer {
    let cell: PostgresCell
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// Decodes any type from a column: a column type directly, anything else from JSON, else as a single value.
    static func decode<T: Decodable>(_ type: T.Type, _ cell: PostgresCell) throws -> T {
        // The common types first: the dynamic cast below costs more than the decoding itself.
        if T.self == UUID.self { return try cast(UUID.decode(cell)) }
        if T.self == Date.self { return try cast(Date.decode(cell)) }
        if let native = T.self as? any PostgresDecodable.Type { return try nativeOrJSON(native, cell) }
        if cell.type == .jsonb || cell.type == .json, !cell.isNull { return try PostgresJSON.decode(cell).decode(T.self) }
        return try T(from: CellDecoder(cell: cell))
    }

    /// `[String]` and the like are both an array column and a JSON value.
    private static func nativeOrJSON<T: Decodable>(_ native: any PostgresDecodable.Type, _ cell: PostgresCell) throws -> T {
        let isJSON = cell.type == .jsonb || cell.type == .json
        if isJSON, !cell.isNull, T.self != String.self, T.self != PostgresJSON.self, T.self != [UInt8].self {
            return try PostgresJSON.decode(cell).decode(T.self)
        }
        return try cast(native.decode(cell))
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        throw cell.mismatch([String: Any].self, "an object needs a json or jsonb column")
    }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw cell.mismatch([Any].self, "an array needs an array, json or jsonb column")
    }
    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    func decodeNil() -> Bool { cell.isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try Bool.decode(cell) }
    func decode(_ type: String.Type) throws -> String { try String.decode(cell) }
    func decode(_ type: Double.Type) throws -> Double { try Double.decode(cell) }
    func decode(_ type: Float.Type) throws -> Float { try Float.decode(cell) }
    func decode(_ type: Int.Type) throws -> Int { try Int.decode(cell) }
    func decode(_ type: Int8.Type) throws -> Int8 { try narrow(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try Int16.decode(cell) }
    func decode(_ type: Int32.Type) throws -> Int32 { try Int32.decode(cell) }
    func decode(_ type: Int64.Type) throws -> Int64 { try Int64.decode(cell) }
    func decode(_ type: UInt.Type) throws -> UInt { try narrow(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try narrow(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try narrow(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try narrow(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try narrow(type) }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try Self.decode(T.self, cell) }

    private func narrow<I: FixedWidthInteger>(_ type: I.Type) throws -> I {
        let wide = try Int64.decode(cell)
        guard let value = I(exactly: wide) else { throw cell.mismatch(I.self, "\(wide) is out of range") }
        return value
    }
}
