import CRabbitMQ

/// Memory for the C structures of one call: handed out by moving a pointer, all given back at once.
///
/// Belongs to one thread. What it hands out stays in place until `reset()`.
final class Arena {
    private var chunks: [UnsafeMutableRawBufferPointer]
    private var chunk = 0
    private var offset = 0

    init() { chunks = [UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)] }

    deinit { for chunk in chunks { chunk.deallocate() } }

    func reset() {
        // One odd giant must not keep its memory for ever.
        while chunks.count > 4, let last = chunks.popLast() { last.deallocate() }
        chunk = 0
        offset = 0
    }

    private func allocate(_ size: Int) -> UnsafeMutableRawPointer {
        let size = (max(size, 1) + 15) & ~15
        while true {
            if offset + size <= chunks[chunk].count, let base = chunks[chunk].baseAddress {
                defer { offset += size }
                return base + offset
            }
            if chunk + 1 == chunks.count {
                chunks.append(UnsafeMutableRawBufferPointer.allocate(byteCount: max(64 << 10, size), alignment: 16))
            }
            chunk += 1
            offset = 0
        }
    }

    func bytes(_ text: String) -> amqp_bytes_t {
        var text = text
        return text.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
    }

    func bytes(_ bytes: [UInt8]) -> amqp_bytes_t { bytes.withUnsafeBytes { copy($0) } }

    private func copy(_ source: UnsafeRawBufferPointer) -> amqp_bytes_t {
        guard let from = source.baseAddress, !source.isEmpty else { return amqp_empty_bytes }
        let to = allocate(source.count)
        to.copyMemory(from: from, byteCount: source.count)
        return amqp_bytes_t(len: source.count, bytes: to)
    }

    /// A text with a zero byte at its end.
    func cString(_ text: String) -> UnsafePointer<CChar> {
        var text = text
        return text.withUTF8 { source in
            let to = allocate(source.count + 1)
            if let from = source.baseAddress { to.copyMemory(from: from, byteCount: source.count) }
            to.storeBytes(of: 0, toByteOffset: source.count, as: UInt8.self)
            return UnsafePointer(to.assumingMemoryBound(to: CChar.self))
        }
    }

    func table(_ table: AMQPTable) -> amqp_table_t {
        guard !table.isEmpty else { return amqp_empty_table }
        let entries = allocate(table.count * MemoryLayout<amqp_table_entry_t>.stride)
            .bindMemory(to: amqp_table_entry_t.self, capacity: table.count)
        for (index, (name, value)) in table.enumerated() {
            (entries + index).initialize(to: amqp_table_entry_t(key: bytes(name), value: self.value(value)))
        }
        return amqp_table_t(num_entries: Int32(table.count), entries: entries)
    }

    private func value(_ value: AMQPValue) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        field.kind = value.kind
        switch value {
        case .bool(let flag): field.value.boolean = flag ? 1 : 0
        case .int8(let n): field.value.i8 = n
        case .uint8(let n): field.value.u8 = n
        case .int16(let n): field.value.i16 = n
        case .uint16(let n): field.value.u16 = n
        case .int32(let n): field.value.i32 = n
        case .uint32(let n): field.value.u32 = n
        case .int64(let n): field.value.i64 = n
        case .uint64(let n): field.value.u64 = n
        case .float(let n): field.value.f32 = n
        case .double(let n): field.value.f64 = n
        case .decimal(let scale, let n): field.value.decimal = amqp_decimal_t(decimals: scale, value: n)
        case .string(let text): field.value.bytes = bytes(text)
        case .bytes(let raw): field.value.bytes = bytes(raw)
        case .timestamp(let seconds): field.value.u64 = seconds
        case .table(let inner): field.value.table = table(inner)
        case .array(let values):
            let entries = allocate(values.count * MemoryLayout<amqp_field_value_t>.stride)
                .bindMemory(to: amqp_field_value_t.self, capacity: max(values.count, 1))
            for (index, element) in values.enumerated() { (entries + index).initialize(to: self.value(element)) }
            field.value.array = amqp_array_t(num_entries: Int32(values.count), entries: entries)
        case .null: break
        }
        return field
    }
}
