/// How a segment file is laid out; all integers little-endian.
///
/// ```
/// 0      header, 64 bytes; a second copy at 2048; the rest of the first 4096 bytes is zero
/// 4096   records, each a multiple of 8 bytes long
///        … zeros, or what an earlier segment has left in the file …
///        index (once sealed): settlements, then messages
/// -64    trailer (once sealed)
/// ```
/// Each segment has a random tag. It goes into the checksum of every record and of the trailer, with the record's offset, so
/// that bytes which an earlier segment has left in the same file, or that a disk wrote to a wrong place, never pass for valid.
enum SegmentFormat {
    /// Raised when an older broker could no longer read what is written.
    static let version: UInt32 = 1
    static let headerMagic: UInt64 = 0x3147_4553_4C4C_494D  // "MILLSEG1"
    static let trailerMagic: UInt64 = 0x3144_4E45_4C4C_494D  // "MILLEND1"
    static let dataStart = 4096
    static let headerSize = 64
    static let headerCopies = [0, 2048]
    static let trailerSize = 64
    /// The smallest file that can hold anything.
    static let smallest = dataStart + 2 * trailerSize

    /// What a record's checksum starts with.
    static func seed(tag: UInt64, offset: Int) -> UInt32 {
        let mixed = (tag ^ UInt64(truncatingIfNeeded: offset)) &* 0x9E37_79B9_7F4A_7C15
        return UInt32(truncatingIfNeeded: mixed >> 32)
    }

    /// Records are multiples of 8 bytes.
    static func aligned(_ length: Int) -> Int { (length + 7) & ~7 }
}

/// The first bytes of a segment file.
struct SegmentHeader: Equatable {
    var number: UInt32
    var tag: UInt64

    enum Reading: Equatable {
        case valid(SegmentHeader)
        /// Zeros: a file that was reserved or set free and holds nothing.
        case unused
        /// Written by a version of the broker that this one does not know.
        case foreign(version: UInt32)
        case damaged
    }

    /// The first 4096 bytes of the file.
    func encoded(magic: UInt64 = SegmentFormat.headerMagic) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: SegmentFormat.dataStart)
        bytes.withUnsafeMutableBytes { raw in
            for copy in SegmentFormat.headerCopies {
                let place = UnsafeMutableRawBufferPointer(rebasing: raw[copy..<copy + SegmentFormat.headerSize])
                var writer = LogWriter(place)
                writer.put(magic)
                writer.put(SegmentFormat.version)
                writer.put(number)
                writer.put(tag)
                let end = SegmentFormat.headerSize - 4
                writer.pad(to: end)
                writer.put(Checksum.crc32c(UnsafeRawBufferPointer(rebasing: place[..<end])))
            }
        }
        return bytes
    }

    /// Reads the first 4096 bytes of a file; one good copy is enough.
    static func read(_ bytes: UnsafeRawBufferPointer, magic: UInt64 = SegmentFormat.headerMagic) -> Reading {
        if bytes.allSatisfy({ $0 == 0 }) { return .unused }
        for copy in SegmentFormat.headerCopies where bytes.count >= copy + SegmentFormat.headerSize {
            let reading = readCopy(UnsafeRawBufferPointer(rebasing: bytes[copy..<copy + SegmentFormat.headerSize]), magic)
            if reading != .damaged { return reading }
        }
        return .damaged
    }

    private static func readCopy(_ bytes: UnsafeRawBufferPointer, _ magic: UInt64) -> Reading {
        let end = SegmentFormat.headerSize - 4
        var checksum = LogReader(bytes, at: end)
        guard checksum.get() == Checksum.crc32c(UnsafeRawBufferPointer(rebasing: bytes[..<end])) else { return .damaged }
        var reader = LogReader(bytes)
        guard reader.get() == magic, let version = reader.get(UInt32.self),
            let number = reader.get(UInt32.self), let tag = reader.get(UInt64.self)
        else { return .damaged }
        guard version == SegmentFormat.version else { return .foreign(version: version) }
        return .valid(SegmentHeader(number: number, tag: tag))
    }
}

/// The last bytes of a sealed segment: where its index is.
struct SegmentTrailer: Equatable {
    var header: SegmentHeader
    var settlementBytes: UInt32
    var messageBytes: UInt32
    var settlementChecksum: UInt32
    var messageChecksum: UInt32
    /// Where the records end.
    var recordsEnd: UInt32
    /// The number of the last commit that wrote records.
    var batch: UInt64

    var indexBytes: Int { Int(settlementBytes) + Int(messageBytes) }

    /// Writes the trailer into 64 bytes.
    func encode(into raw: UnsafeMutableRawBufferPointer) {
        var writer = LogWriter(raw)
        writer.put(SegmentFormat.trailerMagic)
        writer.put(header.tag)
        writer.put(header.number)
        writer.put(settlementBytes)
        writer.put(messageBytes)
        writer.put(settlementChecksum)
        writer.put(messageChecksum)
        writer.put(recordsEnd)
        writer.put(batch)
        let end = SegmentFormat.trailerSize - 4
        writer.pad(to: end)
        writer.put(Checksum.crc32c(UnsafeRawBufferPointer(rebasing: raw[..<end])))
    }

    /// Reads 64 bytes; nil if they are no trailer.
    static func read(_ bytes: UnsafeRawBufferPointer) -> SegmentTrailer? {
        let end = SegmentFormat.trailerSize - 4
        guard bytes.count == SegmentFormat.trailerSize else { return nil }
        var checksum = LogReader(bytes, at: end)
        guard checksum.get() == Checksum.crc32c(UnsafeRawBufferPointer(rebasing: bytes[..<end])) else { return nil }
        var reader = LogReader(bytes)
        guard reader.get() == SegmentFormat.trailerMagic, let tag = reader.get(UInt64.self),
            let number = reader.get(UInt32.self), let settlementBytes = reader.get(UInt32.self),
            let messageBytes = reader.get(UInt32.self), let settlementChecksum = reader.get(UInt32.self),
            let messageChecksum = reader.get(UInt32.self), let recordsEnd = reader.get(UInt32.self),
            let batch = reader.get(UInt64.self)
        else { return nil }
        return SegmentTrailer(
            header: SegmentHeader(number: number, tag: tag), settlementBytes: settlementBytes, messageBytes: messageBytes,
            settlementChecksum: settlementChecksum, messageChecksum: messageChecksum, recordsEnd: recordsEnd, batch: batch)
    }
}
