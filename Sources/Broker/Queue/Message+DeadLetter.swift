extension Message {
    /// The message as a queue hands it to its dead-letter exchange.
    ///
    /// - Parameter routingKey: `x-dead-letter-routing-key`; nil keeps the message's own keys, those of `CC` and `BCC` too.
    /// - Returns: the new message, and its headers.
    func deadLettered(
        from queue: String, because reason: DeathReason, to exchange: String, routingKey: String?,
        at milliseconds: Int64
    ) -> (Message, FieldTable) {
        // What cannot be decoded was checked when it came in; a damaged record would be refused by its checksum.
        var properties = (try? decodedProperties()) ?? BasicProperties()
        var headers = properties.headers ?? [:]
        let death = DeathRecord(
            queue: queue, reason: reason, exchange: self.exchange,
            routingKeys: [self.routingKey] + headers.copyKeys("CC"),
            time: UInt64(max(0, milliseconds / 1_000)), originalExpiration: properties.expiration)
        death.add(to: &headers)
        if routingKey != nil { headers["CC"] = nil }
        properties.headers = headers
        properties.expiration = nil
        let message = replacing(
            properties, exchange: exchange, routingKey: routingKey, blindKeys: routingKey == nil ? nil : [])
        return (message, headers)
    }
}

extension FieldTable {
    /// The routing keys of a `CC` or `BCC` header; what is no text is passed over.
    func copyKeys(_ name: String) -> [String] {
        guard case .array(let values)? = self[name] else { return [] }
        return values.compactMap(\.text)
    }
}
