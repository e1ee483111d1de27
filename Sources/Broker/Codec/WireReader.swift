/// Reads the fields of a method or of properties from bytes that it does not own.
///
/// Every read checks what is left, so bad input throws and never reads past the end.
package struct WireReader {
    private let bytes: UnsafeRawBufferPointer
    package private(set) var offset: Int
    /// How deep tables and arrays may be nested.
    let tableDepth: Int

    package init(_ bytes: UnsafeRawBufferPointer, tableDepth: Int = TableLimits.depth) {
        self.bytes = bytes
        self.tableDepth = tableDepth
        offset = 0
    }

    package var remaining: Int { bytes.count - offset }
    package var isAtEnd: Bool { offset == bytes.count }

    /// The next `count` bytes, in place.
    @inline(__always)
    package mutating func take(_ count: Int) throws(ProtocolFault) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw Self.truncated }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    @inline(__always)
    package mutating func octet() throws(ProtocolFault) -> UInt8 {
        guard remaining >= 1 else { throw Self.truncated }
        defer { offset += 1 }
        return bytes[offset]
    }

    @inline(__always)
    package mutating func short() throws(ProtocolFault) -> UInt16 {
        guard remaining >= 2 else { throw Self.truncated }
        defer { offset += 2 }
        return bytes.bigEndian16(at: offset)
    }

    @inline(__always)
    package mutating func long() throws(ProtocolFault) -> UInt32 {
        guard remaining >= 4 else { throw Self.truncated }
        defer { offset += 4 }
        return bytes.bigEndian32(at: offset)
    }

    @inline(__always)
    package mutating func longLong() throws(ProtocolFault) -> UInt64 {
        guard remaining >= 8 else { throw Self.truncated }
        defer { offset += 8 }
        return bytes.bigEndian64(at: offset)
    }

    /// A short string's bytes, in place.
    @inline(__always)
    package mutating func shortBytes() throws(ProtocolFault) -> UnsafeRawBufferPointer {
        try take(Int(octet()))
    }

    /// A short string. The specification makes it UTF-8.
    package mutating func shortString() throws(ProtocolFault) -> String {
        try Self.text(shortBytes())
    }

    /// A short string of a message or a table. Clients put any bytes there, and RabbitMQ passes them on; where they are
    /// needed as text, what is no UTF-8 is repaired.
    package mutating func repairedString() throws(ProtocolFault) -> String {
        String(decoding: try shortBytes(), as: UTF8.self)
    }

    /// A long string's bytes, in place.
    package mutating func longBytes() throws(ProtocolFault) -> UnsafeRawBufferPointer {
        try take(Int(long()))
    }

    package mutating func longString() throws(ProtocolFault) -> [UInt8] {
        [UInt8](try longBytes())
    }

    package static func text(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ProtocolFault(.frameError, "Malformed UTF-8 in shortstr")
        }
        return text
    }

    static var truncated: ProtocolFault { ProtocolFault(.frameError, "the frame ends before its fields do") }
}
