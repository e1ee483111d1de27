import Contracts
import Edge
import Testing

@Suite("Errors are problems")
struct ProblemTests {
    private struct Defect: Error {}

    private let driver = RouterDriver { router in
        router.get("/things") { _, _ in Response.json { $0.string("ok", "yes") } }
        router.post("/things") { request, _ in
            let value = try await JSONBody.read(request)
            return Response.json(.created, value.encoded())
        }
        router.post("/hasty") { request, _ in
            Response.json(.created, try await JSONBody.read(request, limits: .init(time: .zero)).encoded())
        }
        router.post("/patient") { request, _ in
            Response.json(.created, try await JSONBody.read(request, limits: .init(time: .milliseconds(50))).encoded())
        }
        router.get("/things/{id}") { _, _ -> Response in throw Problem.notFound("gone") }
        router.put("/things/{id}/parts/{part}") { _, _ -> Response in throw Defect() }
        router.get("/away") { _, _ -> Response in throw RouterDriver.Away() }
        router.get("/teapot") { _, _ -> Response in throw HTTPError(.init(code: 418), message: "short and stout") }
    }

    private func expectProblem(_ answer: RouterDriver.Answer, _ status: Int, _ kind: String) {
        #expect(answer.status == status)
        #expect(answer.contentType == "application/problem+json")
        #expect(answer.json?["type"]?.stringValue == "urn:millrace:problem:\(kind)")
        #expect(answer.json?["status"]?.intValue == status)
        #expect(answer.json?["title"]?.stringValue?.isEmpty == false)
    }

    @Test("404 for unknown paths, 405 with Allow for known ones")
    func routes() async throws {
        expectProblem(try await driver.send(.get, "/nothing"), 404, "not-found")
        expectProblem(try await driver.send(.get, "/things/1/parts"), 404, "not-found")
        expectProblem(try await driver.send(.get, "/"), 404, "not-found")
        let wrong = try await driver.send(.delete, "/things")
        expectProblem(wrong, 405, "method-not-allowed")
        #expect(wrong.headers[.allow] == "GET, HEAD, POST")
        let deep = try await driver.send(.get, "/things/1/parts/2")
        expectProblem(deep, 405, "method-not-allowed")
        #expect(deep.headers[.allow] == "PUT")
    }

    /// Fails when the middleware passes the text of unknown errors on.
    @Test("a defect says nothing of the inside")
    func defect() async throws {
        let answer = try await driver.send(.put, "/things/1/parts/2")
        expectProblem(answer, 500, "internal")
        #expect(!String(decoding: answer.body, as: UTF8.self).contains("Defect"))
    }

    @Test("errors of other modules are translated, Hummingbird's are wrapped")
    func translated() async throws {
        let away = try await driver.send(.get, "/away")
        expectProblem(away, 503, "unavailable")
        #expect(away.headers[.retryAfter] == "1")
        expectProblem(try await driver.send(.get, "/teapot"), 418, "http-418")
    }

    @Test("HEAD has no body")
    func head() async throws {
        let answer = try await driver.send(.head, "/things/7")
        #expect(answer.status == 404)
        #expect(answer.body.isEmpty)
    }

    struct Body: Sendable, CustomTestStringConvertible {
        var text: String
        var status: Int
        var testDescription: String { "\(text.prefix(20)), \(text.utf8.count) bytes" }

        init(_ text: String, _ status: Int) {
            self.text = text
            self.status = status
        }
    }

    @Test(
        "bodies that are not JSON within the limits",
        arguments: [
            Body("", 400), Body("{", 400), Body("nul", 400), Body("{\"a\":1}x", 400), Body("{\"a\":1,\"a\":2}", 400),
            Body("[1,]", 400), Body("\"\\ud800\"", 400),
            Body(String(repeating: "[", count: 65) + String(repeating: "]", count: 65), 400),
            Body(String(repeating: "[", count: 64) + String(repeating: "]", count: 64), 201),
            Body("\"" + String(repeating: "a", count: 1 << 20) + "\"", 413),
            Body("\"" + String(repeating: "a", count: (1 << 20) - 2) + "\"", 201),
        ])
    func bodies(_ body: Body) async throws {
        let answer = try await driver.send(
            .post, "/things", Array(body.text.utf8), headers: [.contentType: "application/json"])
        #expect(answer.status == body.status)
        if body.status == 400 { expectProblem(answer, 400, "malformed-json") }
        if body.status == 413 { expectProblem(answer, 413, "body-too-large") }
    }

    @Test("invalid UTF-8")
    func invalidUTF8() async throws {
        let answer = try await driver.send(.post, "/things", [0x22, 0xFF, 0x22], headers: [.contentType: "application/json"])
        expectProblem(answer, 400, "malformed-json")
    }

    /// Fails when a body is not asked how long it takes: seen.
    @Test("a body that comes too slowly is given up")
    func slowBody() async throws {
        let answer = try await driver.send(.post, "/hasty", Array("1".utf8), headers: [.contentType: "application/json"])
        expectProblem(answer, 408, "request-timeout")
        #expect(answer.headers[.connection] == "close")
    }

    /// Fails when the time is looked at only when something comes (JSONBody.collect): the first hangs then.
    @Test("a client that sends nothing, or stops in the middle, is told so", .timeLimit(.minutes(3)))
    func silentClient() async throws {
        for parts in [[], [ByteBuffer(string: "{\"a\":")]] {
            let (body, continuation) = AsyncStream<ByteBuffer>.makeStream()
            for part in parts { continuation.yield(part) }
            let answer = try await driver.send(
                .post, "/patient", RequestBody(asyncSequence: body), headers: [.contentType: "application/json"])
            expectProblem(answer, 408, "request-timeout")
            withExtendedLifetime(continuation) {}
        }
    }

    @Test("a length that is announced too large is refused before anything is read")
    func announcedLength() async throws {
        let answer = try await driver.send(
            .post, "/things", [], headers: [.contentType: "application/json", .contentLength: "100000000"])
        expectProblem(answer, 413, "body-too-large")
    }

    @Test(
        "content types",
        arguments: [
            ("application/json", true), ("application/json; charset=utf-8", true), ("APPLICATION/JSON;charset=UTF-8", true),
            ("application/cloudevents+json", true), ("application/json; charset=\"utf-8\"", true),
            ("text/plain", false), ("application/json; charset=latin1", false), ("application/xml", false), ("", false),
            ("text/json+json", false), ("application/jsonx", false),
        ])
    func contentTypes(_ type: String, _ isAccepted: Bool) async throws {
        #expect(JSONBody.isJSON(type) == isAccepted)
        let answer = try await driver.send(.post, "/things", Array("1".utf8), headers: [.contentType: type])
        #expect(answer.status == (isAccepted ? 201 : 415))
    }

    @Test("no content type, and compressed bodies")
    func unsupported() async throws {
        expectProblem(try await driver.send(.post, "/things", Array("1".utf8)), 415, "unsupported-media-type")
        let zipped = try await driver.send(
            .post, "/things", Array("1".utf8), headers: [.contentType: "application/json", .contentEncoding: "gzip"])
        expectProblem(zipped, 415, "unsupported-media-type")
    }

    @Test("each wrong value is named by its pointer")
    func pointers() throws {
        let problem = Problem.invalid([
            .init(pointer: "/items/0/quantity", detail: "must be from 1 to 1000, is 0"),
            .init(pointer: "/a~1b", detail: "\"quoted\"\n"),
        ])
        let json = try JSONValue.parse(problem.body)
        #expect(json["errors"]?[0]?["pointer"]?.stringValue == "/items/0/quantity")
        #expect(json["errors"]?[1]?["detail"]?.stringValue == "\"quoted\"\n")
        #expect(json["status"]?.intValue == 422)
    }
}
