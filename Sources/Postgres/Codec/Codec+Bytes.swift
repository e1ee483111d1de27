#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// `[UInt8]` is a `bytea`; `UInt8` itself is no column type.
extension UInt8: PostgresArrayElement {
    /// `bytea`
    public static var postgresArrayType: PostgresType { .bytea }
    /// The bytes as they are.
    public static func encodeArray(_ array: [UInt8], into buffer: inout PostgresBuffer) { buffer.write(bytes: array) }
    /// From `bytea`; also the raw text of `json` and `jsonb`.
    public static func decodeArray(_ cell: PostgresCell) throws(PostgresError) -> [UInt8] {
        switch cell.type {
        case .bytea, .json: return cell.bytes
        case .jsonb: return cell.withUnsafeBytes { Array($0.dropFirst()) }
        default: throw cell.mismatch([UInt8].self)
        }
    }
}

extension Array: PostgresArrayElement where Element == UInt8 {
    /// `bytea[]`
    public static var postgresArrayType: PostgresType { .byteaArray }
}

extension UUID: PostgresCodable, PostgresArrayElement {
    /// `uuid`
    public static var postgresType: PostgresType { .uuid }
    /// `uuid[]`
    public static var postgresArrayType: PostgresType { .uuidArray }
    /// Sixteen bytes.
    public func encode(into buffer: inout PostgresBuffer) {
        withUnsafeBytes(of: uuid) { buffer.write(bytes: $0) }
    }
    /// From `uuid`.
    public init(cell: PostgresCell) throws(PostgresError) {
        guard cell.type == .uuid, cell.count == 16 else { throw cell.mismatch(UUID.self) }
        self = cell.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }
}

extension Date: PostgresCodable, PostgresArrayElement {
    /// PostgreSQL counts from 2000-01-01 UTC, Foundation from 2001-01-01 UTC: one leap year.
    private static var epochOffset: Double { 366 * 86400 }

    /// `timestamptz`
    public static var postgresType: PostgresType { .timestamptz }
    /// `timestamptz[]`
    public static var postgresArrayType: PostgresType { .timestamptzArray }

    /// Whole microseconds. A date outside of PostgreSQL's range (4713 BC to 294276 AD) is an error.
    public func encode(into buffer: inout PostgresBuffer) throws(PostgresError) {
        let microseconds = ((timeIntervalSinceReferenceDate + Self.epochOffset) * 1_000_000).rounded()
        guard microseconds > -211_813_488_000_000_000, microseconds < 9_223_371_331_200_000_000 else {
            throw PostgresError(code: .encoding, message: "a date is outside of the range of timestamptz")
        }
        buffer.write(integer: Int64(microseconds))
    }

    /// From `timestamptz`, from `timestamp` taken as UTC, from `date` as midnight UTC. `infinity` is an error.
    public init(cell: PostgresCell) throws(PostgresError) {
        switch cell.type {
        case .timestamptz, .timestamp:
            guard let value = cell.integer(Int64.self) else { throw cell.mismatch(Date.self) }
            if value == .max || value == .min { throw cell.mismatch(Date.self, "it is infinity") }
            // Seconds and microseconds apart, so that no precision is lost in one large product.
            let (seconds, rest) = value.quotientAndRemainder(dividingBy: 1_000_000)
            self.init(timeIntervalSinceReferenceDate: Double(seconds) - Self.epochOffset + Double(rest) / 1_000_000)
        case .date:
            guard let days = cell.integer(Int32.self) else { throw cell.mismatch(Date.self) }
            if days == .max || days == .min { throw cell.mismatch(Date.self, "it is infinity") }
            self.init(timeIntervalSinceReferenceDate: Double(days) * 86400 - Self.epochOffset)
        default:
            throw cell.mismatch(Date.self)
        }
    }
}
