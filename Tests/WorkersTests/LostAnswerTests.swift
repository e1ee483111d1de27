import Contracts
import Foundation
import Postgres
import TestSupport
import Testing
import Topics

extension Workers {
    /// Orders whose commit took effect, while its answer was lost with the connection.
    @Suite("the edge loses the answer of its database")
    struct LostAnswerTests {
        private func withProxy(_ body: (Proxy, WorkerUnderTest, TopicWire, LoopbackHTTP) async throws -> Void) async throws {
            let url = try await TestPostgres.url()
            let port = try PostgresConfiguration(url: url).port
            let proxy = try Proxy(to: port)
            defer { proxy.close() }
            var components = try #require(URLComponents(string: url))
            components.host = "127.0.0.1"
            components.port = proxy.port
            // Neither the socket, nor anything that the proxy could not read.
            components.queryItems = [URLQueryItem(name: "sslmode", value: "disable")]
            let environment = ["DATABASE_URL": try #require(components.string)]
            try await withWorker("edge", topics: [], commands: [PlaceOrder.type], environment: environment) { worker, wire in
                let http = LoopbackHTTP(port: await worker.port)
                try await wire.publish(
                    [Envelope(ProductAdded(productID: "cd-1", name: "n", priceCents: 1), source: "/test")], to: ProductAdded.topic)
                try await eventually("the product") { try await http.send("GET", "/products/cd-1").status == 200 }
                try await body(proxy, worker, wire, http)
            }
        }

        private func order(_ http: LoopbackHTTP, of customer: String) async throws -> LoopbackHTTP.Answer {
            try await http.send(
                "POST", "/orders", #"{"customerId":"\#(customer)","items":[{"productId":"cd-1","quantity":1}],"paymentToken":"t"}"#)
        }

        /// What has been sent to place orders, by customer, once an order of `last` is among it.
        private func placed(_ wire: TopicWire, _ http: LoopbackHTTP, last: String) async throws -> [String: Int] {
            #expect(try await order(http, of: last).status == 202)
            var counts: [String: Int] = [:]
            try await eventually("the order of \(last)", within: .seconds(30)) {
                let orders = try await wire.all.map { try $0.decode(PlaceOrder.self).customerID }
                counts = Dictionary(orders.map { ($0, 1) }, uniquingKeysWith: +)
                return counts[last] != nil
            }
            return counts
        }

        private func accepted(_ worker: WorkerUnderTest) async throws -> Int {
            let db = try worker.database()
            let count = try await db.queryOne("SELECT count(*) FROM commands", as: Int.self)
            await db.close()
            return count ?? -1
        }

        /// Fails when the command is not submitted again (503), and when the row of the first submission is not taken for the
        /// proof that it has taken effect (500).
        @Test("a command whose commit took effect is accepted, once")
        func accepted() async throws {
            try await withProxy { proxy, worker, wire, http in
                #expect(try await order(http, of: "c-first").status == 202)
                proxy.loseAnswers(to: ["c-lost"])
                let answer = try await order(http, of: "c-lost")
                #expect(answer.status == 202, "\(String(decoding: answer.body, as: UTF8.self))")
                #expect(proxy.answersToLose == 0)
                #expect(try await placed(wire, http, last: "c-last") == ["c-first": 1, "c-lost": 1, "c-last": 1])
                #expect(try await accepted(worker) == 3)
            }
        }

        /// Both answers are lost. Fails when the problem does not name the command.
        @Test("a client that is told to try again can look first")
        func unknown() async throws {
            try await withProxy { proxy, worker, wire, http in
                #expect(try await order(http, of: "c-first").status == 202)
                proxy.loseAnswers(to: ["c-lost", "c-lost"])
                let answer = try await order(http, of: "c-lost")
                #expect(answer.status == 503 && answer.headers["retry-after"] != nil)
                #expect(proxy.answersToLose == 0)
                let command = try #require(answer.json?["command"]?.stringValue)
                #expect(try await http.send("GET", command).json?["status"]?.stringValue == "accepted")
                #expect(try await placed(wire, http, last: "c-last") == ["c-first": 1, "c-lost": 1, "c-last": 1])
                #expect(try await accepted(worker) == 3)
            }
        }
    }
}
