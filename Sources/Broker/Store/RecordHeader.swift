/// The first 24 bytes of a record.
///
/// ```
/// 0  checksum   u32  CRC-32C of everything behind it, begun with the segment's tag and the record's offset
/// 4  length     u32  of the whole record with its padding, a multiple of 8
/// 8  batch      u64  the number of the commit that wrote it
/// 16 kind       u8
/// 17 flags      u8
/// 18 zero       u16
/// 20 tag        u32  low half of the segment's tag: makes it cheap to look for the next record behind a damaged one
/// ```
struct RecordHeader: Equatable {
    enum Kind: UInt8 {
        case message = 1
        case settlements = 2
    }

    static let size = 24

    var length: Int
    var batch: UInt64
    var kind: UInt8
    var flags: UInt8

    /// Completes a record whose bytes behind the header are written: adds the header and the checksum.
    static func seal(
        _ record: UnsafeMutableRawBufferPointer, kind: UInt8, flags: UInt8, batch: UInt64, tag: UInt64, offset: Int
    ) {
        var writer = LogWriter(record, at: 4)
        writer.put(UInt32(truncatingIfNeeded: record.count))
        writer.put(batch)
        writer.put(kind)
        writer.put(flags)
        writer.put(UInt16(0))
        writer.put(UInt32(truncatingIfNeeded: tag))
        let checksum = Checksum.crc32c(
            UnsafeRawBufferPointer(rebasing: record[4...]), seed: SegmentFormat.seed(tag: tag, offset: offset))
        record.storeBytes(of: checksum.littleEndian, toByteOffset: 0, as: UInt32.self)
    }

    /// Reads and checks the record at the start of `bytes`, which may go on behind it.
    ///
    /// - Returns: nil if there is no whole and unchanged record of this segment at this offset.
    static func read(_ bytes: UnsafeRawBufferPointer, tag: UInt64, offset: Int) -> RecordHeader? {
        var reader = LogReader(bytes)
        guard let checksum = reader.get(UInt32.self), let length = reader.get(UInt32.self),
            let batch = reader.get(UInt64.self), let kind = reader.get(UInt8.self), let flags = reader.get(UInt8.self),
            reader.skip(2), reader.get() == UInt32(truncatingIfNeeded: tag)
        else { return nil }
        guard length >= size, length % 8 == 0, Int(length) <= bytes.count else { return nil }
        let covered = UnsafeRawBufferPointer(rebasing: bytes[4..<Int(length)])
        guard Checksum.crc32c(covered, seed: SegmentFormat.seed(tag: tag, offset: offset)) == checksum else { return nil }
        return RecordHeader(length: Int(length), batch: batch, kind: kind, flags: flags)
    }
}
