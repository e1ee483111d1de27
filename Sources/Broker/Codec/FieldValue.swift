/// One value of a field table (AMQP 0-9-1 section 4.2.5.5, with the type letters that RabbitMQ and its clients use).
package enum FieldValue: Equatable, Sendable {
    case bool(Bool)
    case int8(Int8)
    case uint8(UInt8)
    case int16(Int16)
    case uint16(UInt16)
    case int32(Int32)
    case uint32(UInt32)
    case int64(Int64)
    case float(Float)
    case double(Double)
    /// `value / 10^scale`.
    case decimal(scale: UInt8, value: Int32)
    /// A long string. Its bytes need not be UTF-8.
    case string([UInt8])
    case bytes([UInt8])
    case array([FieldValue])
    /// Seconds since 1970.
    case timestamp(UInt64)
    case table(FieldTable)
    case void

    package static func string(_ text: String) -> FieldValue { .string(Array(text.utf8)) }

    /// The text of a long string, or nil for another type or for bytes that are not UTF-8.
    package var text: String? {
        guard case .string(let bytes) = self else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The value of any integer type.
    package var integer: Int64? {
        switch self {
        case .int8(let value): Int64(value)
        case .uint8(let value): Int64(value)
        case .int16(let value): Int64(value)
        case .uint16(let value): Int64(value)
        case .int32(let value): Int64(value)
        case .uint32(let value): Int64(value)
        case .int64(let value): value
        default: nil
        }
    }
}
