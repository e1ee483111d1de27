/// What one queue does with a message.
struct DeliveryPlan {
    let queue: Queue
    /// A consumer that takes it at once and does not acknowledge; then nothing is kept.
    let consumer: Consumer?
    let position: UInt64
    let expiresAt: Int64
}

extension VirtualHost {
    /// Gives a message to queues: it is appended to the log once, for all that must keep it, before any of them has it.
    ///
    /// - Parameter letter: the dead letter that it comes from, which leaves its queue with the same record.
    func deliver(_ message: Message, to queues: [Queue], replacing letter: DeadLetter?) -> PublishOutcome {
        if letter == nil, queues.count == 1 { return deliver(message, to: queues[0]) }
        var plans: [DeliveryPlan] = []
        var slots: [QueueSlot] = []
        swap(&plans, &self.plans)
        swap(&slots, &self.slots)
        defer {
            plans.removeAll(keepingCapacity: true)
            slots.removeAll(keepingCapacity: true)
            swap(&plans, &self.plans)
            swap(&slots, &self.slots)
        }
        var isRefused = false
        for queue in queues {
            if letter == nil { queue.statistics.published &+= 1 }
            if !plan(message, queue, &plans, &slots) { isRefused = true }
        }
        let stored = keep(message, slots, replacing: letter)
        let waitsFor = stored == nil ? nil : store?.appended
        for plan in plans { carryOut(plan, message, stored) }
        return isRefused ? .rejected : .routed(waitsFor: waitsFor)
    }

    /// The same for one queue, which is nearly every message.
    private func deliver(_ message: Message, to queue: Queue) -> PublishOutcome {
        queue.statistics.published &+= 1
        if queue.refuses(bodyBytes: message.body.readableBytes) {
            refuse(message, queue)
            return .rejected
        }
        if let consumer = queue.consumerToForgetWith() {
            queue.forward(message, to: consumer)
            return .routed(waitsFor: nil)
        }
        let position = queue.takePosition()
        let expiresAt = queue.expiry(of: message)
        guard message.attributes.isPersistent, queue.isDurable, let store else {
            queue.enqueue(message, position: position, stored: nil, expiresAt: expiresAt)
            return .routed(waitsFor: nil)
        }
        oneSlot[0] = queue.slot(position, expiresAt)
        let stored = store.append(message, to: oneSlot, persistent: true)
        let sequence = store.appended
        queue.enqueue(message, position: position, stored: stored, expiresAt: expiresAt)
        return .routed(waitsFor: sequence)
    }

    private func plan(
        _ message: Message, _ queue: Queue, _ plans: inout [DeliveryPlan], _ slots: inout [QueueSlot]
    ) -> Bool {
        if queue.refuses(bodyBytes: message.body.readableBytes) {
            refuse(message, queue)
            return false
        }
        let consumer = queue.consumerToForgetWith()
        let plan = DeliveryPlan(
            queue: queue, consumer: consumer, position: consumer == nil ? queue.takePosition() : 0,
            expiresAt: consumer == nil ? queue.expiry(of: message) : .max)
        plans.append(plan)
        if consumer == nil, queue.isDurable, message.attributes.isPersistent {
            slots.append(queue.slot(plan.position, plan.expiresAt))
        }
        return true
    }

    private func keep(_ message: Message, _ slots: [QueueSlot], replacing letter: DeadLetter?) -> StoredMessage? {
        guard let letter else {
            guard !slots.isEmpty, let store else { return nil }
            return store.append(message, to: slots, persistent: true)
        }
        let source = letter.queue
        guard !slots.isEmpty, let store else {
            source.forget(letter.entry)
            return nil
        }
        guard source.isDurable, let place = source.place(of: letter.entry) else {
            defer { source.forget(letter.entry) }
            return store.append(message, to: slots, persistent: true)
        }
        let slot = source.slot(letter.entry.position, letter.entry.expiresAt)
        source.relocated[letter.entry.position] = nil
        return store.transfer(message, from: place, slot, to: slots)
    }

    private func carryOut(_ plan: DeliveryPlan, _ message: Message, _ stored: StoredMessage?) {
        if let consumer = plan.consumer { return plan.queue.forward(message, to: consumer) }
        let isKept = plan.queue.isDurable && message.attributes.isPersistent
        plan.queue.enqueue(
            message, position: plan.position, stored: isKept ? stored : nil, expiresAt: plan.expiresAt)
    }

    private func refuse(_ message: Message, _ queue: Queue) {
        queue.statistics.refused &+= 1
        guard queue.options.overflow == .rejectPublishDeadLetter else { return }
        let entry = QueueEntry(position: 0, stored: nil, message: message, size: message.size)
        core.budget.add(entry.memory)
        queue.discard(entry, because: .maxlen)
    }
}
