import Logging
import Locking

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The way to a connection's thread, safe from everywhere and never blocking.
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
        let (accepted, wake, start) = inbox.withLock { inbox -> (Bool, Bool, Bool) in
            guard !inbox.closed, !inbox.closing, wakeup != nil else { return (false, false, false) }
            inbox.commands.append(command)
            let start = !inbox.started
            inbox.started = true
            let wake = inbox.sleeping
            inbox.sleeping = false
            return (true, wake, start)
        }
        if start { startThread() }
        if wake { wakeup?.signal() }
        return accepted
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
            _ = finish()
        }
    }

    /// Begins to close; returns at once.
    func requestClose() {
        let (wake, idle) = inbox.withLock { inbox in
            inbox.closing = true
            defer { inbox.sleeping = false }
            if !inbox.started { inbox.closed = true }
            return (inbox.sleeping, !inbox.started)
        }
        if idle { finished.resolve(()) }
        if wake { wakeup?.signal() }
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

    // MARK: - For the thread

    var isClosing: Bool { inbox.withLock { $0.closing } }

    /// Swaps the waiting commands for the empty array in `commands`.
    func take(_ commands: inout [Command]) -> Bool {
        inbox.withLock { inbox in
            swap(&inbox.commands, &commands)
            return inbox.closing
        }
    }

    /// - Returns: false if something waits, so that the thread must not sleep.
    func prepareSleep(ignoreClosing: Bool) -> Bool {
        inbox.withLock { inbox in
            guard inbox.commands.isEmpty, ignoreClosing || !inbox.closing else { return false }
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
