/// The properties of a message, class `basic` of AMQP 0-9-1.
///
/// The short texts (all but ``headers``) may have at most 255 bytes each; a publish with a longer one fails.
public struct MessageProperties: Sendable, Hashable {
    /// How the broker keeps the message.
    public enum DeliveryMode: UInt8, Sendable {
        /// Lost when the broker restarts.
        case transient = 1
        /// On disk before it is confirmed, in a durable queue.
        case persistent = 2
    }

    /// The media type of the body.
    public var contentType: String?
    /// The content coding of the body.
    public var contentEncoding: String?
    /// Application headers.
    public var headers: AMQPTable
    /// Persistent unless said otherwise. A delivered message without the property reads as transient.
    public var deliveryMode: DeliveryMode
    /// 0 to 9 for priority queues.
    public var priority: UInt8?
    /// The application's correlation identifier.
    public var correlationID: String?
    /// The address to reply to.
    public var replyTo: String?
    /// Time to live in milliseconds, as decimal text.
    public var expiration: String?
    /// The application's message identifier.
    public var messageID: String?
    /// Seconds since 1970.
    public var timestamp: UInt64?
    /// The application's message type.
    public var type: String?
    /// Checked by RabbitMQ against the connected user.
    public var userID: String?
    /// The application's identifier.
    public var appID: String?

    /// Makes properties; everything may be left out.
    public init(
        contentType: String? = nil, contentEncoding: String? = nil, headers: AMQPTable = [:],
        deliveryMode: DeliveryMode = .persistent, priority: UInt8? = nil, correlationID: String? = nil,
        replyTo: String? = nil, expiration: String? = nil, messageID: String? = nil, timestamp: UInt64? = nil,
        type: String? = nil, userID: String? = nil, appID: String? = nil
    ) {
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.headers = headers
        self.deliveryMode = deliveryMode
        self.priority = priority
        self.correlationID = correlationID
        self.replyTo = replyTo
        self.expiration = expiration
        self.messageID = messageID
        self.timestamp = timestamp
        self.type = type
        self.userID = userID
        self.appID = appID
    }
}
