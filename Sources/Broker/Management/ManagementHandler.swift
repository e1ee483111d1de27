import NIOCore
import NIOHTTP1

/// One connection of the management API: gathers a request, has it answered, and goes on with the next.
///
/// A single timer bounds everything a client could drag out: sending a request, reading the answer, being idle.
final class ManagementHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let router: ManagementRouter
    private let limits: BrokerLimits
    private let onClose: () -> Void
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var isTooLarge = false
    private var timer: Scheduled<Void>?
    /// Requests that have begun and whose answers are not written.
    private var unanswered = 0
    /// Since when it has neither sent nor waited for anything; nil while it does.
    private(set) var idleSince: NIODeadline? = .now()

    init(router: ManagementRouter, limits: BrokerLimits, onClose: @escaping () -> Void) {
        self.router = router
        self.limits = limits
        self.onClose = onClose
    }

    func channelActive(context: ChannelHandlerContext) {
        arm(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        onClose()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            unanswered += 1
            idleSince = nil
            body.removeAll()
            isTooLarge = false
            if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > limits.managementBodyBytes {
                isTooLarge = true
            }
            if head.headers.first(name: "expect")?.lowercased() == "100-continue", !isTooLarge {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: .continue))), promise: nil)
            }
            if isTooLarge { refuseTooLarge(context) }
        case .body(let part):
            guard !isTooLarge else { return }
            guard body.count + part.readableBytes <= limits.managementBodyBytes else {
                isTooLarge = true
                return refuseTooLarge(context)
            }
            body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head, !isTooLarge else { return }
            self.head = nil
            answer(head, context)
        }
    }

    /// The rest of the request is not read: the connection ends.
    private func refuseTooLarge(_ context: ChannelHandlerContext) {
        guard let head else { return }
        body = []
        write(.failure(.tooLarge), to: head, keepsAlive: false, context)
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let body = body
        self.body = []
        let channel = NIOLoopBound(context, eventLoop: context.eventLoop)
        let isLoopback = context.remoteAddress?.isLoopback ?? false
        router.answer(head, body: body, isFromLoopback: isLoopback) { [self] reply in
            guard channel.value.channel.isActive else { return }
            write(reply, to: head, keepsAlive: head.isKeepAlive, channel.value)
        }
    }

    private func write(_ reply: ManagementReply, to head: HTTPRequestHead, keepsAlive: Bool, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders(reply.headers.map { ($0.0, $0.1) })
        headers.add(name: "cache-control", value: "no-cache")
        headers.add(name: "server", value: "Millrace")
        // Answers can hold names and payloads that clients chose; no browser may take them for anything but data.
        headers.add(name: "x-content-type-options", value: "nosniff")
        if reply.status != .noContent { headers.add(name: "content-length", value: "\(reply.body.count)") }
        if !keepsAlive { headers.add(name: "connection", value: "close") }
        context.write(wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: reply.status, headers: headers))), promise: nil)
        if !reply.body.isEmpty, head.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body)))), promise: nil)
        }
        arm(context)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { [self] _ in
            let context = bound.value
            guard context.channel.isActive else { return }
            guard keepsAlive else { return context.close(promise: nil) }
            arm(context)
            unanswered -= 1
            if unanswered == 0 { idleSince = .now() }
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    private func arm(_ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Int64(limits.managementIdleSeconds))) {
            bound.value.close(promise: nil)
        }
    }
}
