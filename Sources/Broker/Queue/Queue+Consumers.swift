/// Subscriptions.
extension Queue {
    /// Whether a consumer may subscribe; a channel that answers before deliveries begin asks this first.
    ///
    /// - Throws: 403 where the queue is in exclusive use, 406 for arguments that RabbitMQ refuses, 506 at the limit.
    package func checkSubscribe(_ consumer: Consumer) throws(ProtocolFault) {
        try QueueArguments.validateConsume(consumer.arguments, type: options.type, resource: resource)
        // A queue that chooses its one consumer itself gives itself to none.
        let mayBeExclusive = consumers.isEmpty && !(options.singleActiveConsumer && options.type == .classic)
        guard exclusiveConsumer == nil, !consumer.isExclusive || mayBeExclusive else {
            throw ProtocolFault(.accessRefused, "\(resource) in exclusive use")
        }
        guard host.core.consumerCount < host.core.limits.consumers else {
            throw ProtocolFault(
                .resourceError, "the broker's limit of \(host.core.limits.consumers) consumers is reached")
        }
    }

    /// Adds a consumer and delivers to it what it has room for, before this returns.
    ///
    /// - Throws: as `checkSubscribe`.
    package func subscribe(_ consumer: Consumer) throws(ProtocolFault) {
        try checkSubscribe(consumer)
        subscriptions += 1
        consumer.order = subscriptions
        consumer.isSubscribed = true
        consumers[ObjectIdentifier(consumer)] = consumer
        host.core.consumerCount += 1
        if consumer.isExclusive { exclusiveConsumer = consumer }
        disuseTimer?.cancel()
        disuseTimer = nil
        if options.singleActiveConsumer {
            if activeConsumer == nil { activeConsumer = consumer }
        } else {
            ring.insert(consumer)
        }
        deliver()
        host.drainDeadLetters()
    }

    /// Removes a consumer; its deliveries that are not settled stay with its channel. The last one takes an auto-delete
    /// queue with it.
    package func unsubscribe(_ consumer: Consumer) {
        guard remove(consumer) else { return }
        if consumers.isEmpty {
            if definition.autoDelete { return host.remove(self) }
            touch()
            armDisuseTimer()
        }
        deliver()
        host.drainDeadLetters()
    }

    /// A consumer that had no room may have some again. Costs nothing where it had.
    package func consumerHasCapacity(_ consumer: Consumer) {
        guard consumer.isSubscribed else { return }
        if !options.singleActiveConsumer {
            guard !consumer.isInRotation || !ready.isEmpty else { return }
            ring.insert(consumer)
        }
        guard !ready.isEmpty else { return }
        deliver()
        host.drainDeadLetters()
    }

    /// The `x-priority` of a consumer's arguments; 0 where there is none.
    package static func priority(of arguments: FieldTable) -> Int32 {
        Int32(clamping: arguments["x-priority"]?.integer ?? 0)
    }

    func isActive(_ consumer: Consumer) -> Bool {
        !options.singleActiveConsumer || activeConsumer === consumer
    }

    private func remove(_ consumer: Consumer) -> Bool {
        guard consumers.removeValue(forKey: ObjectIdentifier(consumer)) != nil else { return false }
        consumer.isSubscribed = false
        host.core.consumerCount -= 1
        ring.remove(consumer)
        if exclusiveConsumer === consumer { exclusiveConsumer = nil }
        if activeConsumer === consumer { activeConsumer = successor() }
        return true
    }

    /// The next single active consumer: the oldest of the highest priority.
    private func successor() -> Consumer? {
        consumers.values.min { ($1.priority, $0.order) < ($0.priority, $1.order) }
    }

    /// The queue is gone: all consumers are told.
    func cancelConsumers() {
        for consumer in allConsumers where remove(consumer) {
            consumer.channel.consumerWasCancelled(consumer)
        }
    }
}
