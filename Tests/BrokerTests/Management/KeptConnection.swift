import NIOCore
import NIOHTTP1
import NIOPosix

/// A connection to the management API that is used for several requests, one after the other.
final class KeptConnection: Sendable {
    private let probe: HTTPProbe
    private let channel: any Channel
    private let answers: NIOLoopBound<Answers>

    private init(_ probe: HTTPProbe, _ channel: any Channel, _ answers: NIOLoopBound<Answers>) {
        self.probe = probe
        self.channel = channel
        self.answers = answers
    }

    static func open(_ probe: HTTPProbe) async throws -> KeptConnection {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: probe.port) { channel in
            channel.eventLoop.makeCompletedFuture {
                let answers = Answers()
                try channel.pipeline.syncOperations.addHTTPClientHandlers()
                try channel.pipeline.syncOperations.addHandler(answers)
                return KeptConnection(probe, channel, NIOLoopBound(answers, eventLoop: channel.eventLoop))
            }
        }
    }

    /// Sends a GET and returns the status of the answer.
    func status(_ path: String) async throws -> Int {
        let answer = channel.eventLoop.makePromise(of: Int.self)
        channel.eventLoop.execute { [channel, answers, head = probe.head(.GET, path)] in
            answers.value.waiting = answer
            channel.write(HTTPClientRequestPart.head(head), promise: nil)
            channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        }
        return try await answer.futureResult.get()
    }

    func waitUntilClosed() async throws { try await channel.closeFuture.get() }

    private final class Answers: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart
        var waiting: EventLoopPromise<Int>?
        private var status = 0

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): status = Int(head.status.code)
            case .body: break
            case .end: finish(.success(status))
            }
        }

        func channelInactive(context: ChannelHandlerContext) { finish(.failure(HTTPProbe.NoAnswer())) }

        private func finish(_ result: Result<Int, any Error>) {
            waiting?.completeWith(result)
            waiting = nil
        }
    }
}
