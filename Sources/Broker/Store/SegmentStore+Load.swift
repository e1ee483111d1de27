internal import NIOCore

/// Reading messages back.
extension SegmentStore {
    /// - Throws: `missing` if its segment is gone; `corrupt` if its bytes have changed: the message is lost, and its segment
    ///   is set aside; temporary errors (`isTemporary`), after which it can be tried again; `inputOutput`.
    package func load(_ stored: StoredMessage) throws(StoreError) -> Message {
        guard let segment = segments[stored.segment] else {
            throw StoreError(.missing, "segment \(stored.segment) is gone; the message was settled, or its file was removed")
        }
        let record = try bytes(of: stored, in: segment)
        let header = record.withUnsafeReadableBytes {
            RecordHeader.read($0, tag: segment.header.tag, offset: Int(stored.offset))
        }
        guard let header, header.kind == RecordHeader.Kind.message.rawValue,
            let message = MessageRecord.decodeMessage(record, flags: header.flags)
        else {
            noteDamage(segment)
            throw StoreError(
                .corrupt,
                "the message at \(stored.offset) of \(SegmentName.of(stored.segment)) has changed on disk and is lost. Check the disk")
        }
        return message
    }

    private func bytes(of stored: StoredMessage, in segment: Segment) throws(StoreError) -> ByteBuffer {
        let offset = Int(stored.offset)
        let length = Int(stored.length)
        if let unwritten = segment.unwritten(offset, length) {
            // Copied, so that the message does not keep the whole buffer.
            return unwritten.withUnsafeReadableBytes { ByteBuffer(bytes: $0) }
        }
        if let found = blocks.find(segment.number, offset, length) { return found }
        let file = try file(of: segment)
        // A large message is read by itself; small ones with what follows them.
        guard length <= BlockCache.blockSize / 2 else { return try Self.read(file, offset, length) }
        // Not beyond what is written: it would be out of date soon.
        let end = segment.file == nil ? segment.capacity : segment.writtenEnd
        let block = try Self.read(file, offset, max(length, min(BlockCache.blockSize, end - offset)))
        blocks.add(segment.number, offset, block)
        return blocks.find(segment.number, offset, length) ?? block
    }

    func file(of segment: Segment) throws(StoreError) -> any StorageFile {
        if let file = segment.file ?? files.file(segment.number) { return file }
        let file = try storage.open(SegmentName.of(segment.number), create: false)
        files.add(file, segment.number)
        return file
    }

    /// Reads up to `length` bytes; fewer only where the file ends.
    static func read(_ file: any StorageFile, _ offset: Int, _ length: Int) throws(StoreError) -> ByteBuffer {
        var buffer = ByteBuffer()
        var failure: StoreError?
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { raw in
            do throws(StoreError) {
                return try file.read(into: UnsafeMutableRawBufferPointer(rebasing: raw[..<length]), at: offset)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return buffer
    }

    /// Bytes of a segment are not what was written.
    func noteDamage(_ segment: Segment) {
        guard !segment.isDamaged else { return }
        segment.isDamaged = true
        reviewIsDue = true
        onNotice?(.damaged(file: SegmentName.of(segment.number), reason: "a message has changed on disk"))
    }
}

/// Names of segment files: `0000000012.segment`.
enum SegmentName {
    private static let ending = ".segment"

    static func of(_ number: UInt32) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 10 - digits.count) + digits + ending
    }

    /// The number in a name, for segments and for what became of them (`0000000012.segment.damaged`).
    static func number(_ name: String) -> UInt32? {
        guard let dot = name.firstIndex(of: "."), name[dot...].hasPrefix(ending) else { return nil }
        return UInt32(name[..<dot])
    }

    /// Whether it is a segment that is in use.
    static func isSegment(_ name: String) -> Bool { number(name) != nil && name.hasSuffix(ending) }

    static func damaged(_ name: String) -> String { name + ".damaged" }
}
