import Contracts
import Foundation
import Testing
import Topics

extension Workers {
    @Suite("inventory")
    struct InventoryTests {
        private func withInventory(_ body: (WorkerUnderTest, TopicWire) async throws -> Void) async throws {
            try await withWorker("inventory", topics: ["supply.inventory"], body)
        }

        private func stock(_ wire: TopicWire, _ quantities: [String: Int]) async throws {
            for (product, quantity) in quantities {
                let added = try await wire.ask(AddProduct(productID: product, name: "CD \(product)", priceCents: 1199))
                #expect(added.type == ProductAdded.type)
                let set = try await wire.ask(SetInventory(productID: product, quantity: quantity))
                #expect(try set.decode(StockAdjusted.self).available == quantity)
            }
        }

        private func reserve(_ order: UUID, _ items: [(String, Int)]) -> ReserveStock {
            ReserveStock(orderID: order, items: items.map { StockItem(productID: $0.0, quantity: $0.1) })
        }

        @Test("stock is reserved, refused and given back, and always adds up")
        func reserveAndRelease() async throws {
            try await withInventory { worker, wire in
                try await stock(wire, ["a": 5])
                let (first, second) = (UUID.v7(), UUID.v7())
                let reserved = try await wire.ask(reserve(first, [("a", 3)]))
                #expect(try reserved.decode(StockReserved.self).items == [StockItem(productID: "a", quantity: 3)])
                let refused = try await wire.ask(reserve(second, [("a", 3)]))
                #expect(try refused.decode(StockRejected.self).productID == "a")

                let released = try await wire.ask(ReleaseStock(orderID: first))
                #expect(try released.decode(StockReleased.self).items == [StockItem(productID: "a", quantity: 3)])
                let audit = try await worker.audit()
                #expect(audit["products.unbalanced"] == 0)
                #expect(audit["reservations.active"] == 0)
                #expect(try await wire.ask(reserve(.v7(), [("a", 5)])).type == StockReserved.type)
            }
        }

        /// Fails when the reservation takes what there is of each product without looking at the others.
        @Test("all items or none")
        func allOrNothing() async throws {
            try await withInventory { worker, wire in
                try await stock(wire, ["a": 5, "b": 1])
                let refused = try await wire.ask(reserve(.v7(), [("a", 5), ("b", 2)]))
                #expect(try refused.decode(StockRejected.self).productID == "b")
                let unknown = try await wire.ask(reserve(.v7(), [("a", 1), ("nothing", 1)]))
                #expect(try unknown.decode(StockRejected.self).reason == "unknown product")
                // The same product twice counts together.
                #expect(try await wire.ask(reserve(.v7(), [("a", 3), ("a", 3)])).type == StockRejected.type)
                #expect(try await wire.ask(reserve(.v7(), [("a", 3), ("a", 2), ("b", 1)])).type == StockReserved.type)
                #expect(try await worker.audit()["products.unbalanced"] == 0)
            }
        }

        /// Fails when the reservation's `ON CONFLICT (order_id) DO NOTHING` is left out of the decision, so that the stock is
        /// taken again for each message, and when a repeated release names the items again: the edge would add them again.
        @Test("a command that comes again under another id has no further effect, and stock is given back once")
        func repeated() async throws {
            try await withInventory { worker, wire in
                try await stock(wire, ["a": 5])
                let order = UUID.v7()
                for _ in 0..<3 {
                    let id = UUID.v7()
                    let answer = try await wire.ask(reserve(order, [("a", 2)]), id: id)
                    #expect(try answer.decode(StockReserved.self).items == [StockItem(productID: "a", quantity: 2)])
                    #expect(await wire.count(of: id) == 1)
                }
                for round in 0..<3 {
                    let items = try await wire.ask(ReleaseStock(orderID: order)).decode(StockReleased.self).items
                    #expect(items == (round == 0 ? [StockItem(productID: "a", quantity: 2)] : []))
                }
                let late = try await wire.ask(reserve(order, [("a", 2)]))
                #expect(try late.decode(StockRejected.self).reason == "already released")
                #expect(try await wire.ask(reserve(.v7(), [("a", 5)])).type == StockReserved.type)
                let audit = try await worker.audit()
                #expect(audit["products.unbalanced"] == 0)
                #expect(audit["reservations.duplicate"] == 0)
            }
        }

        /// Fails when releasing an unknown order leaves no mark.
        @Test("a release that comes before its reservation is answered, and keeps the reservation out")
        func releaseFirst() async throws {
            try await withInventory { worker, wire in
                try await stock(wire, ["a": 5])
                let order = UUID.v7()
                let released = try await wire.ask(ReleaseStock(orderID: order))
                #expect(try released.decode(StockReleased.self).items.isEmpty)
                // Fails when the answer has no product: it would not fit its contract, and the command would be parked.
                #expect(try await wire.ask(reserve(order, [("a", 1)])).decode(StockRejected.self).productID == "a")

                let rejected = UUID.v7()
                #expect(try await wire.ask(reserve(rejected, [("a", 9)])).type == StockRejected.type)
                let nothing = try await wire.ask(ReleaseStock(orderID: rejected))
                #expect(try nothing.decode(StockReleased.self).items.isEmpty)
                #expect(try await worker.audit()["products.unbalanced"] == 0)
            }
        }

        @Test("many orders at once take exactly what there is")
        func contention() async throws {
            try await withInventory { worker, wire in
                try await stock(wire, ["a": 120, "b": 300])
                let commands = (0..<200).map { _ in (reserve(.v7(), [("b", 1), ("a", 1)]), UUID.v7()) }
                try await wire.send(commands)
                var reserved = 0
                for (_, id) in commands where try await wire.answer(to: id).type == StockReserved.type { reserved += 1 }
                #expect(reserved == 120)
                let audit = try await worker.audit()
                #expect(audit["reservations.active"] == 120)
                #expect(audit["products.unbalanced"] == 0)
                for (_, id) in commands { #expect(await wire.count(of: id) == 1) }
            }
        }

        @Test("products and stock levels")
        func products() async throws {
            try await withInventory { worker, wire in
                try await stock(wire, ["a": 5])
                #expect(try await wire.ask(AddProduct(productID: "a", name: "CD a", priceCents: 1199)).type == ProductAdded.type)
                #expect(try await wire.ask(AddProduct(productID: "a", name: "CD a", priceCents: 1)).type == ProductRefused.type)
                #expect(try await wire.ask(reserve(.v7(), [("a", 2)])).type == StockReserved.type)
                let adjusted = try await wire.ask(SetInventory(productID: "a", quantity: 1)).decode(StockAdjusted.self)
                #expect(adjusted == StockAdjusted(productID: "a", delta: -2, available: 1))
                let unknown = try await wire.ask(SetInventory(productID: "x", quantity: 1))
                #expect(unknown.type == StockAdjustmentRefused.type)
                #expect(try await worker.audit()["products.unbalanced"] == 0)
            }
        }
    }
}
