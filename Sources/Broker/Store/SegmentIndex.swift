internal import NIOCore

/// What recovery and compaction need to know of a segment's records, without their bodies.
///
/// It grows with each record, stands at the end of a sealed segment, and can be made again by reading the records. Per message
/// 24 bytes (offset u32, length u32, body u32, slots u32, flags u8, priority u8, zero u16, zero u32) and its slots.
struct SegmentIndex {
    struct Entry: Equatable {
        var offset: UInt32
        var length: UInt32
        var bodyLength: UInt32
        var flags: UInt8
        var priority: UInt8

        static let size = 24

        var isTransient: Bool { flags & MessageRecord.Flag.transient != 0 }
    }

    /// All settlements of the segment, whether from records of their own or from messages that moved.
    private(set) var settlements = ByteBuffer()
    private(set) var messages = ByteBuffer()

    init() {}

    init(settlements: ByteBuffer, messages: ByteBuffer) {
        self.settlements = settlements
        self.messages = messages
    }

    var bytes: Int { settlements.readableBytes + messages.readableBytes }
    var isEmpty: Bool { bytes == 0 }

    /// How much a record adds.
    static func growth(slots: Int, settlements: Int) -> Int {
        (slots > 0 ? Entry.size + slots * MessageRecord.Slot.size : 0) + settlements * Settlement.size
    }

    mutating func add(_ settlement: Settlement) {
        settlements.writeWithUnsafeMutableBytes(minimumWritableBytes: Settlement.size) { raw in
            var writer = LogWriter(raw)
            settlement.encode(into: &writer)
            return Settlement.size
        }
    }

    mutating func add(_ entry: Entry, slots: [MessageRecord.Slot]) {
        let size = Entry.size + slots.count * MessageRecord.Slot.size
        messages.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { raw in
            var writer = LogWriter(raw)
            writer.put(entry.offset)
            writer.put(entry.length)
            writer.put(entry.bodyLength)
            writer.put(UInt32(slots.count))
            writer.put(entry.flags)
            writer.put(entry.priority)
            writer.put(UInt16(0))
            writer.put(UInt32(0))
            for slot in slots { slot.encode(into: &writer) }
            return size
        }
    }

    /// Adds what a record says, as read from a file. False if its contents make no sense to this version.
    mutating func add(_ header: RecordHeader, _ record: UnsafeRawBufferPointer, offset: Int) -> Bool {
        switch RecordHeader.Kind(rawValue: header.kind) {
        case .settlements: return addSettlements(record, at: RecordHeader.size, count: nil)
        case .message: return addMessage(header, record, offset: offset)
        case nil: return false
        }
    }

    private mutating func addMessage(_ header: RecordHeader, _ record: UnsafeRawBufferPointer, offset: Int) -> Bool {
        guard let head = MessageRecord.Head(record) else { return false }
        var reader = LogReader(record, at: head.slotsOffset)
        var slots: [MessageRecord.Slot] = []
        for _ in 0..<head.slotCount {
            guard let slot = MessageRecord.Slot.read(&reader) else { return false }
            slots.append(slot)
        }
        let entry = Entry(
            offset: UInt32(offset), length: UInt32(header.length), bodyLength: UInt32(head.bodyLength), flags: header.flags,
            priority: head.priority)
        guard addSettlements(record, at: head.settlementsOffset, count: head.settlementCount) else { return false }
        add(entry, slots: slots)
        return true
    }

    private mutating func addSettlements(_ record: UnsafeRawBufferPointer, at offset: Int, count: Int?) -> Bool {
        var reader = LogReader(record, at: min(offset, record.count))
        let count = count ?? reader.remaining / Settlement.size
        for _ in 0..<count {
            guard let settlement = Settlement.read(&reader) else { return false }
            add(settlement)
        }
        return true
    }

    /// Calls `body` with each settlement.
    func forEachSettlement(_ body: (Settlement) -> Void) {
        settlements.withUnsafeReadableBytes { bytes in
            var reader = LogReader(bytes)
            while let settlement = Settlement.read(&reader) { body(settlement) }
        }
    }

    /// Calls `body` with each slot of each message, in order of the log.
    func forEachSlot(_ body: (Entry, MessageRecord.Slot) -> Void) {
        messages.withUnsafeReadableBytes { bytes in
            var reader = LogReader(bytes)
            while let (entry, count) = Self.readEntry(&reader) {
                for _ in 0..<count {
                    guard let slot = MessageRecord.Slot.read(&reader) else { return }
                    body(entry, slot)
                }
            }
        }
    }

    /// The next message and its slots, from `position` on, which moves behind it; nil at the end.
    func nextMessage(_ position: inout Int) -> (Entry, [MessageRecord.Slot])? {
        messages.withUnsafeReadableBytes { bytes in
            var reader = LogReader(bytes, at: min(position, bytes.count))
            guard let (entry, count) = Self.readEntry(&reader) else { return nil }
            var slots: [MessageRecord.Slot] = []
            for _ in 0..<count {
                guard let slot = MessageRecord.Slot.read(&reader) else { return nil }
                slots.append(slot)
            }
            position = reader.offset
            return (entry, slots)
        }
    }

    @inline(__always)
    private static func readEntry(_ reader: inout LogReader) -> (Entry, Int)? {
        guard let offset = reader.get(UInt32.self), let length = reader.get(UInt32.self),
            let bodyLength = reader.get(UInt32.self), let count = reader.get(UInt32.self),
            let flags = reader.get(UInt8.self), let priority = reader.get(UInt8.self), reader.skip(6)
        else { return nil }
        let entry = Entry(offset: offset, length: length, bodyLength: bodyLength, flags: flags, priority: priority)
        return (entry, Int(count))
    }

    /// The end of a sealed segment: the index and the trailer.
    func sealed(_ header: SegmentHeader, recordsEnd: Int, batch: UInt64) -> ByteBuffer {
        let trailer = SegmentTrailer(
            header: header, settlementBytes: UInt32(settlements.readableBytes), messageBytes: UInt32(messages.readableBytes),
            settlementChecksum: settlements.withUnsafeReadableBytes { Checksum.crc32c($0) },
            messageChecksum: messages.withUnsafeReadableBytes { Checksum.crc32c($0) }, recordsEnd: UInt32(recordsEnd),
            batch: batch)
        var end = ByteBuffer()
        end.reserveCapacity(bytes + SegmentFormat.trailerSize)
        end.writeImmutableBuffer(settlements)
        end.writeImmutableBuffer(messages)
        end.writeWithUnsafeMutableBytes(minimumWritableBytes: SegmentFormat.trailerSize) { raw in
            trailer.encode(into: UnsafeMutableRawBufferPointer(rebasing: raw[..<SegmentFormat.trailerSize]))
            return SegmentFormat.trailerSize
        }
        return end
    }
}
