/// Finds frames in received bytes, in place.
package enum FrameScanner {
    /// The frame that starts at `offset`, or nil while it is not complete.
    ///
    /// A frame that can never become valid is refused as soon as its header is there, so a peer cannot make the broker wait
    /// for, or hold, more than `limit` bytes.
    ///
    /// - Parameter limit: the payload bytes allowed.
    /// - Throws: 501 for an unknown type, a payload over the limit, or a wrong end octet.
    @inline(__always)
    package static func frame(
        in bytes: UnsafeRawBufferPointer, at offset: Int, limit: Int
    ) throws(ProtocolFault) -> Frame? {
        guard let length = try frameLength(in: bytes, at: offset, limit: limit), bytes.count - offset >= length else { return nil }
        let start = offset + FrameLayout.headerSize
        let end = offset + length - 1
        guard bytes[end] == FrameLayout.end else { throw wrongEnd(bytes[end]) }
        return Frame(type: bytes[offset], channel: bytes.bigEndian16(at: offset + 1), payload: start..<end)
    }

    /// The whole frame's length by its header, or nil while the header is not complete.
    @inline(__always)
    package static func frameLength(
        in bytes: UnsafeRawBufferPointer, at offset: Int, limit: Int
    ) throws(ProtocolFault) -> Int? {
        guard bytes.count - offset >= FrameLayout.headerSize else { return nil }
        let type = bytes[offset]
        guard FrameType.isKnown(type) else { throw unknownType(type) }
        let size = Int(bytes.bigEndian32(at: offset + 3))
        guard size <= limit else { throw tooLarge(size, limit: limit) }
        return size + FrameLayout.overhead
    }

    private static func wrongEnd(_ octet: UInt8) -> ProtocolFault {
        ProtocolFault(.frameError, "frame ends with octet \(octet) instead of \(FrameLayout.end)")
    }

    private static func unknownType(_ type: UInt8) -> ProtocolFault {
        ProtocolFault(.frameError, "unknown frame type \(type)")
    }

    private static func tooLarge(_ size: Int, limit: Int) -> ProtocolFault {
        ProtocolFault(.frameError, "frame payload of \(size) bytes is larger than the \(limit) bytes allowed")
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    package func bigEndian16(at offset: Int) -> UInt16 {
        UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @inline(__always)
    package func bigEndian32(at offset: Int) -> UInt32 {
        UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inline(__always)
    package func bigEndian64(at offset: Int) -> UInt64 {
        UInt64(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
