/// Names a durable queue in the log. Never used again for another queue.
package struct QueueID: Hashable, Sendable {
    package var rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// Where a message's record stands in the log.
package struct StoredMessage: Hashable, Sendable {
    package var segment: UInt32
    package var offset: UInt32
    package var length: UInt32

    package init(segment: UInt32, offset: UInt32, length: UInt32) {
        self.segment = segment
        self.offset = offset
        self.length = length
    }
}

/// A message's place in a queue, as the log writes it.
package struct QueueSlot: Hashable, Sendable {
    package var queue: QueueID
    package var position: UInt64
    /// Milliseconds since 1970; `Int64.max` for never.
    package var expiresAt: Int64

    package init(queue: QueueID, position: UInt64, expiresAt: Int64 = .max) {
        self.queue = queue
        self.position = position
        self.expiresAt = expiresAt
    }
}

/// How far the log has come. Confirms wait until `durable` reaches the number that `appended` had after the message.
package typealias LogSequence = UInt64

/// The durable log of messages, shared by all queues of a broker: one append and one fdatasync for all that wait together.
///
/// Loop-confined: no call blocks but for the disk itself. Appending only collects; `commit` writes and syncs.
package protocol MessageStore: AnyObject {
    /// Raised by every append.
    var appended: LogSequence { get }
    /// All up to here is on disk.
    var durable: LogSequence { get }

    /// Appends a message once for all of its durable queues. `persistent` false: paged out only; recovery drops it, and no
    /// confirm waits for it.
    func append(_ message: Message, to slots: [QueueSlot], persistent: Bool) -> StoredMessage
    /// The slot's message was acknowledged, expired or dropped.
    func acknowledge(_ stored: StoredMessage, _ slot: QueueSlot)
    /// Dead-lettering as one record: the message leaves `source` and stands in `targets` (in none: it is dropped).
    func transfer(_ message: Message, from stored: StoredMessage, _ source: QueueSlot, to targets: [QueueSlot]) -> StoredMessage
    /// The slot's message came back for the `count`th time.
    func recordDeliveryCount(_ count: UInt32, of stored: StoredMessage, _ slot: QueueSlot)
    /// A purged or deleted queue: none of these is live any more. One record for up to `through`, not one for each message.
    func purge(_ queue: QueueID, through position: UInt64, _ messages: some Sequence<StoredMessage>)

    /// Reads a message back, in order from a read-ahead block where it can.
    func load(_ stored: StoredMessage) throws(StoreError) -> Message

    /// Writes what was appended and makes it durable: before it returns where the disk is quick, else later on the sync
    /// thread. In both cases `onDurable` is called on the loop when `durable` has risen.
    func commit()
    var onDurable: (() -> Void)? { get set }
    /// Called once when a write or sync failed for good: the broker stops. A full disk is not that: see `onSpace`.
    var onFailure: ((StoreError) -> Void)? { get set }
    /// Called with true when the disk is too full to accept messages, with false when there is room again.
    var onFull: ((Bool) -> Void)? { get set }
    /// Compaction has copied a live record: the queue must use the new place from now on.
    var onRelocated: ((QueueSlot, StoredMessage) -> Void)? { get set }
}

/// What recovery found in one queue, in order of position.
package struct RecoveredEntry: Equatable, Sendable {
    package var slot: QueueSlot
    package var stored: StoredMessage
    /// Body bytes.
    package var size: UInt32
    package var priority: UInt8
    package var deliveryCount: UInt32

    package init(slot: QueueSlot, stored: StoredMessage, size: UInt32, priority: UInt8, deliveryCount: UInt32) {
        self.slot = slot
        self.stored = stored
        self.size = size
        self.priority = priority
        self.deliveryCount = deliveryCount
    }
}
