internal import NIOCore

/// How a `SegmentStore` behaves. The defaults are for a broker; tests make everything small.
package struct SegmentStoreConfiguration {
    /// Bytes of an ordinary segment file; a message that does not fit gets a larger one.
    package var segmentSize = 16 << 20
    /// Free bytes of the disk below which publishers are blocked; acknowledgements are still written.
    package var freeSpaceLimit: UInt64 = 50_000_000
    /// Free segment files kept for reuse. Writing over blocks that were written before syncs about twice as fast.
    package var spareSegments = 4
    /// Complete segments that are left in the system's cache. Older ones go, lest a backlog that nobody reads for now drives out what
    /// other programs use; and pages that were used before are quicker to write to than pages that are new.
    package var cachedSegments = 16
    /// Milliseconds that an acknowledgement may wait for somebody else's commit.
    package var deferral: Int64 = 50
    /// Milliseconds between two tries to find room on a full disk.
    package var retryInterval: Int64 = 1000
    /// Bytes of settled messages that may lie about before sparse segments are compacted.
    package var slack = 64 << 20
    /// Bytes that compaction copies at a time.
    package var compactionStep = 256 << 10
    /// Called with the number of a segment when its compaction begins, and when all that it held is copied.
    package var onCompaction: ((UInt32, CompactionStage) -> Void)?
    /// Where commits run; nil lets `SyncPolicy` decide.
    package var commitPlace: SyncPolicy.Place?
    /// Makes the random tag of a segment.
    package var makeTag: () -> UInt64 = { UInt64.random(in: .min ... .max) }

    package init() {}
}

/// How far the compaction of a segment is.
package enum CompactionStage {
    case begins, ends
}

/// The durable log of messages: append-only segment files that all queues of a broker share.
///
/// Appending encodes a record into memory; `commit` writes what was collected with one write and one sync. Per segment the
/// store remembers which messages are not settled, a bit each, and which other segments its settlements speak of. A segment
/// goes when nothing in it is live and no older segment that is still there needs its settlements; see
/// `docs/decisions/0010`.
package final class SegmentStore: MessageStore {
    let storage: any Storage
    let executor: any DiskExecutor
    let time: any Timekeeper
    let configuration: SegmentStoreConfiguration

    /// All segments that exist, by number.
    var segments: [UInt32: Segment] = [:]
    /// Those with records that are not on disk, oldest first. The last one takes the next record.
    var open: [Segment] = []
    /// Prepared for when the last of `open` is full.
    var next: Segment
    var nextNumber: UInt32
    /// Names of files that may be made into segments.
    var spares: [String] = []

    var settlements = PendingSettlements()
    /// The number that `appended` had for the first of `settlements`.
    var oldestSettlement: LogSequence?
    /// Delivery counts above 0 of live slots.
    var deliveryCounts: [QueueSlot.Key: UInt32] = [:]

    package internal(set) var appended: LogSequence = 0
    package internal(set) var durable: LogSequence = 0
    /// The number of the next commit; goes into records.
    var batch: UInt64
    /// Somebody waits for the next commit.
    var isUrgent = false
    var isWriting = false
    var deferred: (any ScheduledAction)?
    var policy = SyncPolicy()
    var spareBuffer = ByteBuffer()
    package internal(set) var failure: StoreError?

    /// The segment that is being made or removed; there is one such job at a time.
    var isMaintaining = false
    /// Segments that may be ready to go.
    var emptied: Set<UInt32> = []
    var compaction: Compaction?
    /// False until the queues know their entries and can be told of new places.
    var mayCompact = false
    /// Compaction may do its next step.
    var mayStep = false
    var isClosing = false
    var settledSinceReview = 0
    var reviewIsDue = true
    var maintenanceTimer: (any ScheduledAction)?

    package internal(set) var isFull = false
    /// Why there is no room, while there is none.
    package internal(set) var lastSpaceError: StoreError?
    var mayRetry = true
    var retryTimer: (any ScheduledAction)?

    var files = OpenFiles()
    /// Complete segments that the system may have in its cache, oldest first.
    var cached: [UInt32] = []
    var blocks = BlockCache()
    package internal(set) var statistics = SegmentStoreStatistics()

    package var onDurable: (() -> Void)?
    package var onFailure: ((StoreError) -> Void)?
    package var onFull: ((Bool) -> Void)?
    package var onRelocated: ((QueueSlot, StoredMessage) -> Void)?
    /// Something whoever runs the broker should read.
    package var onNotice: ((StoreNotice) -> Void)?

    init(
        _ log: RecoveredLog, storage: any Storage, executor: any DiskExecutor, time: any Timekeeper,
        configuration: SegmentStoreConfiguration
    ) {
        self.storage = storage
        self.executor = executor
        self.time = time
        self.configuration = configuration
        nextNumber = log.nextNumber
        batch = log.nextBatch
        next = Segment(SegmentHeader(number: log.nextNumber, tag: configuration.makeTag()), capacity: configuration.segmentSize)
        for segment in log.segments { segments[segment.number] = segment }
        spares = log.spares
        deliveryCounts = log.deliveryCounts
        statistics.quarantined = log.quarantined
        // `next` becomes the first open segment.
        segments[next.number] = next
        open = [next]
        nextNumber += 1
        next = planSegment()
    }

    /// The segment that takes the next record.
    var tail: Segment { open[open.count - 1] }

    /// Bytes that were appended and are not durable: what publishers have sent faster than the disk takes it. The broker
    /// should stop reading from them above some megabytes.
    package var backlog: Int {
        var sum = 0
        for segment in open { sum += segment.pending.readableBytes + segment.inFlight.readableBytes }
        return sum
    }

    func planSegment() -> Segment {
        let header = SegmentHeader(number: nextNumber, tag: configuration.makeTag())
        nextNumber += 1
        let segment = Segment(header, capacity: configuration.segmentSize)
        segments[segment.number] = segment
        return segment
    }
}

extension QueueSlot {
    /// Queue and position, which name a live slot.
    struct Key: Hashable {
        var queue: UInt32
        var position: UInt64
    }

    var key: Key { Key(queue: queue.rawValue, position: position) }
}

/// What a store has done since the start.
package struct SegmentStoreStatistics: Equatable, Sendable {
    /// Commits, each with at least one sync.
    package var commits: UInt64 = 0
    /// Bytes of records that are durable.
    package var bytes: UInt64 = 0
    /// Segment files set aside because bytes in them had changed.
    package var quarantined = 0
    /// Segments whose live messages compaction has moved away.
    package var compacted: UInt64 = 0
    /// Segments removed or set free.
    package var removed: UInt64 = 0
}

/// What whoever runs the broker should read in its log.
package enum StoreNotice: Equatable, Sendable, CustomStringConvertible {
    /// The last write before a crash was not complete: nothing that was confirmed is missing.
    case tornTail(file: String, bytes: Int)
    /// Bytes on disk have changed. What is good in the file is used; the file is set aside.
    case damaged(file: String, reason: String)
    /// The file is kept under this name; `lost` messages in it could not be read.
    case quarantined(file: String, lost: Int)

    package var description: String {
        switch self {
        case .tornTail(let file, let bytes):
            "\(file): the last write before the crash was not complete; \(bytes) bytes that were never confirmed are cut"
        case .damaged(let file, let reason):
            "\(file): \(reason). What is good in it is used, and the file is set aside. Check the disk"
        case .quarantined(let file, let lost):
            "\(file) is kept for inspection; \(lost) messages in it could not be read. Remove it when it is no longer needed"
        }
    }
}
