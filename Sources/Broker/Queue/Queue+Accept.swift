/// Taking messages in. The virtual host asks every queue first, appends the message once to the log for all that keep
/// it, and then hands it over.
extension Queue {
    /// Whether the limit says that a message must be refused (`reject-publish`).
    func refuses(bodyBytes: Int) -> Bool {
        guard options.isLimited, options.overflow != .dropHead else { return false }
        return ready.count + 1 > options.maxLength || ready.bytes + bodyBytes > options.maxBytes
    }

    /// The consumer that a message can be given to at once and for good: nothing of it needs to be kept.
    func consumerToForgetWith() -> Consumer? {
        guard ready.isEmpty, !isDelivering, let consumer = nextConsumer(), consumer.noAck else { return nil }
        return consumer
    }

    func takePosition() -> UInt64 {
        defer { nextPosition += 1 }
        return nextPosition
    }

    /// Milliseconds since 1970 when a message that comes in now expires; `Int64.max` for never.
    func expiry(of message: Message) -> Int64 {
        let ttl: Int64
        switch (options.messageTTL, message.attributes.expiration) {
        case (nil, nil): return .max
        case (let mine?, nil): ttl = mine
        case (nil, let own?): ttl = own
        case (let mine?, let own?): ttl = min(mine, own)
        }
        let (at, isTooLate) = time.now.addingReportingOverflow(ttl)
        return isTooLate ? .max : at
    }

    /// Gives a message to a consumer that does not acknowledge.
    func forward(_ message: Message, to consumer: Consumer) {
        statistics.arrived &+= 1
        statistics.deliveredNoAck &+= 1
        let entry = QueueEntry(
            position: takePosition(), stored: nil, message: message, size: message.size,
            priority: message.attributes.priority)
        ring.advance(past: consumer)
        consumer.channel.deliver(entry, message: message, to: consumer)
    }

    /// Takes a message over: to a consumer that has room, if none waits before it, else to the end.
    func enqueue(_ message: Message, position: UInt64, stored: StoredMessage?, expiresAt: Int64) {
        statistics.arrived &+= 1
        var entry = QueueEntry(
            position: position, stored: stored, message: message, size: message.size,
            priority: min(message.attributes.priority, options.maxPriority), expiresAt: expiresAt)
        if ready.isEmpty, !isDelivering, let consumer = nextConsumer() {
            if stored == nil { budget.add(entry.memory) }
            hand(entry, message, to: consumer)
            return
        }
        keepOrPageOut(&entry, message)
        ready.append(entry)
        if options.isLimited { dropOverflow() }
        // After an overflow another message is at the head, whose time nobody has looked at.
        if expiresAt != .max || options.isLimited { headMayHaveExpired() }
    }

    /// Leaves a message that waits to the log where the memory budget is used up.
    func keepOrPageOut(_ entry: inout QueueEntry, _ message: Message) {
        let cost = message.memory
        let hasRoom = readyMemory + cost <= budget.queueLimit && budget.inUse + cost <= budget.limit
        if !hasRoom, let store {
            if entry.stored == nil {
                host.oneSlot[0] = slot(entry.position, entry.expiresAt)
                entry.stored = store.append(message, to: host.oneSlot, persistent: false)
            }
            entry.message = nil
            return
        }
        entry.message = message
        readyMemory += cost
        budget.add(cost)
    }

    /// What recovery found, in order of position.
    func restore(_ entries: [RecoveredEntry], highestPosition: UInt64) {
        for found in entries {
            ready.append(
                QueueEntry(
                    position: found.slot.position, stored: found.stored, message: nil, size: found.size,
                    priority: min(found.priority, options.maxPriority), isRedelivered: found.deliveryCount > 0,
                    deliveryCount: found.deliveryCount, expiresAt: found.slot.expiresAt))
        }
        nextPosition = max(nextPosition, highestPosition + 1, (entries.last?.slot.position ?? 0) + 1)
    }
}

extension Message {
    var size: UInt32 { UInt32(clamping: body.readableBytes) }

    /// What it costs to keep it in memory.
    var memory: Int { body.readableBytes + properties.readableBytes + MemoryBudget.overhead }
}

extension QueueEntry {
    /// What it costs to keep its message in memory; 0 while that is in the log alone.
    var memory: Int { message?.memory ?? 0 }
}
