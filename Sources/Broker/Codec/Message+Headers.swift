import NIOCore

/// A message's properties, decoded when somebody asks.
extension Message {
    /// - Throws: 501 or 502 where they are malformed, which a message that came in over a connection never is.
    package func decodedProperties() throws(ProtocolFault) -> BasicProperties { try BasicProperties(from: properties) }

    /// The headers table; empty where there is none.
    package func headers() throws(ProtocolFault) -> FieldTable {
        attributes.hasHeaders ? try decodedProperties().headers ?? [:] : [:]
    }

    /// A copy with other headers; an empty table takes them away.
    package func replacingHeaders(_ headers: FieldTable, blindKeys: [String]? = nil) throws(ProtocolFault) -> Message {
        var properties = try decodedProperties()
        properties.headers = headers.isEmpty ? nil : headers
        return replacing(properties, blindKeys: blindKeys)
    }

    /// A copy with other properties, and if given another exchange and other routing keys.
    package func replacing(
        _ properties: BasicProperties, exchange: String? = nil, routingKey: String? = nil, blindKeys: [String]? = nil
    ) -> Message {
        Message(
            exchange: exchange ?? self.exchange, routingKey: routingKey ?? self.routingKey,
            properties: properties.encoded(), body: body, attributes: MessageAttributes(properties),
            blindKeys: blindKeys ?? self.blindKeys)
    }
}

extension MessageAttributes {
    /// What routing and queues need of decoded properties. An expiration that is no number counts as none.
    package init(_ properties: BasicProperties) {
        self.init()
        isPersistent = properties.deliveryMode == 2
        priority = properties.priority ?? 0
        expiration = properties.expiration.flatMap { Int64($0) }
        hasHeaders = properties.headers != nil
    }
}
