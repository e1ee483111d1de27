import NIOCore
import NIOPosix
import NIOSSL

/// Accepts AMQP connections at one address.
struct Listener {
    private let channel: any Channel

    /// The port that is listened at.
    var port: Int { channel.localAddress?.port ?? 0 }

    /// Binds an address and accepts from then on. Must be called on the broker's loop.
    ///
    /// - Parameter tls: nil for plain TCP.
    static func bind(
        host: String, port: Int, broker: BrokerLoop, tls: TLSListening?, on group: any EventLoopGroup, loop: any EventLoop
    ) -> EventLoopFuture<Listener> {
        let bound = NIOLoopBound(broker, eventLoop: loop)
        let limits = broker.configuration.limits
        let marks = ChannelOptions.Types.WriteBufferWaterMark(
            low: max(1, limits.outboundBytes / 4), high: max(2, limits.outboundBytes))
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: marks)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            // A quiet connection keeps a small buffer; a busy one reads many messages with one call.
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 2_048, initial: 4_096, maximum: 1 << 18)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls.context)) }
                    let handler = ConnectionHandler(broker: bound.value, usesTLS: tls != nil)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(host: host, port: port)
            .map { Listener(channel: $0) }
    }

    /// Stops accepting.
    func close() { channel.close(promise: nil) }
}

/// What a listener with TLS needs.
struct TLSListening: Sendable {
    let context: NIOSSLContext

    init(_ tls: BrokerTLS) throws {
        let chain = try NIOSSLCertificate.fromPEMFile(tls.certificateChainFile).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: tls.privateKeyFile, format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        if tls.clientCertificates != .none {
            if let file = tls.clientAuthoritiesFile { configuration.trustRoots = .file(file) }
            configuration.certificateVerification =
                tls.clientCertificates == .required ? .noHostnameVerification : .optionalVerification
        }
        context = try NIOSSLContext(configuration: configuration)
    }
}
