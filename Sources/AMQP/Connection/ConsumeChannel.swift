import Synchronization

/// A consumer's channel.
final class ConsumeChannel: DriverChannel {
    /// Counts every opening of every channel in the process, so that a tag of another channel never passes for one of ours.
    private static let epochs = Atomic<UInt64>(0)

    private enum Subscription {
        case none
        /// A request is on its way.
        case changing
        case active
        /// Waits until `retryAt` before the next attempt.
        case waiting
        /// The queue is being declared again.
        case recovering
    }

    private let settings: ConsumerSettings
    private let inbox: ConsumerInbox
    private var subscription = Subscription.none
    private var isEnding = false
    private var hasQos = false
    private var epoch: UInt64 = 0
    private var settlements = SettlementTracker()
    private var burst: [Delivery] = []
    private var retryAt: ContinuousClock.Instant?
    private var backoff: BackoffState
    private var removals: [OneShot<Void>] = []

    init(number: UInt16, driver: ConnectionDriver, settings: ConsumerSettings, inbox: ConsumerInbox) {
        self.settings = settings
        self.inbox = inbox
        backoff = BackoffState(.init(initial: .milliseconds(100), maximum: settings.options.resubscribeMaximum))
        super.init(number: number, driver: driver)
    }

    // MARK: - Commands

    func settle(_ settlement: Settlement) {
        // After a reconnect the broker has put the message back: an answer to the old delivery means nothing.
        guard settlement.epoch == epoch, phase == .open else { return }
        switch settlement.kind {
        case .acknowledge(let multiple): settlements.acknowledge(settlement.tag, multiple: multiple)
        case .reject(let requeue): settlements.reject(settlement.tag, requeue: requeue)
        }
    }

    func remove(_ done: OneShot<Void>) {
        isEnding = true
        removals.append(done)
        if isDown { finish(AMQPError(.connectionClosed, "the consumer was closed")) }
    }

    // MARK: - Channel

    override var wantsOpen: Bool { driver.isTopologyDeclared && !isEnding }

    override func didCloseAsAsked() { finish(AMQPError(.connectionClosed, "the consumer was closed")) }

    override func didOpen() {
        epoch = Self.epochs.wrappingAdd(1, ordering: .relaxed).newValue
        inbox.epoch = epoch
        settlements = SettlementTracker()
        hasQos = false
        if case .changing = subscription { subscription = .none }
    }

    override func writeContent(_ handle: RabbitHandle) throws(AMQPError) {
        if settlements.hasWork, driver.room(4096) {
            var failure: AMQPError?
            settlements.flush { action in
                guard failure == nil else { return }
                do throws(AMQPError) {
                    switch action {
                    case .acknowledge(let tag, let multiple): try handle.send(.ack(tag: tag, multiple: multiple), channel: number)
                    case .reject(let tag, let requeue): try handle.send(.reject(tag: tag, requeue: requeue), channel: number)
                    }
                } catch { failure = error }
            }
            if let failure { throw failure }
        }
        try pursueGoal(handle)
    }

    private func pursueGoal(_ handle: RabbitHandle) throws(AMQPError) {
        switch (subscription, isEnding) {
        case (.none, false): subscribe()
        // Without a cancel before it: the next consumer of the queue would get later messages while the broker still waits for
        // answers to earlier ones. With its channel all of them go back at once, to their places.
        case (.none, true), (.active, true), (.waiting, true), (.recovering, true):
            guard !settlements.hasWork, driver.room(256) else { return }
            try close(handle)
        default: break
        }
    }

    private func subscribe() {
        subscription = .changing
        if !hasQos {
            hasQos = true
            request(.qos(prefetch: settings.prefetch)) { _ in }
        }
        let options = settings.options
        request(.consume(queue: settings.queue, tag: settings.tag, exclusive: options.exclusive, arguments: options.arguments)) {
            [unowned self] result in
            switch result {
            case .success:
                subscription = .active
                backoff.reset()
                madeProgress()
            case .failure(let error):
                // Errors of the channel and the connection come by their own ways.
                if error.code == .usage {
                    inbox.fail(error)
                    retryLater()
                }
            }
        }
        driver.needsWrite()
    }

    private func retryLater() {
        subscription = .waiting
        retryAt = driver.now + backoff.next()
    }

    override func didClose(_ error: AMQPError, culprit: ChannelRequest?) {
        lost()
        driver.logger.warning("the broker closed a consumer's channel", metadata: ["queue": "\(settings.queue)", "error": "\(error)"])
        if culprit != nil { inbox.fail(error) }
        if isEnding { return finish(error) }
        retryLater()
    }

    override func connectionLost(_ error: AMQPError) {
        lost()
        subscription = .none
        if isEnding { finish(error) }
    }

    private func lost() {
        epoch = 0
        inbox.epoch = 0
        settlements = SettlementTracker()
        burst.removeAll()
        inbox.discard()
    }

    override func handle(_ method: InboundMethod) throws(AMQPError) {
        switch method {
        case .cancel:
            driver.logger.warning("the broker cancelled a consumer", metadata: ["queue": "\(settings.queue)"])
            if case .active = subscription { retryLater() }
        case .flow: break
        default: throw AMQPError(.protocol, "\(method) on a consumer's channel")
        }
    }

    override func handle(_ message: DeliveryAssembler.Message) throws(AMQPError) {
        guard case .delivery(let tag, let redelivered, let exchange, let routingKey) = message.start else {
            throw AMQPError(.protocol, "a returned message on a consumer's channel")
        }
        settlements.delivered(tag)
        burst.append(
            Delivery(
                tag: tag, epoch: epoch, redelivered: redelivered, exchange: exchange, routingKey: routingKey,
                properties: message.properties,
                body: message.body))
    }

    override func endOfBurst() {
        guard !burst.isEmpty else { return }
        inbox.append(burst)
        burst = []
    }

    // MARK: - Time and end

    override func tick() throws(AMQPError) {
        guard case .waiting = subscription, let retryAt, retryAt <= driver.now, !isEnding else { return }
        self.retryAt = nil
        subscription = .recovering
        // A queue that we declared and that was deleted comes back this way.
        driver.recover(queue: settings.queue) { [weak self] in
            guard let self, case .recovering = subscription else { return }
            subscription = .none
            driver.needsWrite()
        }
    }

    override var nextTick: ContinuousClock.Instant? {
        if case .waiting = subscription, !isEnding { return retryAt }
        return nil
    }

    override var isSettled: Bool { !settlements.hasWork }

    override func finish(_ error: AMQPError) {
        isEnding = true
        subscription = .none
        inbox.epoch = 0
        burst.removeAll()
        inbox.close()
        drainRequests(error)
        for done in removals { done.resolve(()) }
        driver.remove(self)
        removals.removeAll()
    }
}
