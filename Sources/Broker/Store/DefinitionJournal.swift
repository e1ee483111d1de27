internal import NIOCore

/// Keeps definitions in one file: a record for each change, synced before `record` returns, and now and then the whole state in
/// place of its history.
///
/// The file has the layout of a segment's records (`SegmentFormat`), with a magic number of its own.
package final class DefinitionJournal: DefinitionLog {
    static let name = "definitions"
    static let newName = "definitions.new"
    static let damagedName = "definitions.damaged"
    static let magic: UInt64 = 0x3146_4544_4C4C_494D  // "MILLDEF1"
    /// The file grows by so much at a time, so that a sync need not change its size.
    private static let growth = 64 << 10

    /// What stood in the file when it was opened.
    package let changes: [DefinitionChange]
    /// The highest id that was ever given to a queue.
    package let highestQueueID: UInt32
    package private(set) var notices: [StoreNotice] = []
    /// Whether definitions may be missing, because bytes of the file had changed.
    package let wasDamaged: Bool

    private let storage: any Storage
    private let makeTag: () -> UInt64
    private var file: any StorageFile
    private var header: SegmentHeader
    private var end: Int
    private var reserved = 0
    private var batch: UInt64
    /// Bytes of the file after it was last written as a whole.
    private var compactBytes: Int
    private var failure: StoreError?

    /// Opens the journal of a folder, or begins one.
    ///
    /// - Throws: `unknownFormat` if a later version wrote it; `corrupt` if nothing in it can be read; `inputOutput`.
    package init(
        _ storage: any Storage, makeTag: @escaping () -> UInt64 = { UInt64.random(in: .min ... .max) }
    ) throws(StoreError) {
        var found = try DefinitionReading(storage)
        // Only now: while the broker runs, a user may follow its permissions (`Access.makeDefaultUser`).
        found.fold.dropOrphans()
        self.storage = storage
        self.makeTag = makeTag
        changes = found.fold.changes
        highestQueueID = found.fold.highestQueueID
        wasDamaged = found.isDamaged
        batch = found.nextBatch
        if found.isDamaged {
            try found.keepCopy(in: storage)
            notices.append(
                .damaged(file: Self.name, reason: "definitions have changed on disk; the file as it was is \(Self.damagedName)"))
        }
        // Written anew at each start: what a crash has torn is gone, and the history is short.
        let written = try DefinitionSnapshot(found.fold, tag: makeTag(), batch: batch).write(to: storage)
        file = written.file
        header = written.header
        end = written.end
        compactBytes = written.end
        batch += 1
    }

    package func record(_ change: DefinitionChange) throws(StoreError) {
        if let failure { throw failure }
        try append(.change(change))
        guard end > 8 * Self.growth, end > 4 * compactBytes else { return }
        try compact()
    }

    private func append(_ record: DefinitionRecord) throws(StoreError) {
        let bytes = Self.encode(record, batch: batch, tag: header.tag, offset: end)
        // Both may fail for want of room and be tried again: what was not synced is not there.
        if end + bytes.readableBytes > reserved {
            reserved = end + bytes.readableBytes + Self.growth
            do throws(StoreError) { try file.preallocate(reserved) } catch {
                reserved = 0
                throw error
            }
        }
        try WriteJob.write(bytes, to: file, at: end)
        do throws(StoreError) { try file.sync() } catch {
            failure = error
            throw error
        }
        end += bytes.readableBytes
        batch += 1
    }

    private func compact() throws(StoreError) {
        do throws(StoreError) {
            let found = try DefinitionReading(storage)
            let written = try DefinitionSnapshot(found.fold, tag: makeTag(), batch: batch).write(to: storage)
            (file, header, end, compactBytes) = (written.file, written.header, written.end, written.end)
            reserved = 0
            batch += 1
        } catch {
            // Without room, or files to open, the journal stays as long as it is. Which of the two files counts is not known after
            // other errors.
            guard error.isTemporary else {
                failure = error
                throw error
            }
            compactBytes = end
        }
    }

    static func encode(_ record: DefinitionRecord, batch: UInt64, tag: UInt64, offset: Int) -> ByteBuffer {
        let (kind, payload) = record.encoded()
        let length = SegmentFormat.aligned(RecordHeader.size + 4 + payload.count)
        var buffer = ByteBuffer()
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { raw in
            let place = UnsafeMutableRawBufferPointer(rebasing: raw[..<length])
            var writer = LogWriter(place, at: RecordHeader.size)
            writer.put(UInt32(payload.count))
            payload.withUnsafeBytes { writer.put(bytes: $0) }
            writer.pad(to: length)
            RecordHeader.seal(place, kind: kind, flags: 0, batch: batch, tag: tag, offset: offset)
            return length
        }
        return buffer
    }
}
