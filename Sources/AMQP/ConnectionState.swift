/// Where a client stands with its broker.
public enum ConnectionState: Sendable {
    /// Not connected yet, or trying again after a loss.
    case connecting
    /// Connected; topology declared, consumers subscribed.
    case connected
    /// Connected, but the broker takes no messages for now; the text is its reason.
    case blocked(reason: String)
    /// The connection was lost or could not be made; the client goes on trying.
    case disconnected(AMQPError)
    /// Closed for good.
    case closed
}

/// What a queue holds, from a passive declaration.
public struct QueueInfo: Sendable, Hashable {
    /// Messages ready for delivery; those that wait for an acknowledgement are not counted.
    public var messages: Int
    /// Consumers.
    public var consumers: Int

    /// Makes a value.
    public init(messages: Int, consumers: Int) {
        self.messages = messages
        self.consumers = consumers
    }
}

/// How a consumer subscribes.
public struct ConsumerOptions: Sendable {
    /// The consumer tag; one is made if this is nil. Must be unique within the client.
    public var tag: String?
    /// Refuse to share the queue with other consumers.
    public var exclusive: Bool
    /// Further arguments, for example `x-priority`.
    public var arguments: AMQPTable
    /// Longest wait between two attempts to subscribe again after the broker cancelled the consumer.
    public var resubscribeMaximum: Duration

    /// Makes options.
    public init(tag: String? = nil, exclusive: Bool = false, arguments: AMQPTable = [:], resubscribeMaximum: Duration = .seconds(10)) {
        self.tag = tag
        self.exclusive = exclusive
        self.arguments = arguments
        self.resubscribeMaximum = resubscribeMaximum
    }
}
