extension Bool: PostgresCodable, PostgresArrayElement {
    /// `boolean`
    public static var postgresType: PostgresType { .bool }
    /// `boolean[]`
    public static var postgresArrayType: PostgresType { .boolArray }
    /// One byte.
    public func encode(into buffer: inout PostgresBuffer) { buffer.write(integer: self ? 1 as UInt8 : 0) }
    /// From `boolean`.
    public init(cell: PostgresCell) throws(PostgresError) {
        guard cell.type == .bool, let byte = cell.integer(UInt8.self) else { throw cell.mismatch(Bool.self) }
        self = byte != 0
    }
}

extension FixedWidthInteger where Self: PostgresEncodable {
    /// Two's complement in network order.
    public func encode(into buffer: inout PostgresBuffer) { buffer.write(integer: self) }
}

extension FixedWidthInteger where Self: PostgresDecodable {
    /// From `smallint`, `integer`, `bigint` or `oid`, when the value fits.
    public init(cell: PostgresCell) throws(PostgresError) {
        let wide: Int64?
        switch cell.type {
        case .int8: wide = cell.integer(Int64.self)
        case .int4: wide = cell.integer(Int32.self).map(Int64.init)
        case .int2: wide = cell.integer(Int16.self).map(Int64.init)
        case .oid: wide = cell.integer(UInt32.self).map(Int64.init)
        case .numeric: throw cell.mismatch(Self.self, "cast it in the statement (::bigint) or decode a Decimal")
        default: wide = nil
        }
        guard let wide else { throw cell.mismatch(Self.self) }
        guard let value = Self(exactly: wide) else { throw cell.mismatch(Self.self, "\(wide) is out of range") }
        self = value
    }
}

extension Int16: PostgresCodable, PostgresArrayElement {
    /// `smallint`
    public static var postgresType: PostgresType { .int2 }
    /// `smallint[]`
    public static var postgresArrayType: PostgresType { .int2Array }
}

extension Int32: PostgresCodable, PostgresArrayElement {
    /// `integer`
    public static var postgresType: PostgresType { .int4 }
    /// `integer[]`
    public static var postgresArrayType: PostgresType { .int4Array }
}

extension Int64: PostgresCodable, PostgresArrayElement {
    /// `bigint`
    public static var postgresType: PostgresType { .int8 }
    /// `bigint[]`
    public static var postgresArrayType: PostgresType { .int8Array }
}

extension Int: PostgresCodable, PostgresArrayElement {
    /// `bigint`
    public static var postgresType: PostgresType { .int8 }
    /// `bigint[]`
    public static var postgresArrayType: PostgresType { .int8Array }
    /// Always eight bytes.
    public func encode(into buffer: inout PostgresBuffer) { buffer.write(integer: Int64(self)) }
}

extension Double: PostgresCodable, PostgresArrayElement {
    /// `double precision`
    public static var postgresType: PostgresType { .float8 }
    /// `double precision[]`
    public static var postgresArrayType: PostgresType { .float8Array }
    /// IEEE 754, including NaN and the infinities.
    public func encode(into buffer: inout PostgresBuffer) { buffer.write(integer: bitPattern) }
    /// From `double precision` or `real`.
    public init(cell: PostgresCell) throws(PostgresError) {
        if cell.type == .float8, let bits = cell.integer(UInt64.self) {
            self = Double(bitPattern: bits)
        } else if cell.type == .float4, let bits = cell.integer(UInt32.self) {
            self = Double(Float(bitPattern: bits))
        } else {
            throw cell.mismatch(Double.self)
        }
    }
}

extension Float: PostgresCodable, PostgresArrayElement {
    /// `real`
    public static var postgresType: PostgresType { .float4 }
    /// `real[]`
    public static var postgresArrayType: PostgresType { .float4Array }
    /// IEEE 754, including NaN and the infinities.
    public func encode(into buffer: inout PostgresBuffer) { buffer.write(integer: bitPattern) }
    /// From `real`.
    public init(cell: PostgresCell) throws(PostgresError) {
        guard cell.type == .float4, let bits = cell.integer(UInt32.self) else { throw cell.mismatch(Float.self) }
        self = Float(bitPattern: bits)
    }
}

extension String: PostgresCodable, PostgresArrayElement {
    /// `text`
    public static var postgresType: PostgresType { .text }
    /// `text[]`
    public static var postgresArrayType: PostgresType { .textArray }
    /// UTF-8. PostgreSQL cannot store the character NUL and refuses it (SQLSTATE 22021).
    public func encode(into buffer: inout PostgresBuffer) { buffer.write(bytes: utf8) }
    /// From every type whose binary format is its text: `text`, `varchar`, `char(n)`, `name`, `json`, `jsonb`, `xml`, enums and
    /// other types that a database defined itself, when their bytes are UTF-8.
    public init(cell: PostgresCell) throws(PostgresError) {
        switch cell.type {
        case .text, .varchar, .bpchar, .name, .json, .xml, .unknown, .char:
            self = cell.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        case .jsonb:
            self = cell.withUnsafeBytes { String(decoding: $0.dropFirst(), as: UTF8.self) }
        case let type where type.isUserDefined:
            guard let text = cell.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
                throw cell.mismatch(String.self, "its bytes are not UTF-8")
            }
            self = text
        case .void where cell.count == 0:
            self = ""
        default:
            throw cell.mismatch(String.self)
        }
    }
}
