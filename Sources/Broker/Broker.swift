import Locking
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle

/// An AMQP 0-9-1 broker in this process.
///
/// ```swift
/// var configuration = BrokerConfiguration()
/// configuration.port = 0
/// let broker = Broker(configuration: configuration, logger: logger)
/// let address = try await broker.start()   // address.url, address.port
/// …
/// await broker.shutdown()
/// ```
///
/// As a `Service`, ``run()`` starts it and stops it on graceful shutdown. Many can live in one process; each has one thread.
public final class Broker: Service {
    /// How long clients may take to answer the goodbye at shutdown, in milliseconds.
    static let goodbyeTimeout: Int64 = 2_000

    private let configuration: BrokerConfiguration
    private let logger: Logger
    private let state = Locked(State.idle)
    private let end: AsyncStream<BrokerError?>
    private let ended: AsyncStream<BrokerError?>.Continuation

    private enum State {
        case idle
        case starting
        case running(Running)
        case stopped
    }

    private struct Running: Sendable {
        let group: MultiThreadedEventLoopGroup
        let node: NIOLoopBound<BrokerNode>
        let address: BrokerAddress
    }

    /// Makes a broker that does nothing until it is started.
    public init(configuration: BrokerConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        (end, ended) = AsyncStream.makeStream()
    }

    /// Starts the broker unless it runs already, and stops it when the task is cancelled or shut down gracefully.
    ///
    /// - Throws: ``BrokerError`` when it cannot start, or when its storage fails.
    public func run() async throws {
        if currentAddress == nil { _ = try await start() }
        let failure = await withGracefulShutdownHandler {
            var failures = end.makeAsyncIterator()
            return await failures.next() ?? nil
        } onGracefulShutdown: {
            self.ended.yield(nil)
        }
        await shutdown()
        if let failure { throw failure }
    }

    private var currentAddress: BrokerAddress? {
        state.withLock { if case .running(let running) = $0 { running.address } else { nil } }
    }

    /// Opens the storage, recovers what is there, and listens.
    ///
    /// - Returns: where it can be reached; with port 0 configured, this names the port that was free.
    /// - Throws: ``BrokerError``.
    public func start() async throws -> BrokerAddress {
        try begin()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let running = try await start(group)
            guard begins(running) else {
                await stop(running.node, on: group.next())
                throw BrokerError(.state, "the broker was stopped while it started")
            }
            return running.address
        } catch {
            state.withLock { $0 = .stopped }
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// False if it was stopped meanwhile.
    private func begins(_ running: Running) -> Bool {
        state.withLock { state in
            guard case .starting = state else { return false }
            state = .running(running)
            return true
        }
    }

    private func begin() throws(BrokerError) {
        do {
            try configuration.validate()
        } catch {
            throw BrokerError(.configuration, "the broker cannot start", underlying: error)
        }
        let isFirst = state.withLock { state in
            guard case .idle = state else { return false }
            state = .starting
            return true
        }
        guard isFirst else { throw BrokerError(.state, "the broker was started already; make a new one to start again") }
    }

    private func start(_ group: MultiThreadedEventLoopGroup) async throws -> Running {
        let loop = group.next()
        let (configuration, logger, ended) = (configuration, logger, ended)
        let node = try await loop.submit {
            try NIOLoopBound(
                BrokerNode(configuration: configuration, logger: logger, loop: loop) { ended.yield($0) }, eventLoop: loop)
        }.get()
        do {
            let address = try await loop.flatSubmit {
                do { return try node.value.listen(on: group) } catch { return loop.makeFailedFuture(error) }
            }.get()
            logger.info("broker listens", metadata: ["url": "\(address.url)", "management": "\(address.managementURL ?? "none")"])
            return Running(group: group, node: node, address: address)
        } catch {
            await stop(node, on: loop)
            throw error
        }
    }

    /// Stops listening, sends clients `connection.close` 320, writes what is left, and ends the broker's thread.
    public func shutdown() async {
        let running = state.withLock { state -> Running? in
            defer { state = .stopped }
            if case .running(let running) = state { return running }
            return nil
        }
        guard let running else { return }
        await stop(running.node, on: running.group.next())
        try? await running.group.shutdownGracefully()
        ended.finish()
    }

    private func stop(_ node: NIOLoopBound<BrokerNode>, on loop: any EventLoop) async {
        let done = loop.makePromise(of: Void.self)
        loop.execute { node.value.shutdown(within: Self.goodbyeTimeout) { done.succeed() } }
        try? await done.futureResult.get()
    }
}
