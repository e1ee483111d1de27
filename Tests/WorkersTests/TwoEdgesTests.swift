import Contracts
import Foundation
import Testing
import Topics

extension Workers {
    @Suite("two instances of the edge")
    struct TwoEdgesTests {
        private func add(_ http: LoopbackHTTP, _ wire: TopicWire, _ product: String) async throws -> LoopbackHTTP.Answer {
            async let answer = http.send(
                "POST", "/products", #"{"productId":"\#(product)","name":"n","priceCents":1}"#, headers: ["Prefer": "wait=30"])
            let command = try await wire.heard(AddProduct.type, key: product, count: 1)[0]
            let added = try Envelope(
                ProductAdded(productID: product, name: "n", priceCents: 1), source: "/test", correlationID: command.correlationID,
                causationID: command.id)
            try await wire.publish([added], to: ProductAdded.topic)
            return try await answer
        }

        /// Whether one of ten rounds of twenty requests takes less than five seconds: a busy machine may slow some of them.
        private func isQuick(_ http: LoopbackHTTP, _ wire: TopicWire) async throws -> Bool {
            for round in 0..<10 {
                let began = ContinuousClock.now
                for number in 1...20 { #expect(try await add(http, wire, "p-\(round * 20 + number)").status == 201) }
                if ContinuousClock.now - began < .seconds(5) { return true }
            }
            return false
        }

        /// The first one is the queue's active consumer, so that every outcome is committed there. Fails when the outcome is not
        /// passed on (OutcomeNews.ended): each request would wait for the next look, half a second in the mean; and without that
        /// look too, for its thirty seconds.
        @Test("a client that waits at the second is told what the first has committed")
        func waits() async throws {
            let wire = try await TopicWire.connect(topics: [], commands: [AddProduct.type, SetInventory.type, PlaceOrder.type])
            let first = try await WorkerUnderTest.start("edge")
            let second = try await WorkerUnderTest("edge", environment: ["MILLRACE_SCHEMA": first.schema])
            try await second.run()
            let http = LoopbackHTTP(port: await second.port)
            // The first wait may come before the other instance knows that somebody waits.
            #expect(try await add(http, wire, "p-0").status == 201)
            #expect(try await isQuick(http, wire))
            // Not only that it has ended, but what has come of it.
            async let answer = http.send("PUT", "/products/p-1/inventory", #"{"quantity":7}"#, headers: ["Prefer": "wait=30"])
            let set = try await wire.heard(SetInventory.type, key: "p-1", count: 1)[0]
            try await wire.publish(
                [
                    try Envelope(
                        StockAdjusted(productID: "p-1", delta: 7, available: 7), source: "/test", correlationID: set.correlationID,
                        causationID: set.id)
                ], to: StockAdjusted.topic)
            #expect(try await answer.json?["available"]?.intValue == 7)
            async let refused = http.send("PUT", "/products/p-2/inventory", #"{"quantity":7}"#, headers: ["Prefer": "wait=30"])
            let other = try await wire.heard(SetInventory.type, key: "p-2", count: 1)[0]
            try await wire.publish(
                [
                    try Envelope(
                        StockAdjustmentRefused(productID: "p-2", reason: "no such product"), source: "/test",
                        correlationID: other.correlationID, causationID: other.id)
                ], to: StockAdjustmentRefused.topic)
            let problem = try await refused
            #expect(problem.status == 404 && String(decoding: problem.body, as: UTF8.self).contains("no such product"))
            #expect(await second.stop() == 0)
            #expect(await first.stop() == 0)
            await wire.close()
        }
    }
}
