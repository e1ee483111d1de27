/// Dead-lettering.
extension VirtualHost {
    /// Publishes what queues gave up, until there is no more. Ends, since a message that comes by a queue again without
    /// a client's doing is dropped.
    func drainDeadLetters() {
        guard !deadLetters.isEmpty, !isDraining else { return }
        isDraining = true
        defer { isDraining = false }
        while let letter = deadLetters.popFirst() {
            guard publish(letter) else {
                deadLetters.prepend(letter)
                return drainLater()
            }
        }
    }

    /// A message could not be read at present. It stands in its queue's log until it has been moved.
    private func drainLater() {
        guard drainTimer == nil else { return }
        drainTimer = core.time.schedule(after: Queue.retryInterval) { [weak self] in
            self?.drainTimer = nil
            self?.drainDeadLetters()
        }
    }

    /// - Returns: false when the message cannot be read at present.
    private func publish(_ letter: DeadLetter) -> Bool {
        let queue = letter.queue
        guard let exchange = queue.options.deadLetterExchange.flatMap({ exchanges[$0] }) else {
            queue.forget(letter.entry)
            return true
        }
        guard let message = letter.entry.message else {
            switch queue.load(letter.entry) {
            case .message(let message): publish(letter, message, to: exchange)
            case .lost: break
            case .unavailable: return false
            }
            return true
        }
        publish(letter, message, to: exchange)
        return true
    }

    private func publish(_ letter: DeadLetter, _ message: Message, to exchange: Exchange) {
        let queue = letter.queue
        let (dead, headers) = message.deadLettered(
            from: queue.name, because: letter.reason, to: exchange.name, routingKey: queue.options.deadLetterRoutingKey,
            at: core.time.now)
        let keys = [dead.routingKey] + headers.copyKeys("CC") + dead.blindKeys
        var targets = routing.route(dead, from: exchange, keys: keys, headers: headers)
        if letter.reason != .rejected { targets.removeAll { DeathRecord.isCycle(to: $0.name, in: headers) } }
        _ = deliver(dead, to: targets, replacing: letter)
    }
}
