import Contracts
import Foundation
import Postgres
import TestSupport
import Testing
import Topics

extension Workers {
    /// The edge with the workers behind it played by the test.
    @Suite("edge")
    struct EdgeFlowTests {
        private static let topics = ["commerce.orders", "supply.inventory", "commerce.payments"]

        private func withEdge(_ body: (WorkerUnderTest, TopicWire, LoopbackHTTP) async throws -> Void) async throws {
            try await withWorker("edge", topics: Self.topics) { worker, wire in
                try await body(worker, wire, LoopbackHTTP(port: await worker.port))
            }
        }

        private func publish<E: Event>(_ wire: TopicWire, _ event: E, command: UUID? = nil) async throws {
            try await wire.publish(
                [try Envelope(event, source: "/workers/test", correlationID: command)], to: E.topic)
        }

        private func addProduct(_ wire: TopicWire, _ http: LoopbackHTTP, _ id: String, cents: Int = 1199) async throws {
            try await publish(wire, ProductAdded(productID: id, name: "CD \(id)", priceCents: cents))
            try await eventually("product \(id)") { try await http.send("GET", "/products/\(id)").status == 200 }
        }

        private static let order = #"{"customerId":"c-1","items":[{"productId":"cd-1","quantity":2}],"paymentToken":"tok_1"}"#

        @Test("an order is accepted, followed, and shown")
        func accepted() async throws {
            try await withEdge { worker, wire, http in
                try await addProduct(wire, http, "cd-1")
                let answer = try await http.send("POST", "/orders", Self.order)
                #expect(answer.status == 202)
                let id = try #require(answer.json?["commandId"]?.stringValue.flatMap { UUID(uuidString: $0) })
                #expect(answer.headers["location"] == "/commands/\(id.lowercased)")
                #expect(answer.json?["status"]?.stringValue == "accepted")

                #expect(try await http.send("GET", "/commands/\(id)").json?["status"]?.stringValue == "accepted")
                #expect(try await http.send("GET", "/orders/\(id)").json?["status"]?.stringValue == "accepted")

                let items = [OrderItem(productID: "cd-1", quantity: 2, unitPriceCents: 1199)]
                try await publish(
                    wire, OrderCreated(orderID: id, customerID: "c-1", items: items, totalCents: 2398), command: id)
                try await publish(wire, OrderConfirmed(orderID: id, totalCents: 2398), command: id)
                try await eventually("the command ends") {
                    try await http.send("GET", "/commands/\(id)").json?["status"]?.stringValue == "succeeded"
                }
                let shown = try await http.send("GET", "/orders/\(id)")
                #expect(shown.json?["status"]?.stringValue == "confirmed")
                #expect(shown.json?["totalCents"]?.intValue == 2398)
                #expect(shown.json?["items"]?[0]?["unitPriceCents"]?.intValue == 1199)
                let audit = try await worker.audit()
                #expect(audit["orders.accepted"] == 1)
                #expect(audit["orders.confirmed"] == 1)
                #expect(audit["commands.pending"] == 0)
                #expect((audit["latency.p50.us"] ?? 0) > 0)
            }
        }

        /// Answers the next command that the edge sends for a waiting client.
        private func next(_ worker: WorkerUnderTest, besides known: Set<UUID>) async throws -> UUID {
            let db = try worker.database()
            defer { Task { await db.close() } }
            var found: UUID?
            try await eventually("a command") {
                let ids = try await db.query("SELECT id FROM commands ORDER BY id DESC", as: UUID.self)
                found = ids.first { !known.contains($0) }
                return found != nil
            }
            return try #require(found)
        }

        @Test("a client that waits is told the outcome")
        func waits() async throws {
            try await withEdge { worker, wire, http in
                try await addProduct(wire, http, "cd-1")
                var known: Set<UUID> = []

                async let confirmed = http.send("POST", "/orders", Self.order, headers: ["Prefer": "wait=30"])
                var id = try await next(worker, besides: known)
                known.insert(id)
                let items = [OrderItem(productID: "cd-1", quantity: 2, unitPriceCents: 1199)]
                try await publish(
                    wire, OrderCreated(orderID: id, customerID: "c-1", items: items, totalCents: 2398), command: id)
                try await publish(wire, OrderConfirmed(orderID: id, totalCents: 2398), command: id)
                let created = try await confirmed
                #expect(created.status == 201)
                #expect(created.headers["location"] == "/orders/\(id.lowercased)")
                #expect(created.headers["preference-applied"] == "wait=30")
                #expect(try await http.send("GET", "/orders/\(id)").json?["status"]?.stringValue == "confirmed")

                async let declined = http.send("POST", "/orders", Self.order, headers: ["Prefer": "wait=30"])
                id = try await next(worker, besides: known)
                known.insert(id)
                try await publish(
                    wire, PaymentDeclined(paymentID: .v7(), orderID: id, amountCents: 2398, reason: "too much"), command: id)
                // Both are of one key, but come over different topics; the broker keeps the order in which they were published.
                try await publish(wire, OrderRejected(orderID: id, reason: "too much"), command: id)
                let payment = try await declined
                #expect(payment.status == 422)
                #expect(payment.headers["content-type"] == "application/problem+json")
                #expect(payment.json?["type"]?.stringValue == "urn:millrace:problem:payment-declined")
                #expect(payment.json?["detail"]?.stringValue == "too much")
                #expect(payment.json?["instance"]?.stringValue == "/commands/\(id.lowercased)")

                async let rejected = http.send("POST", "/orders", Self.order, headers: ["Prefer": "wait=30"])
                id = try await next(worker, besides: known)
                known.insert(id)
                try await publish(wire, StockRejected(orderID: id, productID: "cd-1", reason: "none left"), command: id)
                try await publish(wire, OrderRejected(orderID: id, reason: "none left"), command: id)
                let stock = try await rejected
                #expect(stock.status == 409)
                #expect(stock.json?["type"]?.stringValue == "urn:millrace:problem:insufficient-stock")
                let shown = try await http.send("GET", "/commands/\(id)")
                #expect(shown.json?["status"]?.stringValue == "failed")
                #expect(shown.json?["problem"]?["status"]?.intValue == 409)

                let impatient = try await http.send("POST", "/orders", Self.order, headers: ["Prefer": "wait=1"])
                #expect(impatient.status == 202)
                #expect(impatient.headers["preference-applied"] == "wait=1")
            }
        }

        @Test("products are added, stocked, listed by page")
        func products() async throws {
            try await withEdge { worker, wire, http in
                async let adding = http.send(
                    "POST", "/products", #"{"productId":"cd 1/ü","name":"One","priceCents":5}"#, headers: ["Prefer": "wait=30"])
                let add = try await next(worker, besides: [])
                try await publish(wire, ProductAdded(productID: "cd 1/ü", name: "One", priceCents: 5), command: add)
                let added = try await adding
                #expect(added.status == 201)
                #expect(added.headers["location"] == "/products/cd%201%2F%C3%BC")

                async let stocking = http.send(
                    "PUT", "/products/cd%201%2F%C3%BC/inventory", #"{"quantity":7}"#, headers: ["Prefer": "wait=30"])
                let set = try await next(worker, besides: [add])
                try await publish(wire, StockAdjusted(productID: "cd 1/ü", delta: 7, available: 7), command: set)
                let stocked = try await stocking
                #expect(stocked.status == 200)
                #expect(stocked.json?["available"]?.intValue == 7)

                async let unknown = http.send(
                    "PUT", "/products/none/inventory", #"{"quantity":7}"#, headers: ["Prefer": "wait=30"])
                let refused = try await next(worker, besides: [add, set])
                try await publish(wire, StockAdjustmentRefused(productID: "none", reason: "unknown product"), command: refused)
                #expect(try await unknown.status == 404)

                try await publish(
                    wire, StockReserved(orderID: .v7(), items: [StockItem(productID: "cd 1/ü", quantity: 3)]))
                try await eventually("the reservation shows") {
                    try await http.send("GET", "/products/cd%201%2F%C3%BC").json?["available"]?.intValue == 4
                }
                for number in 1...5 { try await addProduct(wire, http, "p\(number)") }
                var seen: [String] = []
                var path = "/products?limit=2"
                while true {
                    let page = try await http.send("GET", path)
                    #expect(page.status == 200)
                    seen += page.json?["items"]?.arrayValue?.compactMap { $0["productId"]?.stringValue } ?? []
                    guard let next = page.json?["next"]?.stringValue else { break }
                    path = "/products?limit=2&after=\(next)"
                }
                #expect(seen == ["cd 1/ü", "p1", "p2", "p3", "p4", "p5"])
            }
        }

        @Test("a customer's orders, newest first, by page; payments")
        func customer() async throws {
            try await withEdge { worker, wire, http in
                let ids = (0..<5).map { _ in UUID.v7() }
                for id in ids {
                    try await publish(
                        wire,
                        OrderCreated(
                            orderID: id, customerID: "c 7",
                            items: [.init(productID: "p", quantity: 1, unitPriceCents: 0)], totalCents: 0))
                }
                let payment = UUID.v7()
                try await publish(wire, PaymentAuthorized(paymentID: payment, orderID: ids[0], amountCents: 12))
                try await publish(wire, PaymentVoided(paymentID: payment, orderID: ids[0], amountCents: 12))
                try await eventually("the payment shows") {
                    try await http.send("GET", "/payments/\(payment)").json?["status"]?.stringValue == "voided"
                }
                try await eventually("all orders show") {
                    try await http.send("GET", "/customers/c%207/orders").json?["items"]?.arrayValue?.count == 5
                }
                let first = try await http.send("GET", "/customers/c%207/orders?limit=3")
                let cursor = try #require(first.json?["next"]?.stringValue)
                let second = try await http.send("GET", "/customers/c%207/orders?limit=3&after=\(cursor)")
                let shown = [first, second].flatMap { answer in
                    answer.json?["items"]?.arrayValue?.compactMap { $0["orderId"]?.stringValue } ?? []
                }
                #expect(shown == ids.reversed().map(\.lowercased))
                #expect(second.json?["next"]?.isNull == true)
                #expect(try await http.send("GET", "/customers/nobody/orders").json?["items"]?.arrayValue?.isEmpty == true)
            }
        }
    }
}
