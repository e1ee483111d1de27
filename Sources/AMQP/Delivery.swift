/// A message as it came from a queue.
public struct Delivery: Sendable {
    /// The delivery tag, counted from 1 within an epoch.
    public let tag: UInt64
    /// Which opening of the channel the tag belongs to. After a reconnect the broker has put the message back, so an
    /// acknowledgement from an older epoch is ignored.
    public let epoch: UInt64
    /// True if the broker may have delivered the message before.
    public let redelivered: Bool
    /// The exchange it was published to.
    public let exchange: String
    /// The routing key it was published with.
    public let routingKey: String
    /// Its properties.
    public let properties: MessageProperties
    /// Its body.
    public let body: [UInt8]

    /// Makes a delivery, for tests.
    public init(
        tag: UInt64, epoch: UInt64 = 0, redelivered: Bool = false, exchange: String, routingKey: String,
        properties: MessageProperties = MessageProperties(), body: [UInt8]
    ) {
        self.tag = tag
        self.epoch = epoch
        self.redelivered = redelivered
        self.exchange = exchange
        self.routingKey = routingKey
        self.properties = properties
        self.body = body
    }
}
