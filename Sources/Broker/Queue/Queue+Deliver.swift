/// Handing messages out.
extension Queue {
    /// The consumer whose turn it is, if any has room.
    func nextConsumer() -> Consumer? {
        guard options.singleActiveConsumer else { return ring.next() }
        guard let activeConsumer, activeConsumer.hasCapacity else { return nil }
        return activeConsumer
    }

    /// Delivers until the queue is empty or no consumer has room.
    func deliver() {
        guard !isDelivering, !ready.isEmpty, !isDeleted else { return }
        isDelivering = true
        defer { isDelivering = false }
        while true {
            dropExpired()
            guard !ready.isEmpty, let consumer = nextConsumer(), let (entry, message) = takeFirst() else { break }
            hand(entry, message, to: consumer)
        }
        armExpiryTimer()
    }

    /// Takes the head out and reads its message back if need be. A message that cannot be read is given up and counted;
    /// one that cannot be read at present stays, and the queue tries again in a moment.
    func takeFirst() -> (QueueEntry, Message)? {
        while let entry = ready.removeFirst() {
            if let message = entry.message {
                readyMemory -= entry.memory
                // Without a record it stays in memory until it is settled.
                if entry.stored != nil { budget.remove(entry.memory) }
                return (entry, message)
            }
            switch load(entry) {
            case .message(let message): return (entry, message)
            case .lost: continue
            case .unavailable:
                ready.restore(entry)
                deliverLater()
                return nil
            }
        }
        return nil
    }

    enum Loaded {
        case message(Message)
        /// Gone for good; the entry has been settled.
        case lost
        /// Not readable now, for want of something like file descriptors.
        case unavailable
    }

    /// Reads a message back from the log.
    func load(_ entry: QueueEntry) -> Loaded {
        guard let stored = place(of: entry), let store else { return .lost }
        do {
            return .message(try store.load(stored))
        } catch {
            if error.isTemporary { return .unavailable }
            statistics.lost &+= 1
            forget(entry)
            host.core.onLost?(self, error)
            return .lost
        }
    }

    /// Milliseconds until something that was not available is tried again.
    static let retryInterval: Int64 = 100

    private func deliverLater() {
        guard retryTimer == nil else { return }
        retryTimer = time.schedule(after: Self.retryInterval) { [weak self] in
            guard let self else { return }
            retryTimer = nil
            deliver()
            host.drainDeadLetters()
        }
    }

    /// Gives a message that was taken out, or never came in, to a consumer.
    func hand(_ entry: QueueEntry, _ message: Message, to consumer: Consumer) {
        if entry.isRedelivered { statistics.redelivered &+= 1 }
        var entry = entry
        if consumer.noAck {
            statistics.deliveredNoAck &+= 1
            forget(entry)
        } else {
            statistics.delivered &+= 1
            markUnacknowledged(&entry)
        }
        ring.advance(past: consumer)
        consumer.channel.deliver(entry, message: message, to: consumer)
    }

    /// Once delivered, a message with a record is not kept in memory.
    func markUnacknowledged(_ entry: inout QueueEntry) {
        unacknowledgedCount += 1
        unacknowledgedBytes += Int(entry.size)
        if entry.stored != nil { entry.message = nil }
    }

    /// `basic.get`: the next message, to be settled as any delivery, and how many are left.
    package func get() -> (QueueEntry, Message, remaining: Int)? {
        defer { host.drainDeadLetters() }
        touch()
        dropExpired()
        guard let (taken, message) = takeFirst() else { return nil }
        var entry = taken
        if entry.isRedelivered { statistics.redelivered &+= 1 }
        statistics.got &+= 1
        markUnacknowledged(&entry)
        armExpiryTimer()
        return (entry, message, ready.count)
    }

    /// RabbitMQ has no `basic.get` on a quorum queue with a single active consumer.
    package func checkGet() throws(ProtocolFault) {
        guard options.type == .quorum, options.singleActiveConsumer else { return }
        throw ProtocolFault(
            .resourceLocked,
            "cannot obtain access to locked \(resource). basic.get operations are not supported by quorum queues with single "
                + "active consumer")
    }
}
