import Contracts
import NIOCore
import NIOHTTP1
import NIOPosix

/// A small client of HTTP for tests: one connection per request.
struct HTTPProbe: Sendable {
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]

        var json: JSONValue { (try? JSONValue.parse(body)) ?? .null }
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    struct NoAnswer: Error {}

    let port: Int
    var user: String? = "guest"
    var password = "guest"

    func callAsFunction(_ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil) async throws -> Answer {
        try await send(method, path, body?.encoded() ?? [])
    }

    func send(_ method: HTTPMethod, _ path: String, _ body: [UInt8]) async throws -> Answer {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: Answer.self)
        var head = head(method, path)
        head.headers.add(contentsOf: ["content-length": "\(body.count)", "connection": "close"])
        let channel = try await ClientBootstrap(group: loop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHTTPClientHandlers()
                try channel.pipeline.syncOperations.addHandler(Collector(promise))
            }
        }.connect(host: "127.0.0.1", port: port).get()
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if !body.isEmpty { channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil) }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        return try await promise.futureResult.get()
    }

    /// The head of a request without a body, on a connection that stays.
    func head(_ method: HTTPMethod, _ path: String) -> HTTPRequestHead {
        var headers: HTTPHeaders = ["host": "127.0.0.1:\(port)"]
        if let user { headers.add(name: "authorization", value: "Basic " + Self.base64(Array("\(user):\(password)".utf8))) }
        return HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
    }

    /// Without Foundation, so that the tests need no more than the broker.
    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = (0..<3).map { start + $0 < bytes.count ? UInt32(bytes[start + $0]) : 0 }
            let bits = group[0] << 16 | group[1] << 8 | group[2]
            for index in 0..<4 {
                text.append(start + index - 1 < bytes.count || index < 2 ? alphabet[Int(bits >> (18 - 6 * UInt32(index)) & 63)] : "=")
            }
        }
        return text
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart
        private let promise: EventLoopPromise<Answer>
        private var answer = Answer(status: 0, headers: [:], body: [])

        init(_ promise: EventLoopPromise<Answer>) { self.promise = promise }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                answer.status = Int(head.status.code)
                answer.headers = head.headers
            case .body(let part): answer.body.append(contentsOf: part.readableBytesView)
            case .end:
                promise.succeed(answer)
                context.close(promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            promise.fail(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { promise.fail(NoAnswer()) }
    }
}
