package import NIOCore

/// Writing the types of AMQP 0-9-1 section 4.2.5.
extension ByteBuffer {
    /// A short string, cut to 255 bytes at a character's start.
    package mutating func writeShortString(_ text: String) {
        let count = text.utf8.count
        guard count > 255 else {
            writeInteger(UInt8(truncatingIfNeeded: count))
            writeString(text)
            return
        }
        var bytes = text.utf8.prefix(255)
        // The byte after the cut may belong to the character before it.
        while !bytes.isEmpty, text.utf8[bytes.endIndex] & 0xC0 == 0x80 { bytes = bytes.dropLast() }
        writeInteger(UInt8(bytes.count))
        writeBytes(bytes)
    }

    package mutating func writeLongString(_ bytes: [UInt8]) {
        writeInteger(UInt32(truncatingIfNeeded: bytes.count))
        writeBytes(bytes)
    }

    /// Bits of one octet, the first in the lowest place.
    package mutating func writeBits(
        _ first: Bool, _ second: Bool = false, _ third: Bool = false, _ fourth: Bool = false, _ fifth: Bool = false
    ) {
        let bits: UInt8 = (first ? 1 : 0) | (second ? 2 : 0) | (third ? 4 : 0) | (fourth ? 8 : 0) | (fifth ? 16 : 0)
        writeInteger(bits)
    }

    package mutating func writeTable(_ table: FieldTable) {
        writeSized { buffer in
            for field in table.fields {
                buffer.writeShortString(field.name)
                buffer.writeFieldValue(field.value)
            }
        }
    }

    /// A value with its type letter.
    package mutating func writeFieldValue(_ value: FieldValue) {
        switch value {
        case .bool(let value): writeLetter("t", UInt8(value ? 1 : 0))
        case .int8(let value): writeLetter("b", value)
        case .uint8(let value): writeLetter("B", value)
        case .int16(let value): writeLetter("s", value)
        case .uint16(let value): writeLetter("u", value)
        case .int32(let value): writeLetter("I", value)
        case .uint32(let value): writeLetter("i", value)
        case .int64(let value): writeLetter("l", value)
        case .float(let value): writeLetter("f", value.bitPattern)
        case .double(let value): writeLetter("d", value.bitPattern)
        case .timestamp(let value): writeLetter("T", value)
        case .void: writeInteger(UInt8(ascii: "V"))
        case .decimal(let scale, let value):
            writeLetter("D", scale)
            writeInteger(value)
        case .string(let bytes):
            writeInteger(UInt8(ascii: "S"))
            writeLongString(bytes)
        case .bytes(let bytes):
            writeInteger(UInt8(ascii: "x"))
            writeLongString(bytes)
        case .array(let values):
            writeInteger(UInt8(ascii: "A"))
            writeSized { buffer in for value in values { buffer.writeFieldValue(value) } }
        case .table(let table):
            writeInteger(UInt8(ascii: "F"))
            writeTable(table)
        }
    }

    private mutating func writeLetter(_ letter: Unicode.Scalar, _ value: some FixedWidthInteger) {
        writeInteger(UInt8(ascii: letter))
        writeInteger(value)
    }

    /// Writes a four-byte length and what it counts.
    private mutating func writeSized(_ body: (inout ByteBuffer) -> Void) {
        let start = writerIndex
        writeInteger(UInt32(0))
        body(&self)
        setInteger(UInt32(truncatingIfNeeded: writerIndex - start - 4), at: start)
    }
}
