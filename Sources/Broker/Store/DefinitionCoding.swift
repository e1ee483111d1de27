/// How definitions stand in their journal: a kind, then texts (length u32, UTF-8), flags and tables.
struct DefinitionWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func put(_ text: String) { put(bytes: Array(text.utf8)) }

    mutating func put(bytes more: [UInt8]) {
        put(UInt32(more.count))
        bytes.append(contentsOf: more)
    }

    mutating func put(_ flag: Bool) { put(UInt8(flag ? 1 : 0)) }

    mutating func put(_ table: FieldTable) {
        put(UInt32(table.fields.count))
        for field in table.fields {
            put(field.name)
            put(field.value)
        }
    }

    mutating func put(_ value: FieldValue) {
        switch value {
        case .bool(let value): tagged(1, UInt8(value ? 1 : 0))
        case .int8(let value): tagged(2, value)
        case .uint8(let value): tagged(3, value)
        case .int16(let value): tagged(4, value)
        case .uint16(let value): tagged(5, value)
        case .int32(let value): tagged(6, value)
        case .uint32(let value): tagged(7, value)
        case .int64(let value): tagged(8, value)
        case .float(let value): tagged(9, value.bitPattern)
        case .double(let value): tagged(10, value.bitPattern)
        case .decimal(let scale, let value):
            tagged(11, scale)
            put(value)
        case .string(let value):
            put(UInt8(12))
            put(bytes: value)
        case .bytes(let value):
            put(UInt8(13))
            put(bytes: value)
        case .array(let values):
            tagged(14, UInt32(values.count))
            for value in values { put(value) }
        case .timestamp(let value): tagged(15, value)
        case .table(let table):
            put(UInt8(16))
            put(table)
        case .void: put(UInt8(17))
        }
    }

    private mutating func tagged<Value: FixedWidthInteger>(_ tag: UInt8, _ value: Value) {
        put(tag)
        put(value)
    }
}

/// Reads what `DefinitionWriter` wrote; nil where it makes no sense.
struct DefinitionReader {
    private var reader: LogReader
    /// Tables within tables; the protocol allows 32.
    private var depth = 0

    init(_ bytes: UnsafeRawBufferPointer) { reader = LogReader(bytes) }

    mutating func get<Value: FixedWidthInteger>(_: Value.Type = Value.self) -> Value? { reader.get() }

    mutating func flag() -> Bool? { get(UInt8.self).map { $0 != 0 } }

    mutating func text() -> String? { bytes().map { String(decoding: $0, as: UTF8.self) } }

    mutating func bytes() -> [UInt8]? {
        guard let count = get(UInt32.self) else { return nil }
        return reader.bytes(Int(count)).map(Array.init)
    }

    mutating func table() -> FieldTable? {
        guard depth < 64, let count = get(UInt32.self) else { return nil }
        depth += 1
        defer { depth -= 1 }
        var table = FieldTable()
        for _ in 0..<count {
            guard let name = text(), let value = value() else { return nil }
            table[name] = value
        }
        return table
    }

    mutating func value() -> FieldValue? {
        guard let tag = get(UInt8.self) else { return nil }
        switch tag {
        case 1: return flag().map(FieldValue.bool)
        case 2: return get().map(FieldValue.int8)
        case 3: return get().map(FieldValue.uint8)
        case 4: return get().map(FieldValue.int16)
        case 5: return get().map(FieldValue.uint16)
        case 6: return get().map(FieldValue.int32)
        case 7: return get().map(FieldValue.uint32)
        case 8: return get().map(FieldValue.int64)
        case 9: return get().map { FieldValue.float(Float(bitPattern: $0)) }
        case 10: return get().map { FieldValue.double(Double(bitPattern: $0)) }
        case 11:
            guard let scale = get(UInt8.self), let value = get(Int32.self) else { return nil }
            return .decimal(scale: scale, value: value)
        case 12: return bytes().map { FieldValue.string($0) }
        case 13: return bytes().map(FieldValue.bytes)
        case 14: return array()
        case 15: return get().map(FieldValue.timestamp)
        case 16: return table().map(FieldValue.table)
        case 17: return .void
        default: return nil
        }
    }

    private mutating func array() -> FieldValue? {
        guard depth < 64, let count = get(UInt32.self) else { return nil }
        depth += 1
        defer { depth -= 1 }
        var values: [FieldValue] = []
        for _ in 0..<count {
            guard let value = value() else { return nil }
            values.append(value)
        }
        return .array(values)
    }
}
