import Logging

/// A connection: owns the handle and its channels, reconnects, carries out commands.
///
/// It has a thread of its own for what blocks, connecting and waiting for the next attempt. While the connection stands, the event
/// loop's thread runs it (``LoopSession``) and the own thread waits, so that it is one thread's at any time.
final class ConnectionDriver {
    let pump: ConnectionPump
    let configuration: AMQPConfiguration
    let logger: Logger
    /// The time of this turn of the loop.
    private(set) var now = ContinuousClock.now
    private(set) var handle: RabbitHandle?
    /// Why the last connection ended or could not be made.
    private(set) var lastError: AMQPError?
    /// Why the broker takes no messages; nil while it does.
    private var blockReason: String?
    private var recovery: TopologyRecovery?
    private var control: ControlChannel?
    private var channels: [UInt16: DriverChannel] = [:]
    private var order: [DriverChannel] = []
    private var publishers: [UInt64: PublishChannel] = [:]
    private var consumers: [UInt64: ConsumeChannel] = [:]
    private var commands: [Command] = []
    private var closing = false
    private var closeSentAt: ContinuousClock.Instant?
    private var closingSince: ContinuousClock.Instant?
    private var closeAnswered = false
    private var lacksRoom = false
    private var writeAgain = false
    private var lastReceive = ContinuousClock.now

    var isConnected: Bool { handle != nil }
    var isBlocked: Bool { blockReason != nil }
    /// What was declared before exists again on this connection, as far as the broker allows it.
    var isTopologyDeclared: Bool { recovery?.isDone == true }

    init(pump: ConnectionPump) {
        self.pump = pump
        configuration = pump.configuration
        logger = pump.logger
        let control = ControlChannel(number: 1, driver: self)
        self.control = control
        recovery = TopologyRecovery(self, control)
        add(control)
    }

    func run() {
        var backoff = BackoffState(configuration.reconnect)
        while !pump.isClosing {
            pump.hub.set(pump.role, .connecting)
            let began = ContinuousClock.now
            do throws(AMQPError) {
                let handle = try RabbitHandle.connect(configuration) { pump.publish(descriptor: $0) }
                up(handle)
                try serve(handle)
                down(AMQPError.clientClosed())
            } catch {
                if isConnected {
                    if ContinuousClock.now - began > .seconds(5) { backoff.reset() }
                    logger.warning("the AMQP connection was lost", metadata: ["broker": "\(configuration)", "error": "\(error)"])
                    down(error)
                } else {
                    logger.warning("cannot connect to the AMQP broker", metadata: ["broker": "\(configuration)", "error": "\(error)"])
                    connectFailed(error)
                }
                if !pump.isClosing { pump.hub.set(pump.role, .disconnected(error)) }
            }
            if pump.isClosing { break }
            sleep(until: ContinuousClock.now + backoff.next())
        }
        finish()
    }

    // MARK: - Connection

    private func up(_ handle: RabbitHandle) {
        now = ContinuousClock.now
        self.handle = handle
        lastReceive = now
        blockReason = nil
        closeAnswered = false
        logger.info("connected to the AMQP broker", metadata: ["broker": "\(configuration)"])
        recovery?.start { [unowned self] in topologyDeclared() }
    }

    private func down(_ error: AMQPError) {
        now = ContinuousClock.now
        lastError = error
        pump.publish(descriptor: -1)
        handle?.destroy()
        handle = nil
        blockReason = nil
        recovery?.end()
        for channel in order { channel.down(error) }
        sweep()
    }

    private func connectFailed(_ error: AMQPError) {
        now = ContinuousClock.now
        lastError = error
        guard error.isConfigurationFailure || error.code == .usage else { return }
        // Waiting would not help: whoever asks is told now.
        for channel in order { channel.refused(error) }
    }

    private func topologyDeclared() {
        guard isConnected else { return }
        writeAgain = true
        tellState()
    }

    /// The connection counts as such once everything stands on it that was declared before.
    private func tellState() {
        guard isTopologyDeclared else { return }
        pump.hub.set(pump.role, blockReason.map { .blocked(reason: $0) } ?? .connected)
    }

    /// Declares a queue again that was declared before, with its bindings; `done` comes even if that fails.
    func recover(queue name: String, done: @escaping () -> Void) { recovery?.recover(queue: name, done: done) }

    /// Tells whoever waits that nothing comes any more.
    func finish(_ error: AMQPError = .clientClosed()) {
        now = ContinuousClock.now
        recovery?.end()
        let rest = pump.finish()
        for command in commands + rest { perform(command) }
        commands = []
        for channel in order { channel.finish(error) }
        order = []
        channels = [:]
    }

    // MARK: - The loop

    /// Has the loop run the connection, until the client is closed or the connection is lost.
    private func serve(_ handle: RabbitHandle) throws(AMQPError) {
        let session = LoopSession(self, handle)
        session.start()
        while true {
            if let outcome = session.outcome { return try outcome.get() }
            pump.wakeup?.wait(timeout: -1)
        }
    }

    /// What a turn on the loop leaves to do.
    enum Next {
        /// The client is closed.
        case end
        /// More is waiting to be read.
        case again
        /// Nothing until then, or until something comes.
        case sleep(until: ContinuousClock.Instant, wantsWrite: Bool)
    }

    /// Reads, carries out commands, and writes; never waits.
    func turn(_ handle: RabbitHandle, readable: Bool) throws(AMQPError) -> Next {
        let patience = handle.heartbeat > 0 ? Duration.milliseconds(handle.heartbeat * 250) : .seconds(30)
        now = ContinuousClock.now
        takeCommands()
        // Reading comes before writing: an answer or a confirm may be what the next frame waits for.
        var more = false
        // The library serves heartbeats only while it reads.
        if readable || now - lastReceive >= patience { more = try read(handle) }
        for channel in order { channel.endOfBurst() }
        for channel in order { try channel.checkTime() }
        if closing {
            if closeAnswered { return .end }
            if try proceedClosing(handle) { return .end }
        } else {
            recovery?.checkTime()
        }
        try write(handle)
        sweep()
        if more { return .again }
        var until = lastReceive + patience
        if !closing, let time = recovery?.wakeTime { until = min(until, time) }
        for channel in order { if let time = channel.wakeTime { until = min(until, time) } }
        if closing { until = min(until, now + .milliseconds(50)) }
        return .sleep(until: until, wantsWrite: lacksRoom)
    }

    private func write(_ handle: RabbitHandle) throws(AMQPError) {
        lacksRoom = false
        defer { handle.uncork() }
        repeat {
            writeAgain = false
            for channel in order { try channel.write(handle) }
        } while writeAgain && !lacksRoom
        try handle.flush()
    }

    /// - Returns: true if more may be waiting where the loop, which watches the socket, cannot see it.
    private func read(_ handle: RabbitHandle) throws(AMQPError) -> Bool {
        lastReceive = now
        for _ in 0..<1024 {
            guard let frame = try handle.receive() else { return false }
            let number: UInt16
            switch frame {
            case .method(let channel, let method):
                number = channel
                if channel == 0 { try receive(method) } else { try find(channel).receive(method) }
            case .header(let channel, let size, let properties):
                number = channel
                try find(channel).receive(headerOfSize: size, properties)
            case .body(let channel, let bytes):
                number = channel
                try find(channel).receive(body: bytes)
            }
            handle.release(channel: number)
            if closeAnswered || !handle.mayHaveReceived { return false }
        }
        return true
    }

    private func find(_ number: UInt16) throws(AMQPError) -> DriverChannel {
        guard let channel = channels[number] else { throw AMQPError(.protocol, "a frame on channel \(number), which was never opened") }
        return channel
    }

    private func receive(_ method: InboundMethod) throws(AMQPError) {
        switch method {
        case .blocked(let reason):
            blockReason = reason
            logger.warning("the broker takes no messages for now", metadata: ["reason": "\(reason)"])
            tellState()
        case .unblocked:
            blockReason = nil
            writeAgain = true
            for channel in order { channel.unblocked() }
            logger.info("the broker takes messages again")
            tellState()
        case .connectionClose(let code, let text):
            try? handle?.send(.connectionCloseOK, channel: 0)
            throw AMQPError(.connectionClosed, "the broker closed the connection", replyCode: code, replyText: text)
        case .connectionCloseOK where closeSentAt != nil: closeAnswered = true
        default: throw AMQPError(.protocol, "\(method) on channel 0")
        }
    }

    /// Between two attempts to connect: commands and deadlines are still served.
    private func sleep(until end: ContinuousClock.Instant) {
        while true {
            now = ContinuousClock.now
            takeCommands()
            for channel in order { try? channel.checkTime() }
            sweep()
            guard now < end, !closing, let wakeup = pump.wakeup else { return }
            guard pump.prepareSleep() else { continue }
            var until = end
            for channel in order { if let time = channel.wakeTime { until = min(until, max(time, now + .milliseconds(5))) } }
            wakeup.wait(timeout: Int32(clamping: max((until - ContinuousClock.now).milliseconds, 1)))
            pump.woke()
        }
    }

    /// - Returns: true if there is nothing to wait for any more.
    private func proceedClosing(_ handle: RabbitHandle) throws(AMQPError) -> Bool {
        let since = closingSince ?? now
        if closingSince == nil {
            closingSince = now
            let error = AMQPError.clientClosed()
            for channel in order { channel.beginClosing(error) }
        }
        if let closeSentAt { return now - closeSentAt > .seconds(1) }
        // What is in flight gets a second to settle.
        guard order.allSatisfy(\.isSettled) || isBlocked || now - since > .seconds(1) else { return false }
        // A broker that reads nothing reads no goodbye either.
        guard room(256) else { return true }
        try handle.send(.connectionClose, channel: 0)
        closeSentAt = now
        return false
    }

    // MARK: - For the channels

    /// True if `size` bytes can be sent now; if not, the loop waits for the socket.
    func room(_ size: Int) -> Bool {
        guard let handle, handle.hasRoom(for: size) else {
            lacksRoom = true
            return false
        }
        return true
    }

    /// Something to send came up while sending.
    func needsWrite() { writeAgain = true }

    /// The channel is dropped as soon as it is closed.
    func remove(_ channel: DriverChannel) { channel.isRemoved = true }

    private func sweep() {
        guard order.contains(where: { $0.isRemoved && $0.isDown }) else { return }
        for channel in order where channel.isRemoved && channel.isDown {
            channels[channel.number] = nil
            for (id, publisher) in publishers where publisher === channel { publishers[id] = nil }
            for (id, consumer) in consumers where consumer === channel { consumers[id] = nil }
        }
        order.removeAll { $0.isRemoved && $0.isDown }
    }

    private func add(_ channel: DriverChannel) {
        channels[channel.number] = channel
        order.append(channel)
    }

    private var freeNumber: UInt16 {
        var number: UInt16 = 1
        while channels[number] != nil, number < .max { number += 1 }
        return number
    }

    // MARK: - Commands

    private func takeCommands() {
        closing = pump.take(&commands)
        guard !commands.isEmpty else { return }
        for command in commands { perform(command) }
        commands.removeAll(keepingCapacity: commands.capacity < 4096)
    }

    private func perform(_ command: Command) {
        switch command {
        case .publish(let id, let request):
            if let publisher = publishers[id] {
                publisher.publish(request)
            } else {
                request.fail(AMQPError.publisherClosed())
            }
        case .settle(let id, let settlement): consumers[id]?.settle(settlement)
        case .cancelPublish(let id, let request): publishers[id]?.cancel(request: request)
        case .declare(let topology, let reply):
            control?.declare(topology, deadline: now + configuration.operationTimeout) { reply.resolve($0) }
        case .request(let method, let reply):
            control?.request(method, deadline: now + configuration.operationTimeout) { reply.resolve($0) }
        case .addPublisher(let id, let window):
            let channel = PublishChannel(
                number: freeNumber, driver: self, window: window, name: "millrace-\(id)-\(UInt32.random(in: 0 ... .max))")
            publishers[id] = channel
            add(channel)
        case .removePublisher(let id, let done): if let publisher = publishers[id] { publisher.remove(done) } else { done.resolve(()) }
        case .addConsumer(let id, let settings, let inbox):
            let channel = ConsumeChannel(number: freeNumber, driver: self, settings: settings, inbox: inbox)
            consumers[id] = channel
            add(channel)
        case .removeConsumer(let id, let done): if let consumer = consumers[id] { consumer.remove(done) } else { done.resolve(()) }
        }
    }
}
