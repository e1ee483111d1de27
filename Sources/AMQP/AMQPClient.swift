public import Logging
public import ServiceLifecycle
import Synchronization

/// A client of one broker: declares, publishes and consumes, and comes back by itself after a lost connection.
///
/// It keeps one connection for consuming and declaring and, once a publisher is asked for, a second one for
/// publishing: a broker that is short of memory stops reading from connections that publish, and acknowledgements must
/// still get through then. The event loop's thread runs them, together with the connections to PostgreSQL; no call here blocks.
///
/// ``run()`` keeps it open until the service is told to shut down. It works without ``run()`` too: it connects with
/// the first call and stays until ``close()``.
public final class AMQPClient: Service, Sendable {
    private let hub: StateHub
    private let topology: TopologyMemory
    private let consuming: ConnectionPump
    private let publishing: ConnectionPump
    private let lastID = Atomic<UInt64>(0)
    private let closed = OneShot<Void>()

    /// Makes a client; it connects when it is first used or run.
    public init(configuration: AMQPConfiguration, logger: Logger) {
        hub = StateHub()
        topology = TopologyMemory()
        var second = configuration
        if let name = configuration.connectionName { second.connectionName = name + " (publishing)" }
        consuming = ConnectionPump(role: .consuming, configuration: configuration, topology: topology, hub: hub, logger: logger)
        publishing = ConnectionPump(role: .publishing, configuration: second, topology: topology, hub: hub, logger: logger)
    }

    deinit {
        consuming.requestClose()
        publishing.requestClose()
        hub.close()
    }

    /// Connects and stays until graceful shutdown, cancellation or ``close()``; then closes.
    public func run() async throws {
        consuming.start()
        let closed = self.closed
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await closed.wait()
            } onGracefulShutdown: {
                closed.resolve(())
            }
        } onCancel: {
            closed.resolve(())
        }
        await close()
    }

    /// Closes the connections, within some three seconds whatever the broker does. What is in flight gets a second
    /// to settle; publishes that have not been sent fail, consumers end.
    public func close() async {
        closed.resolve(())
        async let first: Void = consuming.close()
        async let second: Void = publishing.close()
        _ = await (first, second)
        hub.close()
    }

    /// Calls `body` and closes the client when that is done, however it ends.
    ///
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws.
    public func executeThenClose<R>(
        isolation: isolated (any Actor)? = #isolation, _ body: (AMQPClient) async throws -> R
    ) async throws -> R {
        do {
            let result = try await body(self)
            await close()
            return result
        } catch {
            await close()
            throw error
        }
    }

    // MARK: - State

    /// True while every connection in use stands.
    public var isConnected: Bool {
        switch hub.current {
        case .connected, .blocked: true
        default: false
        }
    }

    /// The state now.
    public var state: ConnectionState { hub.current }

    /// A new stream of states that begins with the current one. A slow reader misses states in between.
    public var states: AsyncStream<ConnectionState> { hub.stream() }

    // MARK: - Topology

    /// Declares exchanges, queues and bindings in this order and remembers them: they are declared again after each
    /// reconnect, and a remembered queue also when it was deleted under one of this client's consumers.
    ///
    /// - Throws: ``AMQPError`` with the broker's code, for example 406 if one exists with other properties; what comes
    ///   after the refused one is then not declared, and nothing is remembered.
    public func declare(_ topology: AMQPTopology) async throws(AMQPError) {
        _ = try await ask { .declare(topology, $0) }
        self.topology.merge(topology)
    }

    /// What a queue holds; nil if there is no such queue.
    public func queueInfo(_ name: String) async throws(AMQPError) -> QueueInfo? {
        do throws(AMQPError) {
            guard case .counts(let messages, let consumers) = try await ask({ .request(.queueDeclarePassive(name), $0) }) else {
                return nil
            }
            return QueueInfo(messages: messages, consumers: consumers)
        } catch {
            if error.replyCode == 404 { return nil }
            throw error
        }
    }

    /// Whether there is an exchange of this name, whatever its kind. Needs no permission.
    public func exchangeExists(_ name: String) async throws(AMQPError) -> Bool {
        do throws(AMQPError) {
            _ = try await ask { .request(.exchangeDeclarePassive(name), $0) }
            return true
        } catch {
            if error.replyCode == 404 { return false }
            throw error
        }
    }

    /// Removes the messages that are ready in a queue.
    /// - Returns: how many there were.
    @discardableResult
    public func purge(queue: String) async throws(AMQPError) -> Int {
        guard case .counts(let messages, _) = try await ask({ .request(.queuePurge(queue), $0) }) else { return 0 }
        return messages
    }

    /// Deletes a queue and forgets that it was declared. A queue that does not exist counts as deleted.
    /// - Returns: how many messages went with it.
    @discardableResult
    public func delete(queue: String) async throws(AMQPError) -> Int {
        topology.forget(queue: queue)
        guard case .counts(let messages, _) = try await ask({ .request(.queueDelete(queue), $0) }) else { return 0 }
        return messages
    }

    /// Deletes an exchange and forgets that it was declared.
    public func delete(exchange: String) async throws(AMQPError) {
        topology.forget(exchange: exchange)
        _ = try await ask { .request(.exchangeDelete(exchange), $0) }
    }

    /// Takes one message out of a queue, acknowledged at once; nil if it is empty. For tools and tests: a consumer is
    /// faster and loses nothing.
    public func get(queue: String) async throws(AMQPError) -> Delivery? {
        guard case .message(let delivery) = try await ask({ .request(.get(queue: queue), $0) }) else { return nil }
        return delivery
    }

    private func ask(_ command: (Reply<ControlAnswer>) -> Command) async throws(AMQPError) -> ControlAnswer {
        let reply = Reply<ControlAnswer>()
        guard consuming.enqueue(command(reply)) else { throw AMQPError.clientClosed() }
        return try await reply.wait().get()
    }

    // MARK: - Publishing and consuming

    /// A publisher with a channel of its own.
    /// - Parameter window: most messages without a confirm; at least 1.
    public func publisher(window: Int = 1000) -> AMQPPublisher {
        let id = nextID()
        publishing.enqueue(.addPublisher(id: id, window: max(1, window)))
        return AMQPPublisher(id: id, pump: publishing)
    }

    /// A consumer with a channel of its own; it subscribes at once.
    /// - Parameter prefetch: most deliveries without an answer; 0 means no bound.
    public func consumer(queue: String, prefetch: UInt16 = 200, options: ConsumerOptions = ConsumerOptions()) -> AMQPConsumer {
        let id = nextID()
        let tag = options.tag ?? "millrace-\(id)-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        let inbox = ConsumerInbox()
        let settings = ConsumerSettings(queue: queue, prefetch: prefetch, options: options, tag: tag)
        if !consuming.enqueue(.addConsumer(id: id, settings, inbox)) { inbox.close() }
        return AMQPConsumer(id: id, queue: queue, inbox: inbox, pump: consuming)
    }

    private func nextID() -> UInt64 { lastID.wrappingAdd(1, ordering: .relaxed).newValue }
}
