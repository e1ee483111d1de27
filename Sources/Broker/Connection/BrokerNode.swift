import Logging
import NIOCore
import NIOPosix

/// All that one broker has on its event loop. Loop-confined.
final class BrokerNode {
    let broker: BrokerLoop
    private let configuration: BrokerConfiguration
    private let logger: Logger
    private let loop: any EventLoop
    private let ended: @Sendable (BrokerError?) -> Void
    private let storage: BrokerStorageParts
    private var listeners: [Listener] = []
    private var management: ManagementServer?
    private var ticks: RepeatedTask?

    /// Opens the storage, reads what is there, and makes everything but the listeners.
    ///
    /// - Parameter ended: is called when the broker must stop by itself.
    init(
        configuration: BrokerConfiguration, logger: Logger, loop: any EventLoop,
        ended: @escaping @Sendable (BrokerError?) -> Void
    ) throws(BrokerError) {
        self.configuration = configuration
        self.logger = logger
        self.loop = loop
        self.ended = ended
        let time = LoopTimekeeper(loop: loop)
        storage = try BrokerStorageParts.open(configuration, loop: loop, time: time, logger: logger)
        let access = Access(definitions: storage.definitions, eventLoop: loop, limits: configuration.limits)
        let core = BrokerCore(
            limits: configuration.limits, store: storage.messages, definitions: storage.definitions, time: time,
            nodeName: configuration.nodeName)
        core.memoryHighWatermark = configuration.memoryLimit
        if let folder = storage.folder {
            core.restore(
                definitions: folder.changes, entries: folder.entries, highestPositions: folder.highestPositions,
                highestQueueID: folder.highestQueueID)
            for change in folder.changes { access.restore(change) }
        }
        let bound = NIOLoopBoundBox<[() -> Void]>([], eventLoop: loop)
        broker = BrokerLoop(
            core: core, access: access, store: storage.messages, configuration: configuration, time: time, logger: logger
        ) { action in
            bound.value.append(action)
            loop.execute { bound.value.removeFirst()() }
        }
        storage.messages?.onFailure = { [weak self] error in self?.storageFailed(error) }
        core.onFailure = { [weak self] error in self?.storageFailed(error) }
        access.onFailure = { [weak self] error in self?.storageFailed(error) }
        core.onLost = { queue, error in
            logger.error("a message could not be read back", metadata: ["queue": "\(queue.name)", "error": "\(error)"])
        }
    }

    /// Binds the listeners.
    ///
    /// - Throws: ``BrokerError`` with the code `configuration` if certificates cannot be used, `storage` if a new folder cannot be
    ///   written to; the future fails with the code `listen` and the address that is taken.
    func listen(on group: any EventLoopGroup) throws(BrokerError) -> EventLoopFuture<BrokerAddress> {
        try makeDefaultHost()
        var bindings: [EventLoopFuture<Listener>] = []
        let tls = try certificates()
        let isPlain = configuration.tls?.isExclusive != true
        if isPlain { bindings.append(bind(configuration.port, nil, group)) }
        if let tls, let port = configuration.tls?.port { bindings.append(bind(port, tls, group)) }
        let bound = NIOLoopBound(self, eventLoop: loop)
        let hasTLS = tls != nil
        return EventLoopFuture.whenAllSucceed(bindings, on: loop).flatMap { listeners in
            let node = bound.value
            node.startTicks()
            let plain = isPlain ? listeners.first?.port : nil
            let secure = hasTLS ? listeners.last?.port : nil
            return node.startManagement(plain, secure, tls).map { port in
                let configuration = bound.value.configuration
                return BrokerAddress(
                    host: configuration.host, port: plain, tlsPort: secure, management: configuration.management, managementPort: port)
            }
        }
    }

    private func startManagement(_ plain: Int?, _ secure: Int?, _ tls: TLSListening?) -> EventLoopFuture<Int?> {
        guard let endpoint = configuration.management else { return loop.makeSucceededFuture(nil) }
        let server = ManagementServer(broker: broker, endpoint: endpoint, loop: loop)
        management = server
        let host = configuration.host
        let listeners = [("amqp", plain), ("amqp/ssl", secure)].compactMap { name, port in
            port.map { ManagementAPI.ListenerSummary(protocolName: name, host: host, port: $0) }
        }
        return server.start(tls: endpoint.usesTLS ? tls?.context : nil, listeners: listeners).map { $0 }
            .flatMapErrorThrowing { throw Self.cannotListen(endpoint.host, endpoint.port, $0) }
    }

    private func certificates() throws(BrokerError) -> TLSListening? {
        guard let tls = configuration.tls else { return nil }
        do {
            return try TLSListening(tls)
        } catch {
            throw BrokerError(
                .configuration,
                "the certificates in \(tls.certificateChainFile), \(tls.privateKeyFile) or \(tls.clientAuthoritiesFile ?? "no file of authorities") cannot be used; they must be PEM files that belong together",
                underlying: error)
        }
    }

    private func bind(_ port: Int, _ tls: TLSListening?, _ group: any EventLoopGroup) -> EventLoopFuture<Listener> {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let host = configuration.host
        return Listener.bind(host: host, port: port, broker: broker, tls: tls, on: group, loop: loop).map { listener in
            // At once, so that it is closed too where another address turns out to be taken.
            bound.value.listeners.append(listener)
            // Before the first client can come, and not for a broker that cannot listen.
            bound.value.makeDefaultUser()
            return listener
        }.flatMapErrorThrowing { throw Self.cannotListen(host, port, $0) }
    }

    /// A broker without anything gets the host `/`; one where somebody has removed it does not get it back.
    private func makeDefaultHost() throws(BrokerError) {
        guard broker.core.hosts.isEmpty, broker.access.allUsers.isEmpty else { return }
        do {
            try broker.core.createHost("/")
        } catch {
            throw BrokerError(.storage, "the virtual host / could not be written down: \(error.explanation)")
        }
    }

    private func makeDefaultUser() {
        let logger = logger
        broker.access.makeDefaultUser(
            name: configuration.defaultUser, password: Array(configuration.defaultPassword.utf8)
        ) { error in
            logger.error("the default user could not be written down", metadata: ["error": "\(error)"])
        }
    }

    private static func cannotListen(_ host: String, _ port: Int, _ error: any Error) -> BrokerError {
        BrokerError(.listen, "the broker cannot listen at \(host):\(port); is another one running there?", underlying: error)
    }

    private func startTicks() {
        let bound = NIOLoopBound(broker, eventLoop: loop)
        ticks = loop.scheduleRepeatedTask(initialDelay: .milliseconds(500), delay: .milliseconds(500)) { _ in
            bound.value.tick()
        }
    }

    /// A write or sync failed: nothing may be promised any more.
    private func storageFailed(_ error: StoreError) {
        logger.critical("the broker stops: its storage failed", metadata: ["error": "\(error)"])
        stopListening()
        broker.closeAll(reason: "broker storage failed")
        ended(BrokerError(.storage, "the storage failed; after a failed sync nothing may be promised", underlying: error))
    }

    private func stopListening() {
        for listener in listeners { listener.close() }
        listeners = []
    }

    /// Stops accepting, says goodbye to clients, and calls `then` when they are gone or have had their time.
    func shutdown(within milliseconds: Int64, then: @escaping () -> Void) {
        stopListening()
        management?.stop()
        broker.closeAll(reason: "broker shutdown")
        var isDone = false
        let finish = { [self] in
            guard !isDone else { return }
            isDone = true
            ticks?.cancel()
            broker.onIdle = nil
            broker.dropAll()
            broker.access.whenIdle { [self] in
                storage.close(on: loop) { [self] in
                    broker.core.cancelTimers()
                    then()
                }
            }
        }
        guard !broker.isIdle else { return finish() }
        broker.onIdle = finish
        _ = broker.time.schedule(after: milliseconds, finish)
    }
}
