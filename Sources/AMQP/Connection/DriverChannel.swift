/// One or more methods that somebody waits for. Thread-confined.
final class Operation {
    private var remaining: Int
    private(set) var isFinished = false
    let deadline: ContinuousClock.Instant?
    private let completion: (Result<ControlAnswer, AMQPError>) -> Void

    init(methods: Int = 1, deadline: ContinuousClock.Instant? = nil, completion: @escaping (Result<ControlAnswer, AMQPError>) -> Void) {
        remaining = methods
        self.deadline = deadline
        self.completion = completion
    }

    func succeed(_ answer: ControlAnswer) {
        remaining -= 1
        if remaining <= 0 { finish(.success(answer)) }
    }

    func finish(_ result: Result<ControlAnswer, AMQPError>) {
        guard !isFinished else { return }
        isFinished = true
        completion(result)
    }
}

/// A method and the operation that it belongs to.
final class ChannelRequest {
    let method: OutboundMethod
    let operation: Operation
    var sentAt: ContinuousClock.Instant?

    init(_ method: OutboundMethod, _ operation: Operation) {
        self.method = method
        self.operation = operation
    }
}

/// A channel on the thread of its connection: opening, requests and their answers, content, closing.
///
/// Subclasses add what the channel is for.
class DriverChannel {
    enum Phase {
        case down
        case opening
        case open
        case closing
    }

    let number: UInt16
    unowned let driver: ConnectionDriver
    private(set) var phase = Phase.down
    /// No longer wanted: it goes as soon as it is closed.
    var isRemoved = false
    private(set) var requests = RequestQueue<ChannelRequest>()
    private var assembler: DeliveryAssembler
    private var owesCloseOK = false
    private var reopenAt: ContinuousClock.Instant?
    private var reopenBackoff = BackoffState(.init(initial: .milliseconds(10), maximum: .seconds(5)))
    private var phaseSince: ContinuousClock.Instant

    init(number: UInt16, driver: ConnectionDriver) {
        self.number = number
        self.driver = driver
        assembler = DeliveryAssembler(maximumSize: driver.configuration.maximumMessageSize)
        phaseSince = driver.now
    }

    // MARK: - For subclasses

    /// Whether the channel should be open now.
    var wantsOpen: Bool { true }
    /// The channel has just been opened.
    func didOpen() {}
    /// The broker closed the channel because of `culprit`, or of something else if that is nil.
    func didClose(_ error: AMQPError, culprit: ChannelRequest?) {}
    /// The close that was asked for is done.
    func didCloseAsAsked() {}
    /// The broker will not let us in as things are configured.
    func refused(_ error: AMQPError) { drainRequests(error) }
    /// The connection is gone.
    func connectionLost(_ error: AMQPError) {}
    /// The broker takes messages again.
    func unblocked() {}
    /// A method that answers no request.
    func handle(_ method: InboundMethod) throws(AMQPError) {}
    /// A whole message.
    func handle(_ message: DeliveryAssembler.Message) throws(AMQPError) {}
    /// Everything that was there has been read.
    func endOfBurst() {}
    /// Send what there is to send, as far as there is room.
    func writeContent(_ handle: RabbitHandle) throws(AMQPError) {}
    /// Look at the clock.
    func tick() throws(AMQPError) {}
    /// When to look at the clock next.
    var nextTick: ContinuousClock.Instant? { nil }
    /// Nothing left that a close should wait for.
    var isSettled: Bool { true }
    /// The client is being closed: start nothing new.
    func beginClosing(_ error: AMQPError) {}
    /// The client is closed or the channel is no longer wanted.
    func finish(_ error: AMQPError) {}

    func request(
        _ method: OutboundMethod, deadline: ContinuousClock.Instant? = nil, completion: @escaping (Result<ControlAnswer, AMQPError>) -> Void
    ) {
        enqueue([method], Operation(deadline: deadline, completion: completion))
    }

    func enqueue(_ methods: [OutboundMethod], _ operation: Operation) {
        for method in methods {
            if let flaw = method.flaw { return operation.finish(.failure(AMQPError(.usage, flaw))) }
        }
        enqueue(methods.map { ChannelRequest($0, operation) })
    }

    func enqueue(_ new: [ChannelRequest]) {
        for request in new { requests.append(request) }
    }

    /// Enqueues in front of everything that waits.
    func enqueueFirst(_ new: [ChannelRequest]) { requests.prepend(new) }

    /// The channel had work done since it was opened: a later closure starts with a short wait again.
    func madeProgress() { reopenBackoff.reset() }

    /// Takes out requests that wait.
    func drainRequests(_ error: AMQPError) {
        for request in requests.drain() { request.operation.finish(.failure(error)) }
    }

    /// Closes the channel when all requests before have been sent.
    func close(_ handle: RabbitHandle) throws(AMQPError) {
        guard phase == .open else { return }
        try handle.send(.channelClose, channel: number)
        setPhase(.closing)
    }

    private func setPhase(_ new: Phase) {
        phase = new
        phaseSince = driver.now
    }

    // MARK: - For the driver

    func down(_ error: AMQPError) {
        setPhase(.down)
        owesCloseOK = false
        reopenAt = nil
        assembler.reset()
        // Whatever does the same when it is done twice is tried again on the next connection.
        for request in requests.connectionLost(keep: { $0.method.isIdempotent && $0.operation.deadline != nil }) {
            request.operation.finish(.failure(error))
        }
        failInternal(error)
        connectionLost(error)
    }

    /// Requests of the channel's own, which have no deadline, end with the opening that they belong to.
    private func failInternal(_ error: AMQPError) {
        for request in requests.removeWaiting(where: { $0.operation.deadline == nil }) { request.operation.finish(.failure(error)) }
    }

    /// True if the broker knows nothing of the channel.
    var isDown: Bool { phase == .down && !owesCloseOK }

    func write(_ handle: RabbitHandle) throws(AMQPError) {
        if owesCloseOK {
            guard driver.room(256) else { return }
            try handle.send(.channelCloseOK, channel: number)
            owesCloseOK = false
        }
        switch phase {
        case .down:
            guard wantsOpen, !isRemoved, reopenAt.map({ $0 <= driver.now }) ?? true else { return }
            guard number <= handle.channelMax else { throw AMQPError(.usage, "the broker allows \(handle.channelMax) channels only") }
            guard driver.room(256) else { return }
            try handle.send(.channelOpen, channel: number)
            setPhase(.opening)
        case .open:
            while requests.hasWaiting {
                guard driver.room(4096) else { return }
                guard let request = requests.next() else { break }
                if request.operation.isFinished {
                    // Given up meanwhile: not sent, so no answer comes.
                    unsend()
                    continue
                }
                request.sentAt = driver.now
                try handle.send(request.method, channel: number)
            }
            try writeContent(handle)
        case .opening, .closing: break
        }
    }

    /// Takes the request just taken for sending out again.
    private func unsend() { requests.dropLastSent() }

    func receive(_ method: InboundMethod) throws(AMQPError) {
        switch method {
        case .channelClose(let code, let text):
            closedByBroker(AMQPError(.channelClosed, "the broker closed a channel", replyCode: code, replyText: text))
            return
        case .channelCloseOK where phase == .closing:
            setPhase(.down)
            assembler.reset()
            didCloseAsAsked()
            return
        case .channelOpenOK where phase == .opening:
            setPhase(.open)
            didOpen()
            return
        default: break
        }
        // Between our close and its answer the broker still sends what was on its way.
        if phase == .closing { return }
        guard phase == .open else { throw AMQPError(.protocol, "a method on channel \(number), which is not open") }
        guard assembler.isIdle else { throw AMQPError(.protocol, "a method frame inside a message") }
        if let request = requests.current, request.method.isAnswered(by: method) {
            if case .content(let start) = method { return try assembler.begin(start) }
            _ = requests.answered()
            request.operation.succeed(answer(method))
            return
        }
        switch method {
        case .content(let start):
            if case .got = start { throw AMQPError(.protocol, "a message that was not asked for") }
            try assembler.begin(start)
        case .flow(let active):
            try driver.handle?.send(.flowOK(active: active), channel: number)
            try handle(method)
        default: try handle(method)
        }
    }

    func receive(headerOfSize size: UInt64, _ properties: MessageProperties) throws(AMQPError) {
        if phase == .closing { return }
        if let message = try assembler.header(size: size, properties: properties) { try complete(message) }
    }

    func receive(body: UnsafeRawBufferPointer) throws(AMQPError) {
        if phase == .closing { return }
        if let message = try assembler.body(body) { try complete(message) }
    }

    private func complete(_ message: DeliveryAssembler.Message) throws(AMQPError) {
        if case .got(let tag, let redelivered, let exchange, let routingKey) = message.start {
            requests.answered()?.operation.succeed(
                .message(
                    Delivery(
                        tag: tag, redelivered: redelivered, exchange: exchange, routingKey: routingKey, properties: message.properties,
                        body: message.body)))
        } else {
            try handle(message)
        }
    }

    private func answer(_ method: InboundMethod) -> ControlAnswer {
        switch method {
        case .queueDeclareOK(let messages, let consumers): .counts(messages: Int(messages), consumers: Int(consumers))
        case .queuePurgeOK(let messages), .queueDeleteOK(let messages): .counts(messages: Int(messages), consumers: 0)
        case .getEmpty: .empty
        default: .done
        }
    }

    private func closedByBroker(_ error: AMQPError) {
        let wasClosing = phase == .closing
        setPhase(.down)
        owesCloseOK = true
        assembler.reset()
        reopenAt = driver.now + reopenBackoff.next()
        let culprit = requests.channelClosed()
        failInternal(error)
        if wasClosing { didCloseAsAsked() }
        if !wasClosing { didClose(error, culprit: culprit) }
        culprit?.operation.finish(.failure(error))
    }

    func checkTime() throws(AMQPError) {
        requests.forEach { request in
            if let deadline = request.operation.deadline, deadline <= driver.now {
                request.operation.finish(
                    .failure(AMQPError(.timeout, "the broker gave no answer in time", underlying: driver.lastError)))
            }
        }
        // What was given up is not kept for a connection that may never come.
        if phase == .down { _ = requests.removeWaiting { $0.operation.isFinished } }
        // An answer that does not come blocks all after it: the connection is as good as dead.
        if let patienceEnds, patienceEnds <= driver.now {
            throw AMQPError(
                .timeout, "the broker did not answer on channel \(number)", underlying: AMQPError(.connectionClosed, "given up"))
        }
        try tick()
    }

    /// When an answer that is due now has been waited for long enough; nil if none is due.
    private var patienceEnds: ContinuousClock.Instant? {
        let limit = driver.configuration.operationTimeout * 2
        if phase == .opening || phase == .closing { return phaseSince + limit }
        return requests.current?.sentAt.map { $0 + limit }
    }

    /// When ``checkTime()`` has something to do next.
    var wakeTime: ContinuousClock.Instant? {
        var earliest = nextTick
        if let patienceEnds { earliest = min(earliest ?? patienceEnds, patienceEnds) }
        // One that has passed was used or waits for something else than time.
        if phase == .down, let reopenAt, reopenAt > driver.now { earliest = min(earliest ?? reopenAt, reopenAt) }
        requests.forEach { request in
            if let deadline = request.operation.deadline, !request.operation.isFinished { earliest = min(earliest ?? deadline, deadline) }
        }
        return earliest
    }
}
