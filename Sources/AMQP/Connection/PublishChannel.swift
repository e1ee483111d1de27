import DequeModule

/// A publisher's channel, in confirm mode.
final class PublishChannel: DriverChannel {
    /// A batch on its way. Thread-confined.
    final class Batch {
        let request: PublishRequest
        var outcomes: [PublishOutcome]
        var remaining: Int
        /// Messages before this one have been written or settled without.
        var next = 0
        var started = false

        init(_ request: PublishRequest) {
            self.request = request
            outcomes = Array(repeating: .confirmed, count: request.messages.count)
            remaining = request.messages.count
        }

        func settle(_ index: Int, _ outcome: PublishOutcome) {
            outcomes[index] = outcome
            remaining -= 1
            if remaining == 0 { request.reply.resolve(outcomes) }
        }

        /// Settles everything that has not been written yet.
        func abandon(_ error: AMQPError) {
            let rest = next..<request.messages.count
            next = request.messages.count
            for index in rest { settle(index, .failed(error)) }
        }
    }

    /// A message of a batch.
    struct Ticket {
        let batch: Batch
        let index: Int
        var message: OutgoingMessage { batch.request.messages[index] }

        func settle(_ outcome: PublishOutcome) { batch.settle(index, outcome) }

        /// What a return is matched by: the message's own id, or one of ours if it is mandatory and has none.
        func messageID(_ publisher: String) -> String? {
            let message = batch.request.messages[index]
            if let id = message.properties.messageID { return id }
            return message.mandatory ? "\(publisher)-\(batch.request.id)-\(index)" : nil
        }
    }

    private let name: String
    private var tracker: ConfirmTracker<Ticket>
    private var batches: Deque<Batch> = []
    /// In flight when the broker closed the channel; sent again one at a time, so that the next closure names the culprit.
    private var suspects: Deque<Ticket> = []
    private var isolating = false
    private var confirming = false
    private var flowStopped = false
    /// The message whose body is being written, and how much of it has been.
    private var partial: (ticket: Ticket, offset: Int)?
    private var progressAt: ContinuousClock.Instant
    /// Who waits for the channel to go.
    private var removals: [OneShot<Void>] = []
    private var isEnding: Bool { !removals.isEmpty }

    init(number: UInt16, driver: ConnectionDriver, window: Int, name: String) {
        self.name = name
        tracker = ConfirmTracker(window: window)
        progressAt = driver.now
        super.init(number: number, driver: driver)
    }

    // MARK: - Commands

    func publish(_ request: PublishRequest) {
        guard !isEnding else { return request.fail(AMQPError.publisherClosed()) }
        batches.append(Batch(request))
    }

    func cancel(request id: UInt64) {
        let error = AMQPError(.cancelled, "the task was cancelled before the message was sent")
        for batch in batches where batch.request.id == id { batch.abandon(error) }
        suspects.removeAll { ticket in
            guard ticket.batch.request.id == id else { return false }
            ticket.settle(.failed(error))
            return true
        }
        dropWritten()
    }

    /// Lets what is in flight settle, then closes the channel.
    func remove(_ done: OneShot<Void>) {
        removals.append(done)
        abandonUnsent(AMQPError.publisherClosed())
        if phase == .down { finish(AMQPError.publisherClosed()) }
    }

    // MARK: - Channel

    override var wantsOpen: Bool { driver.isTopologyDeclared }

    override func didCloseAsAsked() { finish(AMQPError.publisherClosed()) }

    override func refused(_ error: AMQPError) { abandonUnsent(error) }

    override func didOpen() {
        request(.confirmSelect) { [unowned self] result in
            if case .success = result { confirming = true }
        }
    }

    override func didClose(_ error: AMQPError, culprit: ChannelRequest?) {
        confirming = false
        flowStopped = false
        var open = tracker.drain()
        partial = nil
        if open.count == 1, let only = open.first {
            // Alone in flight: this is the one that the broker does not take.
            only.settle(.failed(error))
            open = []
            madeProgress()
        }
        for ticket in open.reversed() { suspects.prepend(ticket) }
        isolating = !suspects.isEmpty
        driver.logger.warning(
            "the broker closed a publishing channel", metadata: ["error": "\(error)", "unconfirmed": "\(open.count)"])
    }

    override func connectionLost(_ error: AMQPError) {
        confirming = false
        flowStopped = false
        partial = nil
        let failure = AMQPError(.connectionClosed, "the connection was lost before the broker confirmed", underlying: error)
        for ticket in tracker.drain() { ticket.settle(.failed(failure)) }
        for ticket in suspects { ticket.settle(.failed(failure)) }
        suspects.removeAll()
        isolating = false
        // The rest of a batch that was begun fails with it, since it would overtake what failed.
        for batch in batches where batch.started || isEnding { batch.abandon(failure) }
        dropWritten()
        if isEnding { finish(failure) }
    }

    /// While the broker took nothing it confirmed nothing either: the time for a confirm begins now.
    override func unblocked() { progressAt = driver.now }

    override func handle(_ method: InboundMethod) throws(AMQPError) {
        switch method {
        case .ack(let tag, let multiple): try settle(tag, multiple, positive: true)
        case .nack(let tag, let multiple): try settle(tag, multiple, positive: false)
        case .flow(let active): flowStopped = !active
        default: throw AMQPError(.protocol, "\(method) on a publishing channel")
        }
    }

    private func settle(_ tag: UInt64, _ multiple: Bool, positive: Bool) throws(AMQPError) {
        progressAt = driver.now
        try tracker.settle(tag: tag, multiple: multiple, positive: positive) { ticket, outcome in
            switch outcome {
            case .confirmed: ticket.settle(.confirmed)
            case .nacked: ticket.settle(.nacked)
            case .returned(let code, let text): ticket.settle(.returned(code: code, text: text))
            }
        }
        if isolating {
            madeProgress()
            if suspects.isEmpty && tracker.inFlight == 0 { isolating = false }
        }
    }

    override func handle(_ message: DeliveryAssembler.Message) throws(AMQPError) {
        guard case .returned(let code, let text, let exchange, let routingKey) = message.start else {
            throw AMQPError(.protocol, "a delivery on a publishing channel")
        }
        func matches(_ ticket: Ticket, byID: Bool) -> Bool {
            let sent = ticket.message
            return sent.mandatory && sent.routingKey == routingKey && sent.exchange == exchange
                && (!byID || ticket.messageID(name) == message.properties.messageID)
        }
        if tracker.markReturned(code: code, text: text, where: { matches($0, byID: true) }) > 0 { return }
        // A broker that does not give the id back: all that went the same way count as returned.
        if tracker.markReturned(code: code, text: text, where: { matches($0, byID: false) }) > 0 { return }
        driver.logger.error(
            "the broker returned a message that is not in flight", metadata: ["exchange": "\(exchange)", "key": "\(routingKey)"])
    }

    // MARK: - Writing

    private var window: Int { isolating ? 1 : tracker.window }

    override func writeContent(_ handle: RabbitHandle) throws(AMQPError) {
        if isEnding, partial == nil, tracker.inFlight == 0, suspects.isEmpty, driver.room(256) {
            try close(handle)
            return
        }
        guard confirming, !flowStopped else { return }
        guard partial != nil || !suspects.isEmpty || !batches.isEmpty else { return }
        handle.cork()
        while true {
            if partial != nil, try !writeBody(handle) { return }
            // A message that was begun is finished even if the broker asks to wait: half a message helps nobody.
            guard !driver.isBlocked, tracker.inFlight < window, let ticket = nextTicket(handle) else { return }
            let size = handle.headSize(ticket.message) + min(ticket.message.body.count, 4096)
            guard driver.room(size) else {
                suspects.prepend(ticket)
                return
            }
            if tracker.inFlight == 0 { progressAt = driver.now }
            tracker.publish(ticket)
            try handle.sendHead(ticket.message, messageID: ticket.messageID(name), channel: number)
            if !ticket.message.body.isEmpty { partial = (ticket, 0) }
        }
    }

    /// - Returns: false if there is no room for the rest.
    private func writeBody(_ handle: RabbitHandle) throws(AMQPError) -> Bool {
        guard let (ticket, start) = partial else { return true }
        var offset = start
        let count = ticket.message.body.count
        while offset < count {
            let chunk = count - offset <= 4096 ? count - offset : min(count - offset, handle.bodyChunk)
            guard driver.room(chunk + 8) else {
                partial = (ticket, offset)
                return false
            }
            try handle.sendBody(ticket.message.body, offset..<(offset + chunk), channel: number)
            offset += chunk
        }
        partial = nil
        return true
    }

    private func nextTicket(_ handle: RabbitHandle) -> Ticket? {
        if let ticket = suspects.popFirst() { return ticket }
        while let batch = batches.first {
            guard batch.next < batch.request.messages.count else {
                batches.removeFirst()
                continue
            }
            batch.started = true
            let ticket = Ticket(batch: batch, index: batch.next)
            batch.next += 1
            if let flaw = ticket.message.flaw ?? (handle.fits(ticket.message) ? nil : "the headers do not fit into a frame") {
                ticket.settle(.failed(AMQPError(.usage, flaw)))
                continue
            }
            return ticket
        }
        return nil
    }

    private func dropWritten() { batches.removeAll { $0.next >= $0.request.messages.count } }

    private func abandonUnsent(_ error: AMQPError) {
        for batch in batches { batch.abandon(error) }
        batches.removeAll()
    }

    // MARK: - Time and end

    override func tick() throws(AMQPError) {
        if !driver.isConnected {
            let error = AMQPError(.connectionFailed, "no connection to the broker", underlying: driver.lastError)
            for batch in batches where batch.request.deadline <= driver.now { batch.abandon(error) }
            dropWritten()
        } else if !driver.isBlocked, tracker.inFlight > 0, driver.now - progressAt > driver.configuration.confirmTimeout {
            throw AMQPError(
                .timeout, "the broker confirmed nothing for \(driver.configuration.confirmTimeout)",
                underlying: AMQPError(.connectionClosed, "given up"))
        }
    }

    override var nextTick: ContinuousClock.Instant? {
        if !driver.isConnected { return batches.map(\.request.deadline).min() }
        return tracker.inFlight > 0 && !driver.isBlocked ? progressAt + driver.configuration.confirmTimeout + .milliseconds(1) : nil
    }

    override var isSettled: Bool { tracker.inFlight == 0 && suspects.isEmpty }

    override func beginClosing(_ error: AMQPError) { abandonUnsent(error) }

    override func finish(_ error: AMQPError) {
        for ticket in tracker.drain() { ticket.settle(.failed(error)) }
        for ticket in suspects { ticket.settle(.failed(error)) }
        suspects.removeAll()
        abandonUnsent(error)
        drainRequests(error)
        if isEnding { driver.remove(self) }
        for done in removals { done.resolve(()) }
    }
}
