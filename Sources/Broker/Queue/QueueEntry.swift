/// One message's place in one queue.
package struct QueueEntry {
    /// Rises with each message of the queue. A requeued message keeps it, and so returns to its old place.
    package var position: UInt64
    /// Where the message stands on disk; nil while it is only in memory.
    package var stored: StoredMessage?
    /// The message, unless it was dropped from memory and must be loaded from `stored`.
    package var message: Message?
    /// Body bytes, for limits and statistics.
    package var size: UInt32
    package var priority: UInt8
    /// Whether it was delivered before and came back.
    package var isRedelivered: Bool
    /// Failed deliveries so far, counted on queues that limit them (`x-delivery-count`).
    package var deliveryCount: UInt32
    /// Milliseconds since 1970; `Int64.max` for never.
    package var expiresAt: Int64

    package init(
        position: UInt64, stored: StoredMessage?, message: Message?, size: UInt32, priority: UInt8 = 0,
        isRedelivered: Bool = false, deliveryCount: UInt32 = 0, expiresAt: Int64 = .max
    ) {
        self.position = position
        self.stored = stored
        self.message = message
        self.size = size
        self.priority = priority
        self.isRedelivered = isRedelivered
        self.deliveryCount = deliveryCount
        self.expiresAt = expiresAt
    }
}
