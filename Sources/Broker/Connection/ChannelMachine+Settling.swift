/// Acknowledgements and refusals of deliveries.
extension ChannelMachine {
    enum Settlement {
        case acknowledge
        case reject(requeue: Bool)
    }

    /// `basic.ack`, read in place: with `basic.publish` the method that comes most.
    func acknowledge(_ fields: UnsafeRawBufferPointer) throws(ProtocolFault) {
        failedMethod = .basicAck
        var reader = WireReader(fields)
        let tag = try reader.longLong()
        let multiple = try reader.octet() & 1 != 0
        try settle(tag, multiple: multiple, .acknowledge)
    }

    func reject(_ request: BasicReject) throws(ProtocolFault) {
        try settle(request.deliveryTag, multiple: false, .reject(requeue: request.requeue))
    }

    func negativeAcknowledge(_ request: BasicNack) throws(ProtocolFault) {
        try settle(request.deliveryTag, multiple: request.multiple, .reject(requeue: request.requeue))
    }

    private func settle(_ tag: UInt64, multiple: Bool, _ settlement: Settlement) throws(ProtocolFault) {
        if transaction == nil { releaseChannel() }
        if !multiple, transaction == nil {
            guard let delivery = unsettled.remove(tag) else { throw Self.unknownTag(tag) }
            return perform(settlement, delivery)
        }
        let deliveries = try take(tag, multiple: multiple)
        if transaction != nil {
            try addToTransaction(settlement, deliveries)
        } else {
            perform(settlement, deliveries)
        }
    }

    private func take(_ tag: UInt64, multiple: Bool) throws(ProtocolFault) -> [UnsettledDelivery] {
        guard multiple else {
            guard let delivery = unsettled.remove(tag) else { throw Self.unknownTag(tag) }
            return [delivery]
        }
        if tag == 0 { return unsettled.removeAll() }
        guard let deliveries = unsettled.remove(through: tag) else { throw Self.unknownTag(tag) }
        return deliveries
    }

    private static func unknownTag(_ tag: UInt64) -> ProtocolFault {
        ProtocolFault(.preconditionFailed, "unknown delivery tag \(tag)")
    }

    /// Settles a delivery that was taken out of the ledger.
    @inline(__always)
    func perform(_ settlement: Settlement, _ delivery: UnsettledDelivery) {
        releaseCapacity(of: delivery)
        switch settlement {
        case .acknowledge:
            counts.acknowledged += 1
            delivery.queue.acknowledge(delivery.entry)
        case .reject(let requeue):
            delivery.queue.reject(delivery.entry, requeue: requeue)
        }
    }

    /// Settles deliveries that were taken out of the ledger together. Those that go back do so before a queue delivers again, or what
    /// comes back first would overtake older messages.
    func perform(_ settlement: Settlement, _ deliveries: [UnsettledDelivery]) {
        if case .reject(requeue: true) = settlement, deliveries.count > 1 {
            for delivery in deliveries { releaseCapacity(of: delivery) }
            return Self.requeue(deliveries)
        }
        for delivery in deliveries { perform(settlement, delivery) }
    }

    /// Gives deliveries back, each queue's in their old order.
    static func requeue(_ deliveries: [UnsettledDelivery]) {
        var byQueue: [ObjectIdentifier: (queue: Queue, entries: [QueueEntry])] = [:]
        var order: [ObjectIdentifier] = []
        for delivery in deliveries {
            let key = ObjectIdentifier(delivery.queue)
            if byQueue[key] == nil { order.append(key) }
            byQueue[key, default: (delivery.queue, [])].entries.append(delivery.entry)
        }
        for key in order {
            guard let group = byQueue[key] else { continue }
            group.queue.requeue(group.entries)
        }
    }

    @inline(__always)
    private func releaseCapacity(of delivery: UnsettledDelivery) {
        guard let consumer = delivery.consumer else { return }
        if consumer.prefetch != 0, consumer.unacknowledged >= Int(consumer.prefetch) { starve(consumer) }
        consumer.unacknowledged -= 1
    }

    /// Called before deliveries are settled: the consumers of a channel that has all it may have can go on afterwards.
    @inline(__always)
    func releaseChannel() {
        if globalPrefetch != 0, isFull { starveAll() }
    }

    func recover(requeue: Bool, answer: Bool) throws(ProtocolFault) {
        guard requeue else { throw ProtocolFault(.notImplemented, "requeue=false") }
        // The answer stands before the deliveries that it leads to.
        if answer { send(BasicRecoverOK()) }
        requeueUnsettled()
        starveAll()
    }
}
