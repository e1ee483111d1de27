package import NIOCore

/// A published message: immutable, and shared by all the queues that hold it.
///
/// Properties and body stay as the bytes that were received; a queue that only passes a message on never parses them.
package final class Message {
    /// The exchange and routing key it was published with; dead-lettering makes a new message with new ones.
    package let exchange: String
    package let routingKey: String
    /// Property flags and property list of the content header (section 4.2.6.1), without class, weight and body size.
    package let properties: ByteBuffer
    package let body: ByteBuffer
    package let attributes: MessageAttributes
    /// The routing keys of the header `BCC`, which consumers do not see: dead-lettering routes by them too.
    package let blindKeys: [String]

    package init(
        exchange: String, routingKey: String, properties: ByteBuffer, body: ByteBuffer, attributes: MessageAttributes,
        blindKeys: [String] = []
    ) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.properties = properties
        self.body = body
        self.attributes = attributes
        self.blindKeys = blindKeys
    }
}

/// What routing and queues need of the properties, read once when the message comes in.
package struct MessageAttributes: Equatable, Sendable {
    /// `delivery-mode` 2.
    package var isPersistent = false
    /// 0 where the property is absent.
    package var priority: UInt8 = 0
    /// Milliseconds; nil where the property is absent.
    package var expiration: Int64?
    /// Whether there is a headers table (for header routing, CC and BCC).
    package var hasHeaders = false

    package init() {}
}
