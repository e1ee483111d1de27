import Locking
import NIOCore
import NIOHTTP1
import NIOPosix

/// A small web server of a test, which answers as it is told and keeps what it was sent.
final class EventSink: Sendable {
    struct Request: Sendable {
        var method: String
        var path: String
        var headers: HTTPHeaders
        var body: [UInt8]
    }

    private struct State {
        var requests: [Request] = []
        var answers: [Int]
        var bodies: [[UInt8]]
    }

    private let state: Box
    private let channel: any Channel

    private final class Box: Sendable {
        let state: Locked<State>
        init(_ state: State) { self.state = Locked(state) }
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { state.state.withLock(\.requests) }

    private init(_ state: Box, _ channel: any Channel) {
        self.state = state
        self.channel = channel
    }

    /// Runs a server.
    /// - Parameters:
    ///   - answers: the codes of the first answers; 0 closes the connection without one, and -1 is silence. All others are 204.
    ///   - bodies: those of the first answers; all others are empty.
    ///   - port: where to listen; 0 takes a free one.
    static func with<R: Sendable>(
        _ answers: [Int] = [], bodies: [[UInt8]] = [], port: Int = 0, _ body: (EventSink) async throws -> R
    ) async throws -> R {
        let box = Box(State(answers: answers, bodies: bodies))
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(box))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        do {
            let result = try await body(EventSink(box, channel))
            try await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let box: Box
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(_ box: Box) { self.box = box }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): (self.head, body) = (head, [])
            case .body(let part): body += Array(part.readableBytesView)
            case .end:
                guard let head else { return }
                let request = Request(method: head.method.rawValue, path: head.uri, headers: head.headers, body: body)
                let (code, body) = box.state.withLock { state -> (Int, [UInt8]) in
                    state.requests.append(request)
                    return (
                        state.answers.isEmpty ? 204 : state.answers.removeFirst(), state.bodies.isEmpty ? [] : state.bodies.removeFirst()
                    )
                }
                guard code >= 0 else { return }
                guard code > 0 else { return context.close(promise: nil) }
                let answer = HTTPResponseHead(
                    version: .http1_1, status: .init(statusCode: code), headers: code == 204 ? [:] : ["content-length": "\(body.count)"])
                context.write(wrapOutboundOut(.head(answer)), promise: nil)
                if !body.isEmpty { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil) }
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
