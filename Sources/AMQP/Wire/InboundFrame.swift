/// A frame from the broker.
package enum InboundFrame {
    case method(channel: UInt16, InboundMethod)
    case header(channel: UInt16, size: UInt64, MessageProperties)
    /// Valid until the next frame is read.
    case body(channel: UInt16, UnsafeRawBufferPointer)
}

/// A method from the broker.
package enum InboundMethod: Equatable {
    case connectionClose(code: UInt16, text: String)
    case connectionCloseOK
    case blocked(reason: String)
    case unblocked
    case channelOpenOK
    case channelClose(code: UInt16, text: String)
    case channelCloseOK
    case flow(active: Bool)
    case exchangeDeclareOK
    case exchangeDeleteOK
    case exchangeBindOK
    case queueDeclareOK(messages: UInt32, consumers: UInt32)
    case queueBindOK
    case queuePurgeOK(messages: UInt32)
    case queueDeleteOK(messages: UInt32)
    case qosOK
    case consumeOK
    /// The broker cancelled a consumer.
    case cancel(consumerTag: String)
    case confirmSelectOK
    case getEmpty
    case content(DeliveryAssembler.Start)
    case ack(tag: UInt64, multiple: Bool)
    case nack(tag: UInt64, multiple: Bool)
    case unknown(UInt32)
}

/// A method to the broker, publishing left out.
package enum OutboundMethod: Sendable, Equatable {
    case connectionClose
    case connectionCloseOK
    case channelOpen
    case channelClose
    case channelCloseOK
    case flowOK(active: Bool)
    case exchangeDeclare(AMQPTopology.Exchange)
    case exchangeDeclarePassive(String)
    case exchangeDelete(String)
    case exchangeBind(AMQPTopology.Binding)
    case queueDeclare(AMQPTopology.Queue)
    case queueDeclarePassive(String)
    case queueBind(AMQPTopology.Binding)
    case queuePurge(String)
    case queueDelete(String)
    case qos(prefetch: UInt16)
    case consume(queue: String, tag: String, exclusive: Bool, arguments: AMQPTable)
    case confirmSelect
    case get(queue: String)
    case ack(tag: UInt64, multiple: Bool)
    case reject(tag: UInt64, requeue: Bool)

    /// True if `method` is an answer to this.
    package func isAnswered(by method: InboundMethod) -> Bool {
        switch (self, method) {
        case (.channelOpen, .channelOpenOK), (.channelClose, .channelCloseOK), (.exchangeDeclare, .exchangeDeclareOK),
            (.exchangeDeclarePassive, .exchangeDeclareOK), (.exchangeDelete, .exchangeDeleteOK), (.exchangeBind, .exchangeBindOK),
            (.queueDeclare, .queueDeclareOK),
            (.queueDeclarePassive, .queueDeclareOK), (.queueBind, .queueBindOK), (.queuePurge, .queuePurgeOK),
            (.queueDelete, .queueDeleteOK), (.qos, .qosOK), (.consume, .consumeOK),
            (.confirmSelect, .confirmSelectOK), (.get, .getEmpty), (.get, .content(.got)):
            true
        default: false
        }
    }

    /// True if sending it twice does what sending it once does.
    package var isIdempotent: Bool { if case .get = self { false } else { true } }

    /// What is wrong with it, if anything: names longer than the protocol can carry.
    package var flaw: String? {
        switch self {
        case .exchangeDeclare(let exchange):
            AMQPValue.flaw(ofName: exchange.name, "exchange") ?? AMQPValue.flaw(ofName: exchange.kind, "exchange type")
                ?? AMQPValue.flaw(of: exchange.arguments)
        case .exchangeDeclarePassive(let name), .exchangeDelete(let name): AMQPValue.flaw(ofName: name, "exchange")
        case .exchangeBind(let binding), .queueBind(let binding):
            AMQPValue.flaw(ofName: binding.source, "exchange") ?? AMQPValue.flaw(ofName: binding.destination, "destination")
                ?? AMQPValue.flaw(ofName: binding.routingKey, "routing key") ?? AMQPValue.flaw(of: binding.arguments)
        case .queueDeclare(let queue):
            queue.name.isEmpty
                ? "the queue has no name" : AMQPValue.flaw(ofName: queue.name, "queue") ?? AMQPValue.flaw(of: queue.arguments)
        case .queueDeclarePassive(let name), .queuePurge(let name), .queueDelete(let name), .get(let name):
            name.isEmpty ? "the queue has no name" : AMQPValue.flaw(ofName: name, "queue")
        case .consume(let queue, let tag, _, let arguments):
            queue.isEmpty
                ? "the queue has no name"
                : AMQPValue.flaw(ofName: queue, "queue") ?? AMQPValue.flaw(ofName: tag, "consumer tag") ?? AMQPValue.flaw(of: arguments)
        default: nil
        }
    }
}
