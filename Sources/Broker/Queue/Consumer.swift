/// A subscription to a queue (`basic.consume`).
package final class Consumer {
    package let tag: String
    package unowned let queue: Queue
    package let channel: any ConsumerChannel
    package let noAck: Bool
    package let isExclusive: Bool
    /// `x-priority`: higher ones are served first while they have capacity.
    package let priority: Int32
    package let arguments: FieldTable
    /// Unacknowledged deliveries allowed; 0 for no limit.
    package let prefetch: UInt16
    /// Kept by the channel: deliveries of this consumer that are not settled.
    package var unacknowledged = 0
    /// Kept by the queue: rises with each subscription of the queue; the oldest takes over as single active consumer.
    package internal(set) var order: UInt64 = 0
    /// Kept by the queue: whether it waits in the rotation, that is, was last seen with capacity.
    var isInRotation = false
    /// Kept by the queue: false before it is subscribed and once it was cancelled.
    package internal(set) var isSubscribed = false

    package init(
        tag: String, queue: Queue, channel: any ConsumerChannel, noAck: Bool, isExclusive: Bool, priority: Int32,
        arguments: FieldTable, prefetch: UInt16
    ) {
        self.tag = tag
        self.queue = queue
        self.channel = channel
        self.noAck = noAck
        self.isExclusive = isExclusive
        self.priority = priority
        self.arguments = arguments
        self.prefetch = prefetch
    }

    /// Whether a delivery may be handed to it now.
    package var hasCapacity: Bool {
        (noAck || prefetch == 0 || unacknowledged < Int(prefetch)) && channel.hasCapacity(for: self)
    }

    /// Whether its queue would deliver to it: false for those that wait behind a single active consumer.
    package var isActive: Bool { isSubscribed && queue.isActive(self) }
}

/// The side of a channel that queues see. All calls are made on the broker's event loop.
package protocol ConsumerChannel: AnyObject {
    var id: ChannelID { get }
    /// False while the channel's global prefetch is used up, its flow is stopped, or its connection's outbound buffer
    /// is full. When that ends, the channel calls `Queue.consumerHasCapacity` for each of its consumers.
    func hasCapacity(for consumer: Consumer) -> Bool
    /// Takes a delivery; the channel numbers it, encodes it, and (unless the consumer is `noAck`) keeps it until it is
    /// settled.
    func deliver(_ entry: QueueEntry, message: Message, to consumer: Consumer)
    /// The queue is gone or taken over: `basic.cancel` to clients that understand it.
    func consumerWasCancelled(_ consumer: Consumer)
}

/// Names one channel of one connection within a broker.
package struct ChannelID: Hashable, Sendable {
    package var connection: ConnectionID
    package var number: UInt16

    package init(connection: ConnectionID, number: UInt16) {
        self.connection = connection
        self.number = number
    }
}

/// Names a connection within a broker's life.
package struct ConnectionID: Hashable, Sendable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}
