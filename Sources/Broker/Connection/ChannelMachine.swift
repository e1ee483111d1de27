import NIOCore

/// One channel of a connection: takes frames, calls the core, and writes what the client is to get into the connection's
/// outbound buffer. Loop-confined.
package final class ChannelMachine: ConsumerChannel {
    package let number: UInt16
    package let id: ChannelID
    /// Strong, as the way over an unowned reference costs; the connection forgets its channels when it is released.
    let connection: ConnectionMachine
    let broker: BrokerLoop
    let virtualHost: VirtualHost
    let user: AuthenticatedUser

    /// `channel.close` was sent; nothing but its answer counts.
    package internal(set) var isClosing = false
    /// The method that the last frame belongs to.
    var failedMethod: MethodID?

    // Publishing.
    var content = ContentState.none
    var publication = Publication()
    var confirms: ConfirmLedger?
    var isAwaitingConfirms = false
    var transaction: Transaction?

    // Consuming.
    var consumers: [String: Consumer] = [:]
    var unsettled = UnsettledDeliveries()
    var nextDeliveryTag: UInt64 = 1
    /// For consumers to come; 0 for no limit.
    var prefetch: UInt16 = 0
    /// For the channel as a whole; 0 for no limit.
    var globalPrefetch: UInt16 = 0
    /// Consumers that may go on because deliveries were settled.
    var starved: [Consumer] = []
    var isStarving = false
    /// The consumer of direct replies: its tag, and the token in its address.
    var replyConsumer: (tag: String, token: String)?

    /// What an empty queue name stands for.
    var lastQueue = ""
    var counts = ChannelCounts()

    init(number: UInt16, connection: ConnectionMachine, virtualHost: VirtualHost, user: AuthenticatedUser) {
        self.number = number
        id = ChannelID(connection: connection.id, number: number)
        self.connection = connection
        broker = connection.broker
        self.virtualHost = virtualHost
        self.user = user
    }

    /// Handles one frame of the channel.
    ///
    /// - Throws: what closes the channel or the connection.
    @inline(__always)
    func handle(_ type: UInt8, _ payload: UnsafeRawBufferPointer) throws(ProtocolFault) {
        if isClosing { return handleWhileClosing(type, payload) }
        switch type {
        case FrameType.method:
            guard case .none = content else { throw unexpectedFrame() }
            guard payload.count >= 4 else { throw WireReader.truncated }
            let fields = UnsafeRawBufferPointer(rebasing: payload[4...])
            switch payload.bigEndian32(at: 0) {
            case MethodID.basicPublish.rawValue: try beginPublish(fields)
            case MethodID.basicAck.rawValue: try acknowledge(fields)
            case let number: try handleMethod(number, fields)
            }
        case FrameType.header: try takeHeader(payload)
        case FrameType.body: try takeBody(payload)
        default: throw ProtocolFault(.unexpectedFrame, "heartbeat frame on channel \(number)")
        }
    }

    private func unexpectedFrame() -> ProtocolFault {
        if case .header = content {
            return ProtocolFault(
                .unexpectedFrame, "expected content header for class 60, got non content header frame instead")
        }
        return ProtocolFault(.unexpectedFrame, "expected content body, got non content body frame instead")
    }

    private func handleWhileClosing(_ type: UInt8, _ payload: UnsafeRawBufferPointer) {
        guard type == FrameType.method, payload.count >= 4 else { return }
        switch MethodID(rawValue: payload.bigEndian32(at: 0)) {
        case .channelCloseOK: connection.forget(self)
        case .channelClose: send(ChannelCloseOK())
        default: break
        }
    }

    func send(_ method: some Method) { connection.send(method, channel: number) }

    /// Closes the channel after a fault that the connection survives.
    func close(with fault: ProtocolFault, method: MethodID?) {
        leaveQueues()
        send(
            ChannelClose(
                replyCode: fault.code.rawValue, replyText: fault.replyText, classID: method?.classID ?? 0,
                methodID: method?.methodID ?? 0))
    }

    /// Gives back what was delivered, and only then takes the consumers away: who comes after them, as the next single active
    /// consumer does at once, has to get the oldest message first.
    func leaveQueues() {
        isClosing = true
        release()
        cancelConsumers()
    }

    /// Takes all consumers away from their queues.
    func cancelConsumers() {
        let all = consumers.values.sorted { $0.tag < $1.tag }
        consumers = [:]
        starved = []
        for consumer in all { consumer.queue.unsubscribe(consumer) }
        if let replyConsumer { broker.replyConsumers[replyConsumer.token] = nil }
        replyConsumer = nil
    }

    /// Gives all unsettled deliveries back to their queues, and forgets what was not committed or confirmed.
    func release() {
        content = .none
        forgetUnfinished()
        publication = Publication()
        confirms = nil
        let uncommitted = transaction?.takeDeliveries() ?? []
        transaction = nil
        if !uncommitted.isEmpty { unsettled.restore(uncommitted) }
        requeueUnsettled()
    }

    /// Gives all unsettled deliveries back.
    func requeueUnsettled() {
        let all = unsettled.removeAll()
        for delivery in all { delivery.consumer?.unacknowledged -= 1 }
        Self.requeue(all)
    }
}
