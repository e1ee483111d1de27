import Locking
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOTLS

/// One connection; opened when needed, and again after it was lost.
final class HTTPConnection: Sendable {
    private let endpoint: HTTPEndpoint
    private let bodyLimit: Int
    private let channel = Locked<(any Channel)?>(nil)

    init(_ endpoint: HTTPEndpoint, bodyLimit: Int) {
        self.endpoint = endpoint
        self.bodyLimit = bodyLimit
    }

    func send(_ request: HTTPClient.Request, timeout: Duration) async throws -> HTTPClient.Answer {
        let (channel, isFresh) = try await open()
        do {
            return try await exchange(request, on: channel, timeout: timeout)
        } catch HTTPClient.Failure.notSent where !isFresh {
            // The server has closed an idle connection; that says nothing about the server.
            let (channel, _) = try await open()
            return try await exchange(request, on: channel, timeout: timeout)
        }
    }

    func close() async {
        let channel = channel.withLock { $0.take() }
        try? await channel?.close().get()
    }

    private func exchange(_ request: HTTPClient.Request, on channel: any Channel, timeout: Duration) async throws -> HTTPClient.Answer {
        let promise = channel.eventLoop.makePromise(of: HTTPClient.Answer.self)
        let scheduled = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            promise.fail(HTTPClient.Failure.unknown("no answer in time"))
            channel.close(promise: nil)
        }
        let taken = channel.eventLoop.makePromise(of: Void.self)
        // Fails alone where the channel has lost its handlers: nothing was sent then.
        taken.futureResult.whenFailure { promise.fail(HTTPClient.Failure.notSent("\($0)")) }
        channel.writeAndFlush(HTTPExchange(request: request, answer: promise), promise: taken)
        defer { scheduled.cancel() }
        return try await promise.futureResult.get()
    }

    private func open() async throws -> (any Channel, Bool) {
        if let channel = channel.withLock({ $0 }), channel.isActive { return (channel, false) }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let ready = loop.makePromise(of: Void.self)
        do {
            let (endpoint, bodyLimit) = (endpoint, bodyLimit)
            let trust = try endpoint.isSecure ? HTTPTrust.context() : nil
            let opened = try await ClientBootstrap(group: loop)
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .connectTimeout(.seconds(5))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        if let trust { try pipeline.addHandler(HTTPTrust.handler(trust, for: endpoint.host)) }
                        try pipeline.addHTTPClientHandlers()
                        try pipeline.addHandler(
                            HTTPExchangeHandler(host: endpoint.authority, isSecure: trust != nil, bodyLimit: bodyLimit, ready: ready))
                    }
                }
                .connect(host: endpoint.host, port: endpoint.port).get()
            // A server that takes the connection and says nothing would keep us for ever.
            let patience = loop.scheduleTask(in: .seconds(10)) { ready.fail(ChannelError.connectTimeout(.seconds(10))) }
            ready.futureResult.whenFailure { _ in opened.close(promise: nil) }
            try await ready.futureResult.get()
            patience.cancel()
            channel.withLock { $0 = opened }
            return (opened, true)
        } catch {
            ready.fail(error)
            throw HTTPClient.Failure.notSent("\(error)")
        }
    }
}

/// A request and the promise of its answer, on their way into the channel.
private struct HTTPExchange: Sendable {
    var request: HTTPClient.Request
    var answer: EventLoopPromise<HTTPClient.Answer>
}

/// Writes requests and gathers their answers.
private final class HTTPExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = Never
    typealias OutboundIn = HTTPExchange
    typealias OutboundOut = HTTPClientRequestPart

    private let host: String
    private let isSecure: Bool
    private let bodyLimit: Int
    /// Kept when requests may be sent: at once, or after the handshake of TLS.
    private let ready: EventLoopPromise<Void>
    private var current: EventLoopPromise<HTTPClient.Answer>?
    private var answer = HTTPClient.Answer(status: 0, headers: [:], body: [])
    private var isClosing = false

    init(host: String, isSecure: Bool, bodyLimit: Int, ready: EventLoopPromise<Void>) {
        self.host = host
        self.isSecure = isSecure
        self.bodyLimit = bodyLimit
        self.ready = ready
    }

    func channelActive(context: ChannelHandlerContext) {
        if !isSecure { ready.succeed() }
        context.fireChannelActive()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        promise?.succeed()
        guard context.channel.isActive, !isClosing, current == nil else {
            exchange.answer.fail(HTTPClient.Failure.notSent("the connection is closed"))
            return
        }
        current = exchange.answer
        var headers = HTTPHeaders([("host", host)] + exchange.request.headers)
        if !exchange.request.body.isEmpty {
            if !headers.contains(name: "content-type") { headers.add(name: "content-type", value: "application/json") }
            headers.add(name: "content-length", value: "\(exchange.request.body.count)")
        } else if exchange.request.method != .GET {
            headers.add(name: "content-length", value: "0")
        }
        let head = HTTPRequestHead(version: .http1_1, method: exchange.request.method, uri: exchange.request.path, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !exchange.request.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: exchange.request.body)))), promise: nil)
        }
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            answer = .init(status: Int(head.status.code), headers: head.headers, body: [])
            isClosing = !head.isKeepAlive
        case .body(let buffer):
            guard answer.body.count + buffer.readableBytes <= bodyLimit else { return refuseBody(context) }
            answer.body.append(contentsOf: buffer.readableBytesView)
        case .end:
            let promise = current
            current = nil
            promise?.succeed(answer)
            if isClosing { context.close(promise: nil) }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { ready.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ready.fail(error)
        fail(.unknown("\(error)"))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        ready.fail(ChannelError.eof)
        fail(.unknown("the connection was lost"))
        context.fireChannelInactive()
    }

    /// What a server sends without end would else be kept until there is no memory left.
    private func refuseBody(_ context: ChannelHandlerContext) {
        isClosing = true
        answer.body = []
        fail(.tooLarge(bodyLimit))
        context.close(promise: nil)
    }

    private func fail(_ failure: HTTPClient.Failure) {
        current?.fail(failure)
        current = nil
    }
}
