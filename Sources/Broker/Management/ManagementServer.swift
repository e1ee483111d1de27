import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Listens for the management API, on the broker's own loop: each answer is made between two reads of AMQP sockets.
final class ManagementServer {
    private let broker: BrokerLoop
    private let endpoint: ManagementEndpoint
    private let loop: any EventLoop
    private var channel: (any Channel)?
    private var router: ManagementRouter?
    private var sampling: RepeatedTask?
    private var open: [ObjectIdentifier: (channel: any Channel, handler: ManagementHandler)] = [:]
    /// Those of them that were told to close. With TLS they wait some seconds for the client to agree.
    private var closing: Set<ObjectIdentifier> = []

    init(broker: BrokerLoop, endpoint: ManagementEndpoint, loop: any EventLoop) {
        self.broker = broker
        self.endpoint = endpoint
        self.loop = loop
    }

    /// Binds the port. Call on the loop.
    /// - Parameters:
    ///   - tls: for HTTPS; nil for plain HTTP.
    ///   - listeners: the broker's other listeners, which the API shows.
    /// - Returns: the port that is listened at.
    func start(tls: NIOSSLContext?, listeners: [ManagementAPI.ListenerSummary]) -> EventLoopFuture<Int> {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let endpoint = endpoint
        return ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try bound.value.accept(channel, tls) }
            }
            .bind(host: endpoint.host, port: endpoint.port)
            .map { channel in
                let server = bound.value
                let port = channel.localAddress?.port ?? 0
                server.channel = channel
                let own = ManagementAPI.ListenerSummary(protocolName: tls == nil ? "http" : "https", host: endpoint.host, port: port)
                server.run(listeners + [own])
                return port
            }
    }

    private func run(_ listeners: [ManagementAPI.ListenerSummary]) {
        let api = ManagementAPI(broker: broker, listeners: listeners)
        router = ManagementRouter(api)
        let bound = NIOLoopBound((api, broker), eventLoop: loop)
        sampling = loop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(MessageRates.interval)) { _ in
            bound.value.0.rates.sample(bound.value.1)
        }
    }

    private func accept(_ channel: any Channel, _ tls: NIOSSLContext?) throws {
        let limits = broker.configuration.limits
        if open.count - closing.count >= limits.managementConnections { closeMostIdle() }
        guard let router, open.count - closing.count < limits.managementConnections, open.count < 2 * limits.managementConnections else {
            throw ChannelError.operationUnsupported
        }
        let id = ObjectIdentifier(channel)
        let handler = ManagementHandler(router: router, limits: limits) { [weak self] in self?.hasClosed(id) }
        let pipeline = channel.pipeline.syncOperations
        if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: true)
        try pipeline.addHandler(handler)
        open[id] = (channel, handler)
    }

    /// Clients keep connections for later, some of them one for each thing that they watch; they open a new one where one is gone.
    private func closeMostIdle() {
        let idle = open.compactMap { id, connection in
            closing.contains(id) ? nil : connection.handler.idleSince.map { (since: $0, id: id) }
        }
        guard let longest = idle.min(by: { $0.since < $1.since }) else { return }
        closing.insert(longest.id)
        open[longest.id]?.channel.close(promise: nil)
    }

    private func hasClosed(_ id: ObjectIdentifier) {
        open[id] = nil
        closing.remove(id)
    }

    /// Stops listening and closes what is open.
    func stop() {
        sampling?.cancel()
        channel?.close(promise: nil)
        for (channel, _) in open.values { channel.close(promise: nil) }
    }
}
