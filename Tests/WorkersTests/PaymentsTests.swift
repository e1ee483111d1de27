import Contracts
import Foundation
import TestSupport
import Testing
import Topics

extension Workers {
    @Suite("payments and shipping")
    struct PaymentsTests {
        private func withPayments(_ body: (WorkerUnderTest, TopicWire) async throws -> Void) async throws {
            try await withWorker(
                "payments", topics: ["commerce.payments"], environment: ["MILLRACE_PAYMENT_LIMIT_CENTS": "1000"], body)
        }

        private func authorize(_ payment: UUID, _ order: UUID, _ cents: Int, _ token: String? = nil) -> AuthorizePayment {
            AuthorizePayment(paymentID: payment, orderID: order, amountCents: cents, token: token)
        }

        @Test(
            "the local provider declines by rule",
            arguments: [
                (0, nil, true), (1000, nil, true), (1001, nil, false), (1, "tok_ok", true), (1, "tok_declined", false),
                (1, "tok_insufficient_funds", false), (1, "tok_expired", false),
            ] as [(Int, String?, Bool)])
        func rules(_ cents: Int, _ token: String?, _ isAuthorized: Bool) async throws {
            try await withPayments { worker, wire in
                let answer = try await wire.ask(authorize(.v7(), .v7(), cents, token))
                #expect(answer.type == (isAuthorized ? PaymentAuthorized.type : PaymentDeclined.type))
                #expect(try await worker.audit()["authorized.count"] == (isAuthorized ? 1 : 0))
            }
        }

        /// Fails when `ON CONFLICT (payment_id) DO NOTHING` is taken out of the ledger's insert.
        @Test("a payment is decided once")
        func once() async throws {
            try await withPayments { worker, wire in
                let (payment, order) = (UUID.v7(), UUID.v7())
                for _ in 0..<3 {
                    #expect(try await wire.ask(authorize(payment, order, 500)).type == PaymentAuthorized.type)
                }
                // The decision stands, even when the question has changed.
                #expect(try await wire.ask(authorize(payment, order, 5000)).decode(PaymentAuthorized.self).amountCents == 500)
                var audit = try await worker.audit()
                #expect(audit["authorized.cents"] == 500)
                #expect(audit["duplicates"] == 0)
                for _ in 0..<2 {
                    let voided = try await wire.ask(VoidPayment(paymentID: payment, orderID: order))
                    #expect(try voided.decode(PaymentVoided.self).amountCents == 500)
                }
                audit = try await worker.audit()
                #expect(audit["authorized.cents"] == 0)
                #expect(audit["voided.count"] == 1)
            }
        }

        /// Fails when voiding an unknown payment leaves no mark.
        @Test("a void that comes before its authorization keeps it out")
        func voidFirst() async throws {
            try await withPayments { worker, wire in
                let (payment, order) = (UUID.v7(), UUID.v7())
                let voided = try await wire.ask(VoidPayment(paymentID: payment, orderID: order))
                #expect(try voided.decode(PaymentVoided.self).amountCents == 0)
                #expect(try await wire.ask(authorize(payment, order, 500)).type == PaymentDeclined.type)
                let audit = try await worker.audit()
                #expect(audit["authorized.count"] == 0)
                #expect(audit["voided.count"] == 0)
            }
        }

        @Test("an order charged by two payments is found")
        func duplicates() async throws {
            try await withPayments { worker, wire in
                let order = UUID.v7()
                for _ in 0..<2 { _ = try await wire.ask(authorize(.v7(), order, 500)) }
                #expect(try await worker.audit()["duplicates"] == 1)
            }
        }

        @Test("shipments: one per order, cancelled for good")
        func shipments() async throws {
            try await withWorker("shipping", topics: ["logistics.shipments"]) { worker, wire in
                let order = UUID.v7()
                let create = CreateShipment(orderID: order, customerID: "c", items: [StockItem(productID: "a", quantity: 1)])
                let first = try await wire.ask(create).decode(ShipmentCreated.self)
                #expect(try await wire.ask(create).decode(ShipmentCreated.self) == first)
                #expect(try await worker.audit()["shipments.active"] == 1)
                for _ in 0..<2 { #expect(try await wire.ask(CancelShipment(orderID: order)).type == ShipmentCancelled.type) }
                #expect(try await wire.ask(create).type == ShipmentRefused.type)
                #expect(try await wire.ask(CancelShipment(orderID: .v7())).type == ShipmentCancelled.type)
                // Nothing to ship is nothing that the contract knows.
                try await wire.send([(CreateShipment(orderID: .v7(), customerID: "c", items: []), .v7())])
                try await eventually("it is parked") { try await worker.audit()["parked"] == 1 }
                let audit = try await worker.audit()
                #expect(audit["shipments.active"] == 0)
                #expect(audit["duplicates"] == 0)
            }
        }
    }
}
