internal import NIOCore

/// Finds the good records in a file by trying every place where one may begin.
struct RecordScan {
    /// A stretch without a good record, between good ones.
    struct Gap: Equatable {
        var offset: Int
        var length: Int
        /// The commit of the first good record behind it.
        var followedBy: UInt64
    }

    private(set) var gaps: [Gap] = []
    /// Behind the last good record.
    private(set) var end = SegmentFormat.dataStart
    /// The number of the last commit that was found; nil without records.
    private(set) var batch: UInt64?

    /// Calls `body` with each good record and its offset.
    init(_ bytes: UnsafeRawBufferPointer, tag: UInt64, _ body: (RecordHeader, UnsafeRawBufferPointer, Int) -> Void) {
        var offset = SegmentFormat.dataStart
        var gapStart: Int?
        while offset + RecordHeader.size <= bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            guard let header = RecordHeader.read(rest, tag: tag, offset: offset) else {
                // Records start at multiples of 8. Nearly all other places fail at the tag, before any checksum.
                if gapStart == nil { gapStart = offset }
                offset += 8
                continue
            }
            if let start = gapStart {
                gaps.append(Gap(offset: start, length: offset - start, followedBy: header.batch))
                gapStart = nil
            }
            body(header, UnsafeRawBufferPointer(rebasing: rest[..<header.length]), offset)
            batch = max(batch ?? 0, header.batch)
            offset += header.length
            end = offset
        }
    }
}

/// Finds the records of a segment by reading all of it: the last one before a crash has no index yet, and a damaged one may
/// have lost it.
struct SegmentScan {
    private(set) var index = SegmentIndex()
    private(set) var records: RecordScan
    /// What was read.
    let bytes: ByteBuffer
    /// A record whose checksum is right, but that this version cannot read.
    private(set) var hasForeignRecord = false

    var isEmpty: Bool { records.batch == nil }

    init(_ file: any StorageFile, _ header: SegmentHeader) throws(StoreError) {
        let bytes = try SegmentStore.read(file, 0, try file.size())
        var index = SegmentIndex()
        var isForeign = false
        records = bytes.withUnsafeReadableBytes { raw in
            RecordScan(raw, tag: header.tag) { header, record, offset in
                if !index.add(header, record, offset: offset) { isForeign = true }
            }
        }
        self.bytes = bytes
        self.index = index
        hasForeignRecord = isForeign
    }

    /// Why the segment cannot be what a crash of the process or the machine has left, or nil if it can.
    ///
    /// A commit begins only when the one before it is durable. So what a crash tears belongs to the last commit there was:
    /// a hole before a record of an earlier commit, or in a segment that others follow, is damage.
    func damage(lastBatch: UInt64, isFollowed: Bool) -> String? {
        if let gap = records.gaps.first(where: { $0.followedBy < lastBatch }) {
            return "\(gap.length) bytes at \(gap.offset) have changed on disk"
        }
        return isFollowed ? "its end is missing or has changed on disk" : nil
    }
}
