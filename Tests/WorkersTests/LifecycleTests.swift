import Contracts
import Foundation
import Servers
import TestSupport
import Testing
import Topics

extension Workers {
    @Suite("a worker's life")
    struct LifecycleTests {
        @Test("live and ready, then gone in order when its parent is")
        func health() async throws {
            let worker = try await WorkerUnderTest.start("shipping")
            let http = LoopbackHTTP(port: await worker.port)
            let live = try await http.send("GET", "/health/live")
            #expect(live.status == 200)
            #expect(live.json?["status"]?.stringValue == "live")
            let ready = try await http.send("GET", "/health/ready")
            #expect(ready.status == 200)
            #expect(ready.json?["checks"]?["database"]?.stringValue == "ok")
            #expect(await worker.abandon() == 0)
        }

        /// Fails when connections are accepted without a bound: seen.
        @Test("a connection more than the bound waits until one is closed")
        func boundedConnections() async throws {
            let worker = try await WorkerUnderTest.start("shipping", environment: ["MILLRACE_HTTP_CONNECTIONS": "1"])
            let http = LoopbackHTTP(port: await worker.port)
            let (second, closing) = try await http.withConnection { ask in
                var served = try await ask("GET", "/health/live") ? 1 : 0
                let second = Task { (try await http.send("GET", "/health/live").status, ContinuousClock.now) }
                for _ in 0..<50 where try await ask("GET", "/health/live") { served += 1 }
                #expect(served == 51)
                return (second, ContinuousClock.now)
            }
            let (status, answeredAt) = try await second.value
            #expect(status == 200)
            #expect(answeredAt > closing)
            #expect(await worker.abandon() == 0)
        }

        /// Fails when `run` does not look at the histories.
        @Test("a database that is not prepared is refused, with the command to run")
        func unprepared() async throws {
            let worker = try await WorkerUnderTest("orders")
            let result = try await ChildProcess.run(
                .init(
                    executable: WorkerUnderTest.executable("orders"), arguments: ["run"], environment: worker.environment),
                timeout: .seconds(30))
            #expect(result.status.shellCode == 1)
            #expect(result.standardError.contains("millrace migrate orders"))
        }

        @Test("a migration that has changed since it ran is refused")
        func changed() async throws {
            let worker = try await WorkerUnderTest("payments")
            try await worker.command("prepare")
            try await worker.command("prepare")
            let db = try worker.database()
            try await db.execute("UPDATE flyway_schema_history SET checksum = checksum + 1 WHERE version = '1'")
            await db.close()
            let failure = await #expect(throws: WorkerUnderTest.Failure.self) { try await worker.run() }
            #expect(failure?.description.contains("millrace migrate payments --validate") == true, "\(failure?.description ?? "")")
            await worker.stop()
        }

        /// Fails when the drain does not close the waits: the client would keep the process for 60 seconds.
        @Test("a client that waits does not hold up a shutdown")
        func drainsWaits() async throws {
            let wire = try await TopicWire.connect(topics: ["supply.inventory"])
            // `stop` kills it after twenty seconds.
            let worker = try await WorkerUnderTest.start("edge", environment: ["MILLRACE_DRAIN_SECONDS": "19"])
            let http = LoopbackHTTP(port: await worker.port)
            async let answer = http.send(
                "POST", "/products", #"{"productId":"p","name":"n","priceCents":1}"#, headers: ["Prefer": "wait=60"])
            try await eventually("the command is there") {
                let db = try worker.database()
                defer { Task { await db.close() } }
                return try await db.queryOne("SELECT count(*) FROM commands", as: Int.self) == 1
            }
            let start = ContinuousClock.now
            #expect(await worker.stop() == 0)
            #expect(ContinuousClock.now - start < .seconds(15))
            #expect(try await answer.status == 202)
            await wire.close()
        }

        /// Fails when messaging is told only after HTTP has ended (WorkerRuntime.run without `stopConsuming`): the queue keeps its
        /// consumer until the drain's time is over. Both requests of the second piece have come before the first is answered, so the
        /// server owes both an answer.
        @Test("a client that sends slowly gets its answer, and the worker consumes no more meanwhile")
        func drainsBesideHTTP() async throws {
            let wire = try await TopicWire.connect(topics: [], commands: [AddProduct.type])
            let worker = try await WorkerUnderTest.start("edge", environment: ["MILLRACE_DRAIN_SECONDS": "19"])
            try await eventually("it consumes") { try await wire.consumers(of: "worker.edge") == 1 }
            let product = #"{"productId":"slow","name":"n","priceCents":1}"#
            let live = "GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n"
            let create =
                "POST /products HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: \(product.utf8.count)\r\n\r\n"
            let ready = "GET /health/ready HTTP/1.1\r\nHost: test\r\n\r\n"
            let half = product.count / 2

            let (stopping, answers) = try await LoopbackHTTP(port: await worker.port).send(
                "\(live)\(create)\(product.prefix(half))", then: "\(product.dropFirst(half))\(ready)"
            ) {
                let stopping = Task { await worker.stop() }
                try await eventually("it consumes no more", within: .seconds(15)) {
                    try await wire.consumers(of: "worker.edge") == 0
                }
                return stopping
            }
            #expect(answers.contains("HTTP/1.1 202"))
            #expect(answers.contains("HTTP/1.1 503") && answers.contains("is shutting down"))
            #expect(await stopping.value == 0)
            try await eventually("what it was sent is published") { await wire.all.contains { $0.type == AddProduct.type } }
            await wire.close()
        }

        @Test("the database goes away and comes back: 503 meanwhile, never 500")
        func databaseAway() async throws {
            let postgres = try await PrivatePostgres.temporary()
            let worker = try await WorkerUnderTest.start("edge", environment: ["DATABASE_URL": await postgres.url()])
            let http = LoopbackHTTP(port: await worker.port)
            await postgres.kill()
            let away = try await http.send("POST", "/products", #"{"productId":"p","name":"n","priceCents":1}"#)
            #expect(away.status == 503)
            #expect(away.headers["content-type"] == "application/problem+json")
            #expect(away.headers["retry-after"] != nil)
            #expect(try await http.send("GET", "/products/p").status == 503)
            #expect(try await http.send("GET", "/health/ready").status == 503)
            #expect(try await http.send("GET", "/health/live").status == 200)
            _ = try await postgres.start()
            try await eventually("ready again") { try await http.send("GET", "/health/ready").status == 200 }
            let back = try await http.send("POST", "/products", #"{"productId":"p","name":"n","priceCents":1}"#)
            #expect(back.status == 202)
            #expect(await worker.stop() == 0)
            await postgres.remove()
        }
    }
}
