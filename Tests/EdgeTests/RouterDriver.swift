import Contracts
import Edge
import Foundation
import Logging

/// Sends requests into a router without a server, and reads the answers.
struct RouterDriver {
    let responder: RouterResponder<HTTPContext>

    init(_ build: (Router<HTTPContext>) -> Void) {
        let table = RouteTable()
        let router = Router(context: HTTPContext.self, options: .autoGenerateHeadEndpoints)
        EdgePipeline(
            problems: ProblemMiddleware(routes: table) { error in
                error is Away ? .unavailable("away") : nil
            }
        ).install(on: router)
        build(router)
        table.publish(router)
        responder = router.buildResponder()
    }

    /// Stands for an error of another module.
    struct Away: Error {}

    struct Answer {
        var status: Int
        var headers: HTTPFields
        var body: [UInt8]

        var json: JSONValue? { try? JSONValue.parse(body) }
        var contentType: String? { headers[.contentType] }
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: [UInt8] = [], headers: HTTPFields = [:]
    ) async throws -> Answer {
        try await send(method, path, RequestBody(buffer: ByteBuffer(bytes: body)), headers: headers)
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: RequestBody, headers: HTTPFields = [:]
    ) async throws -> Answer {
        let request = Request(
            head: HTTPRequest(method: method, scheme: "http", authority: "test", path: path, headerFields: headers), body: body)
        let context = HTTPContext(core: CoreRequestContextStorage(source: Source()))
        let response = try await responder.respond(to: request, context: context)
        let writer = Writer()
        try await response.body.write(writer)
        return Answer(status: response.status.code, headers: response.headers, body: writer.bytes.value)
    }

    private struct Source: RequestContextSource {
        var logger: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
    }

    private struct Writer: ResponseBodyWriter {
        final class Box {
            var value: [UInt8] = []
        }

        let bytes = Box()

        mutating func write(_ buffer: ByteBuffer) { bytes.value += Array(buffer.readableBytesView) }
        consuming func finish(_ trailingHeaders: HTTPFields?) {}
    }
}
