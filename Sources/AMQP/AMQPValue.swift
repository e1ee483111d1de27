/// A field table: headers, arguments, properties of a connection.
public typealias AMQPTable = [String: AMQPValue]

/// A value in a field table, with the types of RabbitMQ's dialect of AMQP 0-9-1.
public enum AMQPValue: Sendable, Hashable {
    /// `t`
    case bool(Bool)
    /// `b`
    case int8(Int8)
    /// `B`
    case uint8(UInt8)
    /// `s`
    case int16(Int16)
    /// `u`
    case uint16(UInt16)
    /// `I`
    case int32(Int32)
    /// `i`
    case uint32(UInt32)
    /// `l`
    case int64(Int64)
    /// `L`; RabbitMQ reads it as signed.
    case uint64(UInt64)
    /// `f`
    case float(Float)
    /// `d`
    case double(Double)
    /// `D`: `value` divided by ten to the power of `scale`.
    case decimal(scale: UInt8, value: UInt32)
    /// `S` with valid UTF-8.
    case string(String)
    /// `x`, or an `S` that is not valid UTF-8.
    case bytes([UInt8])
    /// `T`: seconds since 1970.
    case timestamp(UInt64)
    /// `A`
    case array([AMQPValue])
    /// `F`
    case table(AMQPTable)
    /// `V`
    case null

    /// A whole number in the form that RabbitMQ expects for its queue arguments.
    public static func int(_ value: Int) -> AMQPValue { .int64(Int64(value)) }

    /// The text, if this is one.
    public var stringValue: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The value as a signed number, if it is a whole number that fits.
    public var intValue: Int? {
        switch self {
        case .int8(let n): Int(n)
        case .uint8(let n): Int(n)
        case .int16(let n): Int(n)
        case .uint16(let n): Int(n)
        case .int32(let n): Int(n)
        case .uint32(let n): Int(n)
        case .int64(let n): Int(exactly: n)
        case .uint64(let n): Int(exactly: n)
        default: nil
        }
    }
}

extension AMQPValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A 64-bit number.
    public init(integerLiteral value: Int64) { self = .int64(value) }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}
