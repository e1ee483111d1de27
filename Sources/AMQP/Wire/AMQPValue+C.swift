import CRabbitMQ

extension String {
    /// A copy; bytes that are not UTF-8 are replaced.
    init(_ bytes: amqp_bytes_t) {
        self = String(decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.bytes == nil ? 0 : bytes.len), as: UTF8.self)
    }
}

extension AMQPValue {
    /// Deeper values of a received table read as null: nesting is unbounded on the wire, the stack is not.
    private static let maximumDepth = 64

    static func table(_ table: amqp_table_t, depth: Int = 0) -> AMQPTable {
        guard let entries = table.entries, table.num_entries > 0 else { return [:] }
        var result = AMQPTable(minimumCapacity: Int(table.num_entries))
        for index in 0..<Int(table.num_entries) {
            result[String(entries[index].key)] = AMQPValue(entries[index].value, depth: depth)
        }
        return result
    }

    init(_ field: amqp_field_value_t, depth: Int) {
        switch UnicodeScalar(field.kind) {
        case "t": self = .bool(field.value.boolean != 0)
        case "b": self = .int8(field.value.i8)
        case "B": self = .uint8(field.value.u8)
        case "s": self = .int16(field.value.i16)
        case "u": self = .uint16(field.value.u16)
        case "I": self = .int32(field.value.i32)
        case "i": self = .uint32(field.value.u32)
        case "l": self = .int64(field.value.i64)
        case "L": self = .uint64(field.value.u64)
        case "f": self = .float(field.value.f32)
        case "d": self = .double(field.value.f64)
        case "D": self = .decimal(scale: field.value.decimal.decimals, value: field.value.decimal.value)
        case "T": self = .timestamp(field.value.u64)
        case "S", "x":
            let bytes = UnsafeRawBufferPointer(
                start: field.value.bytes.bytes, count: field.value.bytes.bytes == nil ? 0 : field.value.bytes.len)
            if field.kind == UInt8(ascii: "S"), let text = String(validating: bytes, as: UTF8.self) {
                self = .string(text)
            } else {
                self = .bytes(Array(bytes))
            }
        case "F": self = depth >= Self.maximumDepth ? .null : .table(Self.table(field.value.table, depth: depth + 1))
        case "A":
            guard depth < Self.maximumDepth, let entries = field.value.array.entries, field.value.array.num_entries > 0 else {
                self = depth < Self.maximumDepth ? .array([]) : .null
                return
            }
            self = .array((0..<Int(field.value.array.num_entries)).map { AMQPValue(entries[$0], depth: depth + 1) })
        default: self = .null
        }
    }
}
