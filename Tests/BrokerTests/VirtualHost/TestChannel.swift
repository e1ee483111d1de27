import Broker

/// A channel that keeps what it is given.
final class TestChannel: ConsumerChannel {
    struct Delivery {
        let consumer: Consumer
        let entry: QueueEntry
        let message: Message
        let queue: Queue
        var text: String { String(buffer: message.body) }
    }

    let id: ChannelID
    var isOpen = true
    private(set) var deliveries: [Delivery] = []
    private(set) var cancelled: [String] = []

    init(connection: UInt64 = 1, number: UInt16 = 1) {
        id = ChannelID(connection: ConnectionID(rawValue: connection), number: number)
    }

    func hasCapacity(for consumer: Consumer) -> Bool { isOpen }

    func deliver(_ entry: QueueEntry, message: Message, to consumer: Consumer) {
        if !consumer.noAck { consumer.unacknowledged += 1 }
        deliveries.append(Delivery(consumer: consumer, entry: entry, message: message, queue: consumer.queue))
    }

    func consumerWasCancelled(_ consumer: Consumer) { cancelled.append(consumer.tag) }

    /// The bodies that were delivered, taken off.
    func take() -> [String] { takeDeliveries().map(\.text) }

    func takeDeliveries() -> [Delivery] {
        defer { deliveries = [] }
        return deliveries
    }

    func acknowledge(_ delivery: Delivery) {
        delivery.consumer.unacknowledged -= 1
        delivery.queue.acknowledge(delivery.entry)
        delivery.queue.consumerHasCapacity(delivery.consumer)
    }

    func reject(_ delivery: Delivery, requeue: Bool) {
        delivery.consumer.unacknowledged -= 1
        delivery.queue.reject(delivery.entry, requeue: requeue)
        delivery.queue.consumerHasCapacity(delivery.consumer)
    }
}
