/// A message to publish.
public struct OutgoingMessage: Sendable, Hashable {
    /// The exchange; "" is the default exchange, which routes to the queue named by the routing key.
    public var exchange: String
    /// The routing key, at most 255 bytes.
    public var routingKey: String
    /// The properties. A mandatory message without a message id is given one, so that a return can be matched to it.
    public var properties: MessageProperties
    /// The body.
    public var body: [UInt8]
    /// If true, a message that reaches no queue comes back as ``PublishOutcome/returned(code:text:)``.
    public var mandatory: Bool

    /// Makes a message.
    public init(
        exchange: String, routingKey: String, properties: MessageProperties = MessageProperties(), body: [UInt8],
        mandatory: Bool = false
    ) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.properties = properties
        self.body = body
        self.mandatory = mandatory
    }
}

/// What became of one published message.
public enum PublishOutcome: Sendable {
    /// The broker has taken responsibility.
    case confirmed
    /// The broker refused it, for example because the queue is full.
    case nacked
    /// It was mandatory and no queue took it; the broker confirms such a message too, yet it is nowhere.
    case returned(code: UInt16, text: String)
    /// Not published, or its fate is unknown because the connection died before the confirm.
    case failed(AMQPError)

    /// True for ``confirmed``.
    public var isConfirmed: Bool { if case .confirmed = self { true } else { false } }
}
