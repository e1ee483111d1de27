import Edge
import Logging
import Millrace
import Testing

@Suite("GET /health/ready") struct WorkerHealthTests {
    @Test("200 when all is well, 503 as soon as a shutdown has begun, and live all the time")
    func draining() async throws {
        let health = WorkerHealth()
        let ask = asker(health)
        #expect(try await ask("/health/ready") == 503)
        health.listening(port: 8080)
        #expect(try await ask("/health/ready") == 200)
        health.beginDraining()
        #expect(try await ask("/health/ready") == 503)
        #expect(try await ask("/health/live") == 200)
        let problems = await health.problems().filter { $0.problem != nil }
        #expect(problems.map { $0.name } == ["lifecycle"])
    }

    @Test("a check of the worker's own makes it unready, with the reason")
    func check() async throws {
        let health = WorkerHealth()
        health.listening(port: 8080)
        health.add("stock") { "is being counted" }
        #expect(try await asker(health)("/health/ready") == 503)
        #expect(await health.problems().last?.problem == "is being counted")
    }

    /// Asks the routes without a server, for the status alone.
    private func asker(_ health: WorkerHealth) -> (_ path: String) async throws -> Int {
        let router = Router(context: HTTPContext.self)
        health.addRoutes(to: router, worker: "orders")
        let responder = router.buildResponder()
        return { path in
            let request = Request(
                head: HTTPRequest(method: .get, scheme: "http", authority: "test", path: path),
                body: RequestBody(buffer: ByteBuffer()))
            let context = HTTPContext(core: CoreRequestContextStorage(source: Source()))
            return try await responder.respond(to: request, context: context).status.code
        }
    }

    private struct Source: RequestContextSource {
        var logger: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
    }
}
