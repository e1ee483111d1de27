extension AMQPValue {
    /// The octet that names the type on the wire, as RabbitMQ and its clients have it: `amqp_field_value_kind_t`
    /// of `<amqp.h>`. Where the specification says otherwise, RabbitMQ's errata go before it.
    var kind: UInt8 { UInt8(ascii: letter) }

    private var letter: Unicode.Scalar {
        switch self {
        case .bool: "t"
        case .int8: "b"
        case .uint8: "B"
        case .int16: "s"
        case .uint16: "u"
        case .int32: "I"
        case .uint32: "i"
        case .int64: "l"
        case .uint64: "L"
        case .float: "f"
        case .double: "d"
        case .decimal: "D"
        case .string: "S"
        case .bytes: "x"
        case .timestamp: "T"
        case .table: "F"
        case .array: "A"
        case .null: "V"
        }
    }
}
