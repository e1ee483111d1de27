/// What the asynchronous side asks of the thread that owns a connection.
enum Command: Sendable {
    case declare(AMQPTopology, Reply<ControlAnswer>)
    case request(OutboundMethod, Reply<ControlAnswer>)
    case addPublisher(id: UInt64, window: Int)
    case publish(publisher: UInt64, PublishRequest)
    case cancelPublish(publisher: UInt64, request: UInt64)
    case removePublisher(id: UInt64, OneShot<Void>)
    case addConsumer(id: UInt64, ConsumerSettings, ConsumerInbox)
    case settle(consumer: UInt64, Settlement)
    case removeConsumer(id: UInt64, OneShot<Void>)
}

typealias Reply<Value: Sendable> = OneShot<Result<Value, AMQPError>>

/// What a declaration or other request brought.
enum ControlAnswer: Sendable {
    case done
    case counts(messages: Int, consumers: Int)
    case message(Delivery)
    case empty
}

/// Messages to publish together.
struct PublishRequest: Sendable {
    let id: UInt64
    let messages: [OutgoingMessage]
    /// Until when to wait for a connection.
    let deadline: ContinuousClock.Instant
    let reply: OneShot<[PublishOutcome]>

    func fail(_ error: AMQPError) { reply.resolve(Array(repeating: .failed(error), count: messages.count)) }
}

struct ConsumerSettings: Sendable {
    let queue: String
    let prefetch: UInt16
    let options: ConsumerOptions
    let tag: String
}

/// A decision about a delivery.
struct Settlement: Sendable {
    enum Kind: Sendable {
        case acknowledge(multiple: Bool)
        case reject(requeue: Bool)
    }

    let tag: UInt64
    let epoch: UInt64
    let kind: Kind
}
