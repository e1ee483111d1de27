/// Counts of one queue since the broker started; each only rises.
package struct QueueStatistics: Equatable, Sendable {
    /// Messages that publishers have sent here, those that were refused among them, as RabbitMQ counts.
    package var published: UInt64 = 0
    /// Messages that came in, dead letters of other queues among them.
    package var arrived: UInt64 = 0
    /// Deliveries to consumers that acknowledge, and to those that do not.
    package var delivered: UInt64 = 0
    package var deliveredNoAck: UInt64 = 0
    /// Messages fetched with `basic.get`.
    package var got: UInt64 = 0
    package var acknowledged: UInt64 = 0
    /// Deliveries of messages that had been delivered before.
    package var redelivered: UInt64 = 0
    /// Messages given back to the queue.
    package var requeued: UInt64 = 0
    /// Messages handed to the dead-letter exchange.
    package var deadLettered: UInt64 = 0
    /// Messages that expired, were dropped at the limit, or were rejected, with no dead-letter exchange.
    package var dropped: UInt64 = 0
    /// Publishes refused at the limit (`reject-publish`).
    package var refused: UInt64 = 0
    /// Messages that could not be read back from the disk.
    package var lost: UInt64 = 0

    package init() {}

    static func += (total: inout QueueStatistics, other: QueueStatistics) {
        total.published &+= other.published
        total.arrived &+= other.arrived
        total.delivered &+= other.delivered
        total.deliveredNoAck &+= other.deliveredNoAck
        total.got &+= other.got
        total.acknowledged &+= other.acknowledged
        total.redelivered &+= other.redelivered
        total.requeued &+= other.requeued
        total.deadLettered &+= other.deadLettered
        total.dropped &+= other.dropped
        total.refused &+= other.refused
        total.lost &+= other.lost
    }
}
