import NIOCore
import NIOSSL
import NIOTLS

/// The thin layer between a socket and a ``ConnectionMachine``: bytes in, bytes out.
///
/// Its event loop is the broker's, so it may call the machine directly.
final class ConnectionHandler: ChannelInboundHandler, Transport {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let broker: BrokerLoop
    private let usesTLS: Bool
    private var machine: ConnectionMachine?
    private var context: ChannelHandlerContext?

    init(broker: BrokerLoop, usesTLS: Bool) {
        self.broker = broker
        self.usesTLS = usesTLS
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) { begin(context) }

    private func begin(_ context: ChannelHandlerContext) {
        guard machine == nil else { return }
        let remote = context.channel.remoteAddress
        let local = context.channel.localAddress
        let peer = ConnectionPeer(
            peerHost: remote?.ipAddress ?? "unknown", peerPort: remote?.port ?? 0, host: local?.ipAddress ?? "unknown",
            port: local?.port ?? 0, usesTLS: usesTLS, isLoopback: remote?.isLoopback ?? false)
        machine = broker.accept(peer, transport: self)
        if machine == nil { context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unwrapInboundIn(data).withUnsafeReadableBytes { machine?.receive($0) }
    }

    func channelInactive(context: ChannelHandlerContext) { end() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        machine?.writabilityChanged(context.channel.isWritable)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
            machine?.certificateName = handler?.peerCertificate?.subjectName.last { $0.type == .commonName }?.value
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// A reset, or a TLS handshake that failed: nothing that the peer could be told.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func end() {
        let ended = machine
        machine = nil
        ended?.disconnected()
    }

    // MARK: Transport

    func send(_ buffer: ByteBuffer) { context?.writeAndFlush(wrapOutboundOut(buffer), promise: nil) }

    func finish(_ buffer: ByteBuffer) {
        guard let context else { return }
        if buffer.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(buffer), promise: nil) }
        // Closing only this side lets the peer read the last frames, even if it has sent something that nobody will read;
        // TLS has no such half.
        context.close(mode: usesTLS ? .all : .output, promise: nil)
    }

    func close() { context?.close(promise: nil) }

    var pendingBytes: Int {
        guard let options = context?.channel.syncOptions else { return 0 }
        return (try? options.getOption(.bufferedWritableBytes)) ?? 0
    }

    func setReading(_ reading: Bool) {
        // Fails only on a closed channel, where nothing is read any more.
        try? context?.channel.syncOptions?.setOption(.autoRead, value: reading)
    }
}

extension SocketAddress {
    /// Whether the address is one of this machine alone.
    var isLoopback: Bool {
        switch self {
        case .v4: ipAddress?.hasPrefix("127.") ?? false
        case .v6: ipAddress == "::1" || ipAddress?.hasPrefix("::ffff:127.") == true
        case .unixDomainSocket: true
        }
    }
}
