internal import NIOCore

/// A message and where it goes.
package struct RoutedMessage {
    /// As consumers get it: without `BCC`.
    package let message: Message
    let queues: [Queue]
}

/// Publishing: first the way, then the queues. A transaction does the one when the message comes in and the other at its commit.
extension VirtualHost {
    /// Routes a message and gives it to its queues; the channel returns the message itself when the outcome is `unroutable`.
    ///
    /// - Throws: as `route`.
    package func publish(_ message: Message) throws(ProtocolFault) -> PublishOutcome { accept(try route(message)) }

    /// - Throws: 404 without the exchange, 403 for an internal one, 406 for `CC` and `BCC` that are no lists.
    package func route(_ message: Message) throws(ProtocolFault) -> RoutedMessage {
        guard message.attributes.hasHeaders, message.mayHaveCopies else {
            return RoutedMessage(message: message, queues: try queues(for: message))
        }
        return try routeCopies(message)
    }

    /// Gives a message to its queues.
    package func accept(_ routed: RoutedMessage) -> PublishOutcome {
        counters.published &+= 1
        guard !routed.queues.isEmpty else {
            counters.unroutable &+= 1
            return .unroutable
        }
        let outcome = deliver(routed.message, to: routed.queues, replacing: nil)
        if !deadLetters.isEmpty { drainDeadLetters() }
        return outcome
    }

    /// The same some time after it was routed: queues that were deleted meanwhile get nothing.
    package func acceptLate(_ routed: RoutedMessage) -> PublishOutcome {
        accept(RoutedMessage(message: routed.message, queues: routed.queues.filter { !$0.isDeleted }))
    }

    private func queues(for message: Message) throws(ProtocolFault) -> [Queue] {
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
    private func routeCopies(_ message: Message) throws(ProtocolFault) -> RoutedMessage {
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
        let blindKeys = headers.copyKeys("BCC")
        let keys = [message.routingKey] + headers.copyKeys("CC") + blindKeys
        let queues = routing.route(message, from: exchange, keys: keys, headers: headers)
        guard headers["BCC"] != nil else { return RoutedMessage(message: message, queues: queues) }
        headers["BCC"] = nil
        return RoutedMessage(message: try message.replacingHeaders(headers, blindKeys: blindKeys), queues: queues)
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
