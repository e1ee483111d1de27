import Broker
import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A client of bytes and frames on a real socket. It does what it is told and nothing by itself: no heartbeats, no answers,
/// and what it has not asked for stays where it is.
final class LiveClient: Sendable {
    typealias Frame = MachineClient.Frame

    enum Failure: Error {
        /// The broker has sent nothing for so long that it never will.
        case silence
        /// Something else came, or the end of the connection.
        case unexpected(Frame?)
    }

    /// Far beyond what a loaded machine needs: it only keeps a test that fails from standing for ever.
    static let patience = TimeAmount.seconds(40)

    let channel: any Channel
    private let inbox: NIOLoopBound<Inbox>

    private init(_ channel: any Channel, _ inbox: NIOLoopBound<Inbox>) {
        self.channel = channel
        self.inbox = inbox
    }

    static func connect(
        _ port: Int, tls: NIOSSLContext? = nil, on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> LiveClient {
        try await ClientBootstrap(group: group).channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let inbox = Inbox(channel.eventLoop)
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil)) }
                    try channel.pipeline.syncOperations.addHandler(inbox)
                    return LiveClient(channel, NIOLoopBound(inbox, eventLoop: channel.eventLoop))
                }
            }
    }

    /// A client with an open connection and channel 1.
    static func open(_ port: Int, tls: NIOSSLContext? = nil, heartbeat: UInt16 = 0) async throws -> LiveClient {
        let client = try await connect(port, tls: tls)
        try await client.handshake(heartbeat: heartbeat)
        return client
    }

    // MARK: Sending

    /// Returns when the system has taken the bytes, or the connection is gone.
    func send(bytes: [UInt8]) async { try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    func send(_ method: some Method, channel number: UInt16 = 1) async {
        var buffer = ByteBuffer()
        buffer.writeMethod(method, channel: number)
        try? await channel.writeAndFlush(buffer)
    }

    func publish(_ body: [UInt8], to queue: String, _ properties: BasicProperties = BasicProperties()) async {
        let message = MachineClient.publish(BasicPublish(exchange: "", routingKey: queue), properties, body: body)
        try? await channel.writeAndFlush(message)
    }

    static let protocolHeader: [UInt8] = Array("AMQP".utf8) + [0, 0, 9, 1]

    func login(mechanism: String = "PLAIN", response: String = "\0guest\0guest") async throws {
        await send(bytes: Self.protocolHeader)
        _ = try await take(ConnectionStart.self)
        let capabilities: FieldTable = ["authentication_failure_close": .bool(true), "connection.blocked": .bool(true)]
        await send(
            ConnectionStartOK(
                clientProperties: ["capabilities": .table(capabilities)], mechanism: mechanism, response: Array(response.utf8),
                locale: "en_US"), channel: 0)
    }

    func handshake(
        mechanism: String = "PLAIN", response: String = "\0guest\0guest", heartbeat: UInt16 = 0, frameMax: UInt32 = 131_072
    ) async throws {
        try await login(mechanism: mechanism, response: response)
        _ = try await take(ConnectionTune.self)
        await send(ConnectionTuneOK(channelMax: 100, frameMax: frameMax, heartbeat: heartbeat), channel: 0)
        await send(ConnectionOpen(virtualHost: "/"), channel: 0)
        _ = try await take(ConnectionOpenOK.self)
        await send(ChannelOpen())
        _ = try await take(ChannelOpenOK.self)
    }

    @discardableResult
    func declare(_ queue: String, exclusive: Bool = false) async throws -> QueueDeclareOK {
        await send(QueueDeclare(queue: queue, exclusive: exclusive))
        return try await take(QueueDeclareOK.self)
    }

    // MARK: Receiving

    /// The next frame; nil once the connection has ended.
    func next() async throws -> Frame? {
        try await inbox.eventLoop.flatSubmit { [inbox] in inbox.value.next() }.get()
    }

    /// The next frame, which must be a method of this type. Heartbeats are passed over.
    @discardableResult
    func take<M: Method>(_ type: M.Type) async throws -> M {
        var frame = try await next()
        while frame?.type == FrameType.heartbeat { frame = try await next() }
        guard let frame, frame.method == M.id else { throw Failure.unexpected(frame) }
        return try frame.payload.withUnsafeBytes { bytes in
            var reader = WireReader(UnsafeRawBufferPointer(rebasing: bytes[4...]))
            return try M(from: &reader)
        }
    }

    /// Reads until the connection ends.
    /// - Returns: the frames that came before.
    @discardableResult
    func waitForEnd() async throws -> [Frame] {
        var frames: [Frame] = []
        while let frame = try await next() { frames.append(frame) }
        return frames
    }

    // MARK: Behaving badly

    /// From now on nothing is read.
    func stopReading() async throws { try await channel.setOption(.autoRead, value: false).get() }

    func startReading() async throws { try await channel.setOption(.autoRead, value: true).get() }

    /// Ends with a reset instead of an orderly close.
    func reset() async throws {
        if let options = channel as? any SocketOptionProvider {
            try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        }
        try? await channel.close()
    }

    /// Tells the broker that no more comes, and goes on reading.
    func finishSending() async { try? await channel.close(mode: .output) }

    func close() async { try? await channel.close() }
}

/// Puts received bytes together to frames, for one reader at a time. Confined to its loop.
private final class Inbox: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let loop: any EventLoop
    private var bytes = ByteBuffer()
    private var hasEnded = false
    private var waiter: EventLoopPromise<LiveClient.Frame?>?
    private var impatience: Scheduled<Void>?

    init(_ loop: any EventLoop) { self.loop = loop }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes.writeImmutableBuffer(unwrapInboundIn(data))
        serve()
    }

    func channelInactive(context: ChannelHandlerContext) {
        hasEnded = true
        serve()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func next() -> EventLoopFuture<LiveClient.Frame?> {
        let promise = loop.makePromise(of: LiveClient.Frame?.self)
        waiter = promise
        let bound = NIOLoopBound(self, eventLoop: loop)
        impatience = loop.scheduleTask(in: LiveClient.patience) { bound.value.answer(.failure(LiveClient.Failure.silence)) }
        serve()
        return promise.futureResult
    }

    private func serve() {
        guard waiter != nil else { return }
        do {
            if let frame = try takeFrame() { return answer(.success(frame)) }
            if hasEnded { answer(.success(nil)) }
        } catch {
            answer(.failure(error))
        }
    }

    private func answer(_ result: Result<LiveClient.Frame?, any Error>) {
        impatience?.cancel()
        let promise = waiter
        waiter = nil
        promise?.completeWith(result)
    }

    private func takeFrame() throws -> LiveClient.Frame? {
        let found = try bytes.withUnsafeReadableBytes { raw in
            try FrameScanner.frame(in: raw, at: 0, limit: 1 << 24).map { frame in
                (LiveClient.Frame(type: frame.type, channel: frame.channel, payload: Array(raw[frame.payload])), frame.end)
            }
        }
        guard let (frame, end) = found else { return nil }
        bytes.moveReaderIndex(forwardBy: end)
        bytes.discardReadBytes()
        return frame
    }
}
