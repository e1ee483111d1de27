import Broker
import NIOCore

/// Random values of the wire.
extension SeededGenerator {
    mutating func bytes(_ limit: Int) -> [UInt8] {
        (0..<Int.random(in: 0...limit, using: &self)).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }

    mutating func text(_ limit: Int) -> String {
        let letters = Array("abcxyz.-_#*äß漢🐇 ")
        return String((0..<Int.random(in: 0...limit, using: &self)).map { _ in letters.randomElement(using: &self) ?? "a" })
    }

    mutating func table(depth: Int = 0) -> FieldTable {
        var table = FieldTable()
        for _ in 0..<Int.random(in: 0...4, using: &self) { table.append(text(10), value(depth: depth)) }
        return table
    }

    mutating func value(depth: Int) -> FieldValue {
        switch Int.random(in: 0..<(depth < 4 ? 17 : 15), using: &self) {
        case 0: .bool(Bool.random(using: &self))
        case 1: .int8(.random(in: .min ... .max, using: &self))
        case 2: .uint8(.random(in: .min ... .max, using: &self))
        case 3: .int16(.random(in: .min ... .max, using: &self))
        case 4: .uint16(.random(in: .min ... .max, using: &self))
        case 5: .int32(.random(in: .min ... .max, using: &self))
        case 6: .uint32(.random(in: .min ... .max, using: &self))
        case 7: .int64(.random(in: .min ... .max, using: &self))
        case 8: .float(Float.random(in: -1e9...1e9, using: &self))
        case 9: .double(Double.random(in: -1e99...1e99, using: &self))
        case 10: .decimal(scale: .random(in: .min ... .max, using: &self), value: .random(in: .min ... .max, using: &self))
        case 11: .string(bytes(20))
        case 12: .bytes(bytes(20))
        case 13: .timestamp(next())
        case 14: .void
        case 15: .array((0..<Int.random(in: 0...3, using: &self)).map { _ in value(depth: depth + 1) })
        default: .table(table(depth: depth + 1))
        }
    }

    /// The bytes of a method's fields with random contents; reserved ones are zero.
    mutating func fields(of layout: [MethodField]) -> ByteBuffer {
        var buffer = ByteBuffer()
        var bits: (count: Int, octet: UInt8) = (0, 0)
        func isReserved(_ name: String) -> Bool { name.hasPrefix("reserved") }
        for field in layout {
            if case .bit(let name) = field {
                if !isReserved(name), Bool.random(using: &self) { bits.octet |= 1 << bits.count }
                bits.count += 1
                continue
            }
            if bits.count > 0 { buffer.writeInteger(bits.octet) }
            bits = (0, 0)
            switch field {
            case .octet: buffer.writeInteger(UInt8.random(in: .min ... .max, using: &self))
            case .short(let name): buffer.writeInteger(isReserved(name) ? 0 : UInt16.random(in: .min ... .max, using: &self))
            case .long: buffer.writeInteger(UInt32.random(in: .min ... .max, using: &self))
            case .longLong: buffer.writeInteger(next())
            case .shortString(let name): buffer.writeShortString(isReserved(name) ? "" : text(12))
            case .longString(let name): buffer.writeLongString(isReserved(name) ? [] : bytes(30))
            case .table: buffer.writeTable(table())
            case .bit: break
            }
        }
        if bits.count > 0 { buffer.writeInteger(bits.octet) }
        return buffer
    }

    mutating func properties() -> BasicProperties {
        var properties = BasicProperties()
        if Bool.random(using: &self) { properties.contentType = text(10) }
        if Bool.random(using: &self) { properties.contentEncoding = text(10) }
        if Bool.random(using: &self) { properties.headers = table() }
        if Bool.random(using: &self) { properties.deliveryMode = .random(in: 1...2, using: &self) }
        if Bool.random(using: &self) { properties.priority = .random(in: 0...9, using: &self) }
        if Bool.random(using: &self) { properties.correlationID = text(10) }
        if Bool.random(using: &self) { properties.replyTo = text(10) }
        if Bool.random(using: &self) { properties.expiration = "\(Int.random(in: 0...100_000, using: &self))" }
        if Bool.random(using: &self) { properties.messageID = text(10) }
        if Bool.random(using: &self) { properties.timestamp = next() }
        if Bool.random(using: &self) { properties.type = text(10) }
        if Bool.random(using: &self) { properties.userID = text(10) }
        if Bool.random(using: &self) { properties.appID = text(10) }
        if Bool.random(using: &self) { properties.clusterID = text(10) }
        return properties
    }
}
