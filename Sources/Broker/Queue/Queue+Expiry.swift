/// Times: messages that expire at the head, and a queue that expires when nobody uses it.
extension Queue {
    /// Takes out what has expired at the head.
    func dropExpired() {
        while let head = ready.first, head.expiresAt != .max, head.expiresAt <= time.now { drop(because: .expired) }
    }

    /// Takes the head out and disposes of it.
    func drop(because reason: DeathReason) {
        guard let entry = ready.removeFirst() else { return }
        if entry.message != nil {
            readyMemory -= entry.memory
            if entry.stored != nil { budget.remove(entry.memory) }
        }
        discard(entry, because: reason)
    }

    func headMayHaveExpired() {
        dropExpired()
        armExpiryTimer()
    }

    /// Sees to it that the timer fires when the head expires. One that fires too early, because another message was at
    /// the head when it was set, is only set anew; so there is at most one timer, however many messages come and go.
    func armExpiryTimer() {
        guard let head = ready.first, head.expiresAt != .max, head.expiresAt < expiryDeadline, !isDeleted else {
            return
        }
        expiryTimer?.cancel()
        expiryDeadline = head.expiresAt
        expiryTimer = time.schedule(after: max(0, head.expiresAt - time.now)) { [weak self] in
            self?.expiryTimerFired()
        }
    }

    private func expiryTimerFired() {
        expiryTimer = nil
        expiryDeadline = .max
        guard !isDeleted else { return }
        headMayHaveExpired()
        deliver()
        host.drainDeadLetters()
    }

    /// The queue was used: declared again, or read with `basic.get`.
    func touch() {
        if options.expires != nil { lastUse = time.uptime }
    }

    func armDisuseTimer() {
        guard let expires = options.expires, disuseTimer == nil, consumers.isEmpty, !isDeleted else { return }
        let left = max(0, lastUse + expires - time.uptime)
        disuseTimer = time.schedule(after: left) { [weak self] in self?.disuseTimerFired() }
    }

    private func disuseTimerFired() {
        disuseTimer = nil
        guard let expires = options.expires, consumers.isEmpty, !isDeleted else { return }
        if time.uptime - lastUse >= expires { host.remove(self) } else { armDisuseTimer() }
    }

    func cancelTimers() {
        for timer in [expiryTimer, disuseTimer, retryTimer] { timer?.cancel() }
        expiryTimer = nil
        retryTimer = nil
        disuseTimer = nil
    }
}
