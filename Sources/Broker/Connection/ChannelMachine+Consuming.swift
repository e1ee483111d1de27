import NIOCore

/// Consumers, deliveries, `basic.get`.
extension ChannelMachine {
    func consume(_ request: BasicConsume) throws(ProtocolFault) {
        let tag = request.consumerTag
        guard tag.isEmpty || (consumers[tag] == nil && replyConsumer?.tag != tag) else {
            throw ProtocolFault(.notAllowed, "attempt to reuse consumer tag '\(tag)'")
        }
        if request.queue == PropertyScan.directReplyTo { return try consumeReplies(request) }
        let name = try queueName(request.queue)
        try check(.read, .queue, name)
        let queue = try virtualHost.queue(name, requester: connection.id)
        try checkConsumerLimits()
        guard globalPrefetch == 0 || queue.type != .quorum else {
            throw ProtocolFault(.notImplemented, "\(queue.resource) does not support global qos")
        }
        let consumer = Consumer(
            tag: tag.isEmpty ? Token.make(prefix: "amq.ctag-") : tag, queue: queue, channel: self, noAck: request.noAck,
            isExclusive: request.exclusive, priority: Queue.priority(of: request.arguments), arguments: request.arguments,
            prefetch: prefetch)
        try subscribe(consumer, answer: !request.noWait)
    }

    /// The answer stands before the first delivery.
    private func subscribe(_ consumer: Consumer, answer: Bool) throws(ProtocolFault) {
        try consumer.queue.checkSubscribe(consumer)
        if answer { send(BasicConsumeOK(consumerTag: consumer.tag)) }
        consumers[consumer.tag] = consumer
        try consumer.queue.subscribe(consumer)
    }

    private func checkConsumerLimits() throws(ProtocolFault) {
        let limits = broker.configuration.limits
        guard consumers.count < limits.consumersPerChannel else {
            throw ProtocolFault(.resourceError, "a channel can have \(limits.consumersPerChannel) consumers at most")
        }
    }

    func cancel(_ request: BasicCancel) throws(ProtocolFault) {
        if let consumer = consumers.removeValue(forKey: request.consumerTag) {
            consumer.queue.unsubscribe(consumer)
        } else if let replyConsumer, replyConsumer.tag == request.consumerTag {
            broker.replyConsumers[replyConsumer.token] = nil
            self.replyConsumer = nil
        }
        // A tag that is not there is no error: the queue may have been deleted a moment ago.
        if !request.noWait { send(BasicCancelOK(consumerTag: request.consumerTag)) }
    }

    // MARK: ConsumerChannel

    package func hasCapacity(for consumer: Consumer) -> Bool {
        guard !isClosing else { return false }
        if globalPrefetch != 0, !consumer.noAck, isFull { return false }
        return connection.canDeliver
    }

    /// Whether the limit for the channel as a whole is reached. What was settled in a transaction counts until the commit.
    var isFull: Bool { unsettled.count + (transaction?.settlementCount ?? 0) >= Int(globalPrefetch) }

    package func deliver(_ entry: QueueEntry, message: Message, to consumer: Consumer) {
        let tag = nextDeliveryTag
        writeDelivery(Self.counted(message, entry), consumerTag: consumer.tag, redelivered: entry.isRedelivered)
        if entry.isRedelivered { counts.redelivered += 1 }
        guard !consumer.noAck else { return }
        consumer.unacknowledged += 1
        unsettled.append(UnsettledDelivery(tag: tag, entry: entry, queue: consumer.queue, consumer: consumer))
    }

    func writeDelivery(_ message: Message, consumerTag: String, redelivered: Bool) {
        let tag = nextDeliveryTag
        nextDeliveryTag += 1
        counts.delivered += 1
        connection.output.writeDeliver(
            consumerTag: consumerTag, deliveryTag: tag, redelivered: redelivered, exchange: message.exchange,
            routingKey: message.routingKey, channel: number)
        sendContent(message)
        connection.markDirty()
    }

    /// On queues that count deliveries the client is told how many failed before.
    private static func counted(_ message: Message, _ entry: QueueEntry) -> Message {
        guard entry.deliveryCount > 0, let headers = try? message.headers() else { return message }
        var counted = headers
        counted["x-delivery-count"] = .int64(Int64(entry.deliveryCount))
        return (try? message.replacingHeaders(counted)) ?? message
    }

    package func consumerWasCancelled(_ consumer: Consumer) {
        guard consumers[consumer.tag] === consumer else { return }
        consumers[consumer.tag] = nil
        guard connection.capabilities.consumerCancelNotify, !isClosing else { return }
        if connection.withheldCancels != nil {
            connection.withheldCancels?.append((number, consumer.tag))
        } else {
            send(BasicCancel(consumerTag: consumer.tag, noWait: true))
        }
    }

    // MARK: basic.get

    func get(_ request: BasicGet) throws(ProtocolFault) {
        let name = try queueName(request.queue)
        try check(.read, .queue, name)
        let queue = try virtualHost.queue(name, requester: connection.id)
        try queue.checkGet()
        guard let (entry, found, remaining) = queue.get() else { return send(BasicGetEmpty()) }
        let message = Self.counted(found, entry)
        let tag = nextDeliveryTag
        nextDeliveryTag += 1
        counts.got += 1
        send(
            BasicGetOK(
                deliveryTag: tag, redelivered: entry.isRedelivered, exchange: message.exchange,
                routingKey: message.routingKey, messageCount: UInt32(clamping: remaining)))
        sendContent(message)
        if request.noAck {
            queue.acknowledge(entry)
        } else {
            unsettled.append(UnsettledDelivery(tag: tag, entry: entry, queue: queue, consumer: nil))
        }
    }

    // MARK: Capacity

    func qualityOfService(_ request: BasicQos) throws(ProtocolFault) {
        guard request.prefetchSize == 0 else {
            throw ProtocolFault(.notImplemented, "prefetch_size!=0 (\(request.prefetchSize))")
        }
        if request.global {
            globalPrefetch = request.prefetchCount
        } else {
            prefetch = request.prefetchCount
            // RabbitMQ: the channel has the one kind of limit or the other.
            globalPrefetch = 0
        }
        starveAll()
        send(BasicQosOK())
    }

    /// Remembers that a consumer has room again; its queue hears of it when the received frames are done with, so that many
    /// acknowledgements lead to one round of deliveries.
    func starve(_ consumer: Consumer) {
        if !starved.contains(where: { $0 === consumer }) { starved.append(consumer) }
        if !isStarving {
            isStarving = true
            connection.starving.append(self)
        }
    }

    func starveAll() {
        for consumer in consumers.values { starve(consumer) }
    }

    /// Tells the queues of the consumers that have room again.
    func serveStarved() {
        isStarving = false
        while let consumer = starved.popLast() {
            guard consumers[consumer.tag] === consumer else { continue }
            consumer.queue.consumerHasCapacity(consumer)
        }
    }

    /// Tells all queues that the connection takes deliveries again.
    func serveAll() {
        for consumer in consumers.values.sorted(by: { $0.tag < $1.tag }) where consumers[consumer.tag] === consumer {
            consumer.queue.consumerHasCapacity(consumer)
        }
    }
}
