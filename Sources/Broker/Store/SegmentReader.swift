internal import NIOCore

/// Reads a sealed segment's index.
struct SegmentReader {
    let file: any StorageFile

    init(_ file: any StorageFile) { self.file = file }

    /// What the first bytes of the file say.
    func header() throws(StoreError) -> SegmentHeader.Reading {
        let bytes = try SegmentStore.read(file, 0, SegmentFormat.dataStart)
        return bytes.withUnsafeReadableBytes { SegmentHeader.read($0) }
    }

    /// nil if the file does not end with a trailer.
    func trailer() throws(StoreError) -> (SegmentTrailer, fileSize: Int)? {
        let size = try file.size()
        guard size >= SegmentFormat.smallest - SegmentFormat.trailerSize else { return nil }
        let bytes = try SegmentStore.read(file, size - SegmentFormat.trailerSize, SegmentFormat.trailerSize)
        guard let trailer = bytes.withUnsafeReadableBytes({ SegmentTrailer.read($0) }) else { return nil }
        // A trailer with a good checksum but numbers that cannot be is none.
        guard size - SegmentFormat.trailerSize - trailer.indexBytes >= Int(trailer.recordsEnd) else { return nil }
        return (trailer, size)
    }

    enum Part {
        case settlements
        case messages
    }

    /// One part of the index; nil if it does not match its checksum.
    func part(_ part: Part, _ trailer: SegmentTrailer, fileSize: Int) throws(StoreError) -> ByteBuffer? {
        let start = fileSize - SegmentFormat.trailerSize - trailer.indexBytes
        let (offset, length, checksum) =
            switch part {
            case .settlements: (start, Int(trailer.settlementBytes), trailer.settlementChecksum)
            case .messages: (start + Int(trailer.settlementBytes), Int(trailer.messageBytes), trailer.messageChecksum)
            }
        let bytes = try SegmentStore.read(file, offset, length)
        guard bytes.readableBytes == length, bytes.withUnsafeReadableBytes({ Checksum.crc32c($0) }) == checksum else { return nil }
        return bytes
    }

    /// The whole index of a segment that is known to be sealed; nil if it has changed.
    func index(_ header: SegmentHeader) throws(StoreError) -> SegmentIndex? {
        guard let (trailer, size) = try trailer(), trailer.header == header,
            let settlements = try part(.settlements, trailer, fileSize: size),
            let messages = try part(.messages, trailer, fileSize: size)
        else { return nil }
        return SegmentIndex(settlements: settlements, messages: messages)
    }
}
