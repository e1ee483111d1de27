internal import NIOCore

/// Publishing.
extension VirtualHost {
    /// Routes a message and gives it to its queues.
    ///
    /// - Parameter mandatory: the channel returns the message itself when the outcome is `unroutable`.
    /// - Throws: 404 without the exchange, 403 for an internal one, 406 for `CC` and `BCC` that are no lists.
    package func publish(_ message: Message, mandatory: Bool) throws(ProtocolFault) -> PublishOutcome {
        var message = message
        let queues: [Queue]
        if message.attributes.hasHeaders, message.mayHaveCopies {
            (message, queues) = try routeCopies(message)
        } else {
            queues = try route(message)
        }
        counters.published &+= 1
        guard !queues.isEmpty else {
            counters.unroutable &+= 1
            return .unroutable
        }
        let outcome = deliver(message, to: queues, replacing: nil)
        if !deadLetters.isEmpty { drainDeadLetters() }
        return outcome
    }

    private func route(_ message: Message) throws(ProtocolFault) -> [Queue] {
        if let (exchange, queues) = routes.last(message.exchange, message.routingKey) {
            exchange.published &+= 1
            return queues
        }
        let exchange = try exchangeToPublish(message.exchange)
        exchange.published &+= 1
        if let queues = routes.find(exchange, message.routingKey) { return queues }
        let queues = routing.route(message, from: exchange, keys: [message.routingKey])
        if !routing.isSpecial { routes.insert(exchange, message.routingKey, queues) }
        return queues
    }

    private func exchangeToPublish(_ name: String) throws(ProtocolFault) -> Exchange {
        let exchange = try self.exchange(name)
        guard !exchange.isInternal else {
            throw ProtocolFault(.accessRefused, "cannot publish to internal \(exchange.resource)")
        }
        return exchange
    }

    /// A message with further routing keys in its headers `CC` and `BCC`; the latter is taken off.
    private func routeCopies(_ message: Message) throws(ProtocolFault) -> (Message, [Queue]) {
        let exchange = try exchangeToPublish(message.exchange)
        exchange.published &+= 1
        var headers = try message.headers()
        for name in ["CC", "BCC"] {
            guard let value = headers[name] else { continue }
            guard case .array = value else {
                throw ProtocolFault(
                    .preconditionFailed,
                    "invalid message: {unacceptable_type_in_header,\(ErlangTerm.quoted(name)),\(value.typeName)}")
            }
        }
        let keys = [message.routingKey] + headers.copyKeys("CC") + headers.copyKeys("BCC")
        let queues = routing.route(message, from: exchange, keys: keys, headers: headers)
        guard headers["BCC"] != nil else { return (message, queues) }
        headers["BCC"] = nil
        return (try message.replacingHeaders(headers), queues)
    }
}

extension Message {
    /// Whether the bytes `CC` occur in the properties; rules out most messages without decoding them.
    var mayHaveCopies: Bool {
        properties.withUnsafeReadableBytes { bytes in
            var before: UInt8 = 0
            for byte in bytes {
                if byte == 0x43, before == 0x43 { return true }
                before = byte
            }
            return false
        }
    }
}
