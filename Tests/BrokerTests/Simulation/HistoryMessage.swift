import Broker
import NIOCore

/// Messages that can be told from all others, and checked byte for byte.
enum HistoryMessage {
    static func make(
        _ number: Int, exchange: String, key: String, persistent: Bool, expiration: Int64?, priority: UInt8, bytes: Int
    ) -> Message {
        var properties = BasicProperties()
        properties.deliveryMode = persistent ? 2 : 1
        properties.priority = priority
        properties.expiration = expiration.map { "\($0)" }
        properties.messageID = "m\(number)"
        var body = ByteBuffer()
        body.writeInteger(UInt32(number))
        body.writeRepeatingByte(UInt8(truncatingIfNeeded: number), count: bytes)
        return Message(
            exchange: exchange, routingKey: key, properties: properties.encoded(), body: body,
            attributes: MessageAttributes(properties))
    }

    static func number(of message: Message) -> Int? {
        message.body.getInteger(at: message.body.readerIndex, as: UInt32.self).map(Int.init)
    }
}

/// A channel that holds its deliveries until the history settles them.
final class HistoryChannel: ConsumerChannel {
    struct Delivery {
        let queue: Queue
        let entry: QueueEntry
        let consumer: Consumer?
    }

    let id: ChannelID
    private let book: HistoryBook
    var isOpen = true
    var consumers: [Consumer] = []
    var held: [Delivery] = []

    init(book: HistoryBook, number: UInt16) {
        self.book = book
        id = ChannelID(connection: ConnectionID(rawValue: 1), number: number)
    }

    /// Consumers and their channel hold each other.
    func close() {
        consumers = []
        held = []
    }

    func hasCapacity(for consumer: Consumer) -> Bool { isOpen }

    func deliver(_ entry: QueueEntry, message: Message, to consumer: Consumer) {
        book.delivered(consumer.queue, entry, message, noAck: consumer.noAck)
        guard !consumer.noAck else { return }
        consumer.unacknowledged += 1
        held.append(Delivery(queue: consumer.queue, entry: entry, consumer: consumer))
    }

    func consumerWasCancelled(_ consumer: Consumer) { consumers.removeAll { $0 === consumer } }
}
