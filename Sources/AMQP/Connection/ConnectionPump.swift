import Locking
import Logging

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The way to a connection, safe from everywhere and never blocking.
///
/// The thread starts with the first command. It holds the pump; the pump does not hold it.
final class ConnectionPump: Sendable {
    /// Messages are published on a connection of their own: when the broker has no room, it stops reading from
    /// connections that publish, and consumers must go on acknowledging for it to get room.
    enum Role: String, Sendable, CaseIterable {
        case consuming
        case publishing
    }

    private struct Inbox {
        var commands: [Command] = []
        /// The thread is in poll(2), or about to be.
        var sleeping = false
        /// Has the loop turn the connection; nil while it does not stand.
        var turn: (@Sendable () -> Void)?
        /// It was asked to, and has not begun.
        var isTurnDue = false
        var started = false
        var closing = false
        var closed = false
        var descriptor: Int32 = -1
    }

    let role: Role
    let configuration: AMQPConfiguration
    let topology: TopologyMemory
    let hub: StateHub
    let logger: Logger
    let wakeup: Wakeup?
    private let inbox = Locked(Inbox())
    private let finished = OneShot<Void>()

    init(role: Role, configuration: AMQPConfiguration, topology: TopologyMemory, hub: StateHub, logger: Logger) {
        self.role = role
        self.configuration = configuration
        self.topology = topology
        self.hub = hub
        var logger = logger
        logger[metadataKey: "connection"] = "\(role.rawValue)"
        self.logger = logger
        do { wakeup = try Wakeup() } catch {
            wakeup = nil
            logger.error("cannot start an AMQP connection", metadata: ["error": "\(error)"])
        }
    }

    // MARK: - For the asynchronous side

    /// - Returns: false if the connection is closed for good; the command is dropped then.
    @discardableResult
    func enqueue(_ command: Command) -> Bool {
        let (accepted, alarm, start) = inbox.withLock { inbox -> (Bool, Alarm, Bool) in
            guard !inbox.closed, !inbox.closing, wakeup != nil else { return (false, .none, false) }
            inbox.commands.append(command)
            let start = !inbox.started
            inbox.started = true
            return (true, Self.alarm(&inbox), start)
        }
        if start { startThread() }
        sound(alarm)
        return accepted
    }

    /// How whoever runs the connection learns that something waits.
    private enum Alarm {
        case none
        case thread
        case loop(@Sendable () -> Void)
    }

    private static func alarm(_ inbox: inout Inbox) -> Alarm {
        if let turn = inbox.turn {
            defer { inbox.isTurnDue = true }
            return inbox.isTurnDue ? .none : .loop(turn)
        }
        defer { inbox.sleeping = false }
        return inbox.sleeping ? .thread : .none
    }

    private func sound(_ alarm: Alarm) {
        switch alarm {
        case .none: break
        case .thread: wakeup?.signal()
        case .loop(let turn): turn()
        }
    }

    /// Connects before the first command.
    func start() {
        let start = inbox.withLock { inbox in
            guard !inbox.started, !inbox.closing, wakeup != nil else { return false }
            inbox.started = true
            return true
        }
        if start { startThread() }
    }

    private func startThread() {
        // The library decodes nested tables by recursion; a frame can nest them some twenty thousand deep.
        let stack = (2 << 20) + configuration.frameMax * 256
        let started = OSThread.start("amqp-\(role.rawValue)", stackSize: min(stack, 512 << 20)) { [self] in
            ConnectionDriver(pump: self).run()
        }
        if !started {
            logger.error("the system has no thread for an AMQP connection")
            ConnectionDriver(pump: self).finish(AMQPError(.connectionFailed, "the system has no thread for the connection"))
        }
    }

    /// Begins to close; returns at once.
    func requestClose() {
        let (alarm, idle) = inbox.withLock { inbox in
            inbox.closing = true
            if !inbox.started { inbox.closed = true }
            return (Self.alarm(&inbox), !inbox.started)
        }
        if idle { finished.resolve(()) }
        sound(alarm)
    }

    /// Closes within some three seconds, whatever the broker does.
    func close() async {
        requestClose()
        let patience = Task.detached { [weak self] in
            try await Task.sleep(for: .milliseconds(2500))
            self?.shutdownSocket()
            try await Task.sleep(for: .milliseconds(500))
            // A name server that does not answer cannot be interrupted; its thread ends by itself.
            self?.finished.resolve(())
        }
        await finished.wait()
        patience.cancel()
    }

    private func shutdownSocket() {
        inbox.withLock { inbox in
            if inbox.descriptor >= 0 { _ = shutdown(inbox.descriptor, Int32(SHUT_RDWR)) }
        }
    }

    // MARK: - For whoever runs the connection

    /// The loop runs the connection from now on and is told by `turn` that something waits; nil when it does no more.
    func serve(_ turn: (@Sendable () -> Void)?) {
        inbox.withLock { inbox in
            inbox.turn = turn
            inbox.isTurnDue = false
        }
    }

    var isClosing: Bool { inbox.withLock { $0.closing } }

    /// Swaps the waiting commands for the empty array in `commands`.
    func take(_ commands: inout [Command]) -> Bool {
        inbox.withLock { inbox in
            inbox.isTurnDue = false
            swap(&inbox.commands, &commands)
            return inbox.closing
        }
    }

    /// - Returns: false if something waits, so that the thread must not sleep.
    func prepareSleep() -> Bool {
        inbox.withLock { inbox in
            guard inbox.commands.isEmpty, !inbox.closing else { return false }
            inbox.sleeping = true
            return true
        }
    }

    func woke() { inbox.withLock { $0.sleeping = false } }

    /// Makes the socket known to ``close()``; -1 before it is closed, since its number may be given to another.
    func publish(descriptor: Int32) { inbox.withLock { $0.descriptor = descriptor } }

    /// The thread is done.
    /// - Returns: the commands that nobody will carry out.
    func finish() -> [Command] {
        let rest = inbox.withLock { inbox in
            inbox.closed = true
            inbox.descriptor = -1
            defer { inbox.commands = [] }
            return inbox.commands
        }
        hub.set(role, .closed)
        finished.resolve(())
        return rest
    }
}
