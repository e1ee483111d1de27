import Contracts
import EventStore
import Foundation
import Postgres
import TestSupport
import Testing
import Topics

extension Workers {
    @Suite("orders")
    struct OrdersTests {
        private func withOrders(_ body: (WorkerUnderTest, TopicWire) async throws -> Void) async throws {
            try await withWorker("orders", topics: ["commerce.orders"], body)
        }

        private func place(_ order: UUID, _ items: [OrderItem] = [.init(productID: "a", quantity: 2, unitPriceCents: 1199)]) -> PlaceOrder {
            PlaceOrder(orderID: order, customerID: "c-1", items: items, paymentToken: "tok_ok")
        }

        @Test("an order is placed and confirmed; too late to reject it then")
        func confirmed() async throws {
            try await withOrders { worker, wire in
                let order = UUID.v7()
                let created = try await wire.ask(place(order)).decode(OrderCreated.self)
                #expect(created.totalCents == 2398)
                #expect(created.paymentToken == "tok_ok")
                let confirmed = OrderConfirmed(orderID: order, totalCents: 2398)
                #expect(try await wire.ask(ConfirmOrder(orderID: order)).decode(OrderConfirmed.self) == confirmed)
                #expect(try await wire.ask(ConfirmOrder(orderID: order)).decode(OrderConfirmed.self) == confirmed)
                let late = try await wire.ask(RejectOrder(orderID: order, reason: "too late"))
                #expect(try late.decode(OrderConfirmed.self) == confirmed)
                let audit = try await worker.audit()
                #expect(audit["orders.confirmed"] == 1)
                #expect(audit["orders.confirmed.cents"] == 2398)
                #expect(audit["replay.mismatches"] == 0)
            }
        }

        /// Fails when a repeated command publishes `order.created` under a new id: the order would get a second saga.
        @Test("placing an order again publishes the same message again")
        func placedAgain() async throws {
            try await withOrders { worker, wire in
                let order = UUID.v7()
                let first = try await wire.ask(place(order))
                let second = try await wire.ask(place(order))
                #expect(first.id == second.id)
                #expect(try first.decode(OrderCreated.self) == second.decode(OrderCreated.self))
                #expect(try await worker.audit()["orders.total"] == 1)
            }
        }

        /// The worker remembers an order that it has saved. Here somebody else changes it meanwhile. Fails when a remembered aggregate is
        /// not compared with what is stored (EventStore.expect): the order would be said to be open.
        @Test("an order that was changed elsewhere is not answered from memory")
        func changedElsewhere() async throws {
            try await withOrders { worker, wire in
                let order = UUID.v7()
                _ = try await wire.ask(place(order))
                let confirmed = OrderConfirmed(orderID: order, totalCents: 2398)
                let db = try worker.database()
                _ = try await db.withTransaction { transaction in
                    try await EventStore.append(
                        [NewEvent(confirmed)], to: "order-\(order.lowercased)", expected: 1, in: transaction)
                }
                await db.close()
                #expect(try await wire.ask(place(order)).decode(OrderConfirmed.self) == confirmed)
                #expect(try await wire.ask(RejectOrder(orderID: order, reason: "late")).decode(OrderConfirmed.self) == confirmed)
            }
        }

        /// Two commands for one order in lanes of their own, many of them in one batch. It stands for the refusal of an append that
        /// found the stream moved (EventStore.appendEagerly): without it both would say that they have created the order.
        @Test("commands for one order that cross each other leave one order")
        func crossed() async throws {
            try await withOrders { worker, wire in
                let orders = (0..<60).map { _ in UUID.v7() }
                let commands = try orders.flatMap { order in
                    try ["one", "two"].map { lane in
                        var envelope = try Envelope(place(order), source: "/test")
                        envelope.partitionKey = "\(order)-\(lane)"
                        return envelope
                    }
                }
                try await wire.publish(commands, to: WellKnown.commandsExchange)
                for order in orders {
                    let said = try await wire.heard(OrderCreated.type, key: order.lowercased, count: 2)
                    #expect(Set(said.map(\.id)).count == 1, "\(order)")
                }
                let audit = try await worker.audit()
                #expect(audit["orders.total"] == 60 && audit["replay.mismatches"] == 0 && audit["parked"] == 0)
            }
        }

        @Test("rejected orders stay rejected, unknown ones are answered too")
        func rejected() async throws {
            try await withOrders { worker, wire in
                let order = UUID.v7()
                _ = try await wire.ask(place(order))
                let rejected = OrderRejected(orderID: order, reason: "no stock")
                #expect(try await wire.ask(RejectOrder(orderID: order, reason: "no stock")).decode(OrderRejected.self) == rejected)
                #expect(try await wire.ask(RejectOrder(orderID: order, reason: "again")).decode(OrderRejected.self) == rejected)
                #expect(try await wire.ask(ConfirmOrder(orderID: order)).decode(OrderRejected.self) == rejected)

                let unknown = UUID.v7()
                #expect(try await wire.ask(ConfirmOrder(orderID: unknown)).type == OrderRejected.type)
                #expect(try await wire.ask(place(unknown)).type == OrderRejected.type)
                let audit = try await worker.audit()
                #expect(audit["orders.rejected"] == 2)
                #expect(audit["replay.mismatches"] == 0)
            }
        }

        @Test("orders that cost nothing are orders; those beyond all bounds are rejected, and those that do not fit the contract parked")
        func sense() async throws {
            try await withOrders { worker, wire in
                let free = try await wire.ask(place(.v7(), [.init(productID: "a", quantity: 1, unitPriceCents: 0)]))
                #expect(try free.decode(OrderCreated.self).totalCents == 0)
                let boundless: [[OrderItem]] = [
                    [.init(productID: "a", quantity: 2, unitPriceCents: .max)],
                    [.init(productID: "a", quantity: 1, unitPriceCents: .max), .init(productID: "b", quantity: 1, unitPriceCents: 1)],
                ]
                for items in boundless {
                    #expect(try await wire.ask(place(.v7(), items)).type == OrderRejected.type)
                }
                #expect(try await worker.audit()["parked"] == 0)
                let senseless: [[OrderItem]] = [
                    [], [.init(productID: "a", quantity: 0, unitPriceCents: 1)],
                    [.init(productID: "a", quantity: -1, unitPriceCents: 1)], [.init(productID: "a", quantity: 1, unitPriceCents: -1)],
                ]
                try await wire.send(senseless.map { (place(.v7(), $0), .v7()) })
                try await eventually("all are parked") { try await worker.audit()["parked"] == senseless.count }
                let audit = try await worker.audit()
                #expect(audit["orders.open"] == 1)
                #expect(audit["orders.rejected"] == boundless.count)
            }
        }

        /// Fails when the audit reads the table alone.
        @Test("the audit finds a row that its events do not lead to")
        func tampered() async throws {
            try await withOrders { worker, wire in
                for _ in 0..<3 { _ = try await wire.ask(place(.v7())) }
                let db = try worker.database()
                try await db.execute(
                    "UPDATE orders SET total_cents = total_cents + 1 WHERE order_id = (SELECT min(order_id::text)::uuid FROM orders)")
                #expect(try await worker.audit()["replay.mismatches"] == 1)
                try await db.execute("DELETE FROM orders WHERE order_id = (SELECT max(order_id::text)::uuid FROM orders)")
                await db.close()
                // One differs, one has no row (counted for the row and for the difference in number).
                #expect(try await worker.audit()["replay.mismatches"] == 3)
            }
        }
    }
}
