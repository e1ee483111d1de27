internal import NIOCore

/// What the store keeps in memory of one segment file. Loop-confined.
final class Segment {
    enum State {
        /// Has a number, but no file yet; appends are collected all the same.
        case planned
        /// Its file is being made.
        case preparing
        /// Has a file that can be written.
        case ready
        /// Complete: records, index and trailer are on disk.
        case sealed
        /// Its file is being removed.
        case leaving
    }

    let header: SegmentHeader
    /// Bytes of the file.
    var capacity: Int
    var state = State.planned
    /// Set while it may be written.
    var file: (any StorageFile)?

    /// Messages that are not settled.
    var live = SlotSet()
    /// Slots of all messages, settled or not.
    var slots = 0
    /// Bytes of the records of messages.
    var messageBytes = 0
    /// How many settlements of this segment speak of which other segment. They must outlive it.
    var references: [UInt32: Int] = [:]
    /// Bytes on disk were found changed: its good messages are moved away and the file is set aside.
    var isDamaged = false
    /// Everything worth keeping was copied; it only waits to be removed.
    var isCompacted = false
    /// Messages that could not be moved away.
    var lost = 0
    /// It may go only when the log is durable up to here: what left it (dead-lettered, relocated) stands in later records.
    var releasedBy: LogSequence = 0

    // While it is written:

    /// Where the next record goes.
    var tail = SegmentFormat.dataStart
    /// No record follows.
    var isClosed = false
    /// What was appended up to its closing.
    var closedAt: LogSequence = 0
    var index = SegmentIndex()
    /// Records that were not handed to a write yet, from `pendingStart` on.
    var pending = ByteBuffer()
    var pendingStart = SegmentFormat.dataStart
    /// Records that are being written.
    var inFlight = ByteBuffer()
    var inFlightStart = SegmentFormat.dataStart
    /// The number of the last commit with records of this segment.
    var batch: UInt64 = 0
    /// Up to here the file's blocks have been written before, so that a sync need not change the file system's own records.
    var writtenThrough = SegmentFormat.dataStart

    init(_ header: SegmentHeader, capacity: Int) {
        self.header = header
        self.capacity = capacity
    }

    var number: UInt32 { header.number }

    /// Bytes of live messages, about: those of one record are taken as alike.
    var liveBytes: Int { slots == 0 ? 0 : messageBytes / slots * live.count }

    /// What is empty goes by itself.
    var isWorthCompacting: Bool { !isCompacted && (isDamaged || !live.isEmpty || !references.isEmpty) }

    /// Whether a record of `length` bytes fits beside the index that it makes longer.
    func fits(_ length: Int, indexGrowth: Int) -> Bool {
        tail + length + index.bytes + indexGrowth + SegmentFormat.trailerSize <= capacity
    }

    /// Where the bytes end that are in the file.
    var writtenEnd: Int { inFlight.readableBytes > 0 ? inFlightStart : pendingStart }

    /// Frees what only an open segment needs.
    func wasSealed() {
        state = .sealed
        index = SegmentIndex()
        pending = ByteBuffer()
        inFlight = ByteBuffer()
    }

    /// Bytes from `offset` on that are not in the file yet, or nil if they are.
    func unwritten(_ offset: Int, _ length: Int) -> ByteBuffer? {
        guard state != .sealed, state != .leaving else { return nil }
        if offset >= pendingStart { return pending.getSlice(at: pending.readerIndex + offset - pendingStart, length: length) }
        let end = inFlightStart + inFlight.readableBytes
        guard offset >= inFlightStart, offset + length <= end else { return nil }
        return inFlight.getSlice(at: inFlight.readerIndex + offset - inFlightStart, length: length)
    }
}
