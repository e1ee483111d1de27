/// What a field table may cost the reader.
package enum TableLimits {
    /// Tables and arrays in one another, unless the broker's limits say otherwise. A deeper one can overflow the stack of a client that reads it by recursion.
    package static let depth = 32
    /// The highest depth that the broker's limits can be set to: each level takes stack.
    package static let deepest = 128
    /// Fields and elements of one table with all that it holds.
    package static let fields = 4096
}

extension WireReader {
    /// A field table.
    ///
    /// - Throws: 501 where it is cut short, 502 for an unknown type, or where it passes `TableLimits`.
    package mutating func table() throws(ProtocolFault) -> FieldTable {
        var budget = TableLimits.fields
        return try table(depth: 1, budget: &budget)
    }

    /// Checks a table without keeping anything of it.
    package mutating func skipTable() throws(ProtocolFault) {
        var budget = TableLimits.fields
        try skipTable(depth: 1, budget: &budget)
    }

    private mutating func table(depth: Int, budget: inout Int) throws(ProtocolFault) -> FieldTable {
        var reader = WireReader(try nested(depth), tableDepth: tableDepth)
        var table = FieldTable()
        while !reader.isAtEnd {
            try spend(&budget)
            let name = try reader.repairedString()
            table.append(name, try reader.value(depth: depth, budget: &budget))
        }
        return table
    }

    private mutating func array(depth: Int, budget: inout Int) throws(ProtocolFault) -> [FieldValue] {
        var reader = WireReader(try nested(depth), tableDepth: tableDepth)
        var values: [FieldValue] = []
        while !reader.isAtEnd {
            try spend(&budget)
            values.append(try reader.value(depth: depth, budget: &budget))
        }
        return values
    }

    private mutating func value(depth: Int, budget: inout Int) throws(ProtocolFault) -> FieldValue {
        let type = try octet()
        switch type {
        case UInt8(ascii: "t"): return .bool(try octet() != 0)
        case UInt8(ascii: "b"): return .int8(Int8(bitPattern: try octet()))
        case UInt8(ascii: "B"): return .uint8(try octet())
        case UInt8(ascii: "s"), UInt8(ascii: "U"): return .int16(Int16(bitPattern: try short()))
        case UInt8(ascii: "u"): return .uint16(try short())
        case UInt8(ascii: "I"): return .int32(Int32(bitPattern: try long()))
        case UInt8(ascii: "i"): return .uint32(try long())
        // RabbitMQ reads both as signed, and so do its clients.
        case UInt8(ascii: "l"), UInt8(ascii: "L"): return .int64(Int64(bitPattern: try longLong()))
        case UInt8(ascii: "f"): return .float(Float(bitPattern: try long()))
        case UInt8(ascii: "d"): return .double(Double(bitPattern: try longLong()))
        case UInt8(ascii: "D"): return .decimal(scale: try octet(), value: Int32(bitPattern: try long()))
        case UInt8(ascii: "S"): return .string(try longString())
        case UInt8(ascii: "x"): return .bytes(try longString())
        case UInt8(ascii: "T"): return .timestamp(try longLong())
        case UInt8(ascii: "V"): return .void
        case UInt8(ascii: "A"): return .array(try array(depth: depth + 1, budget: &budget))
        case UInt8(ascii: "F"): return .table(try table(depth: depth + 1, budget: &budget))
        default: throw Self.unknownValue(type)
        }
    }

    private mutating func skipTable(depth: Int, budget: inout Int) throws(ProtocolFault) {
        var reader = WireReader(try nested(depth), tableDepth: tableDepth)
        while !reader.isAtEnd {
            try spend(&budget)
            _ = try reader.shortBytes()
            try reader.skipValue(depth: depth, budget: &budget)
        }
    }

    private mutating func skipArray(depth: Int, budget: inout Int) throws(ProtocolFault) {
        var reader = WireReader(try nested(depth), tableDepth: tableDepth)
        while !reader.isAtEnd {
            try spend(&budget)
            try reader.skipValue(depth: depth, budget: &budget)
        }
    }

    private mutating func skipValue(depth: Int, budget: inout Int) throws(ProtocolFault) {
        let type = try octet()
        switch type {
        case UInt8(ascii: "V"): break
        case UInt8(ascii: "t"), UInt8(ascii: "b"), UInt8(ascii: "B"): _ = try octet()
        case UInt8(ascii: "s"), UInt8(ascii: "U"), UInt8(ascii: "u"): _ = try short()
        case UInt8(ascii: "I"), UInt8(ascii: "i"), UInt8(ascii: "f"): _ = try long()
        case UInt8(ascii: "l"), UInt8(ascii: "L"), UInt8(ascii: "d"), UInt8(ascii: "T"): _ = try longLong()
        case UInt8(ascii: "D"): _ = try take(5)
        case UInt8(ascii: "S"), UInt8(ascii: "x"): _ = try longBytes()
        case UInt8(ascii: "A"): try skipArray(depth: depth + 1, budget: &budget)
        case UInt8(ascii: "F"): try skipTable(depth: depth + 1, budget: &budget)
        default: throw Self.unknownValue(type)
        }
    }

    private mutating func nested(_ depth: Int) throws(ProtocolFault) -> UnsafeRawBufferPointer {
        guard depth <= tableDepth else {
            throw ProtocolFault(.syntaxError, "field table nested more than \(tableDepth) levels deep")
        }
        return try longBytes()
    }

    private func spend(_ budget: inout Int) throws(ProtocolFault) {
        budget -= 1
        if budget < 0 { throw ProtocolFault(.syntaxError, "field table with more than \(TableLimits.fields) fields") }
    }

    private static func unknownValue(_ type: UInt8) -> ProtocolFault {
        ProtocolFault(.syntaxError, "unknown field value type \(type)")
    }
}
