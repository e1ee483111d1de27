/// What becomes of a message after it was delivered.
extension Queue {
    package func acknowledge(_ entry: QueueEntry) {
        settle(entry)
        statistics.acknowledged &+= 1
        forget(entry)
    }

    /// - Parameter requeue: false hands the message to the dead-letter exchange, if there is one.
    package func reject(_ entry: QueueEntry, requeue: Bool) {
        if requeue {
            giveBack(entry)
            afterRequeue()
        } else {
            settle(entry)
            discard(entry, because: .rejected)
        }
        host.drainDeadLetters()
    }

    /// Deliveries of a closed channel, or of `basic.recover`: back to where they were.
    package func requeue(_ entries: [QueueEntry]) {
        for entry in entries { giveBack(entry) }
        afterRequeue()
        host.drainDeadLetters()
    }

    private func afterRequeue() {
        guard !isDeleted else { return }
        if options.isLimited { dropOverflow() }
        deliver()
        headMayHaveExpired()
    }

    private func giveBack(_ entry: QueueEntry) {
        var entry = entry
        let place = place(of: entry)
        settle(entry)
        guard !isDeleted else { return forget(entry) }
        if !relocated.isEmpty { relocated[entry.position] = nil }
        entry.stored = place
        statistics.requeued &+= 1
        entry.isRedelivered = true
        if options.type == .quorum {
            entry.deliveryCount += 1
            if let limit = options.deliveryLimit, entry.deliveryCount > limit {
                return discard(entry, because: .deliveryLimit)
            }
            if let stored = entry.stored, let store {
                store.recordDeliveryCount(entry.deliveryCount, of: stored, slot(entry.position, entry.expiresAt))
            }
        }
        if entry.message != nil { readyMemory += entry.memory }
        ready.restore(entry)
    }

    private func settle(_ entry: QueueEntry) {
        unacknowledgedCount -= 1
        unacknowledgedBytes -= Int(entry.size)
    }

    /// Nobody needs the message any more.
    func forget(_ entry: QueueEntry) {
        if let stored = place(of: entry) {
            if !relocated.isEmpty { relocated[entry.position] = nil }
            store?.acknowledge(stored, slot(entry.position, entry.expiresAt))
        } else {
            budget.remove(entry.memory)
        }
    }

    /// The message leaves the queue without having been handled: to the dead-letter exchange, or for good.
    ///
    /// The entry is in no list any more. If it has no record, its memory is still counted.
    func discard(_ entry: QueueEntry, because reason: DeathReason) {
        var entry = entry
        if let stored = place(of: entry) {
            if !relocated.isEmpty { relocated[entry.position] = nil }
            entry.stored = stored
        }
        if !isDeleted, let name = options.deadLetterExchange, host.exchanges[name] != nil {
            statistics.deadLettered &+= 1
            host.deadLetters.append(DeadLetter(queue: self, entry: entry, reason: reason))
        } else {
            statistics.dropped &+= 1
            forget(entry)
        }
    }
}
