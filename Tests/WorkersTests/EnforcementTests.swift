import Contracts
import Foundation
import Messaging
import Postgres
import Servers
import TestSupport
import Testing
import Topics

extension Workers {
    /// Contracts as a deployed worker enforces them: the built executables, the real contracts, the operator's command.
    @Suite("contracts are enforced")
    struct EnforcementTests {
        /// Fails when a consumer does not ask the gate (IncomingMessage.admit): the order would be taken, or fail as a type.
        @Test("a command that does not fit is parked; the operator reads pointer and rule, and other keys flow on")
        func consumer() async throws {
            try await withWorker("inventory", topics: ["supply.inventory"]) { worker, wire in
                let key = "p-" + UUID.v7().lowercased
                var wrong = try Envelope(AddProduct(productID: key, name: "n", priceCents: 1), source: "/test", correlationID: .v7())
                wrong.data = Array(#"{"productId":"\#(key)","name":"n","priceCents":-1,"colour":"red"}"#.utf8)
                try await wire.publish([wrong], to: WellKnown.commandsExchange)
                let answer = try await wire.ask(AddProduct(productID: key + "-2", name: "n", priceCents: 1))
                #expect(answer.type == ProductAdded.type)
                let millrace = OperatorCommand(worker: worker)
                try await eventually("it is parked") {
                    try await millrace.rows("failures", "list", "inventory", "--messages").count == 1
                }
                let shown = try await millrace.run("failures", "show", "inventory", wrong.id.lowercased)
                #expect(shown.status == .exited(0))
                #expect(shown.standardOutput.contains("product.add version 1 (supply.inventory) does not fit its contract"), "\(shown)")
                #expect(shown.standardOutput.contains("/priceCents must be at least 0, is -1 [minimum at #/$defs/Cents]"))
                #expect(shown.standardOutput.contains("/colour") && shown.standardOutput.contains("additionalProperties"))
            }
        }

        /// Fails when the limit of the environment does not reach the outbox (WorkerSettings.messaging).
        @Test("an event above the limit is not written, and neither is what its handler did")
        func tooLarge() async throws {
            try await withWorker("orders", topics: ["commerce.orders"], environment: ["MILLRACE_MAX_MESSAGE_BYTES": "2000"]) {
                worker, wire in
                let items = (0..<100).map { OrderItem(productID: "product-\($0)", quantity: 1, unitPriceCents: 1) }
                let command = PlaceOrder(orderID: .v7(), customerID: "c", items: items, paymentToken: nil)
                try await wire.send([(command, .v7())])
                try await eventually("it is parked") { try await worker.audit()["parked"] == 1 }
                #expect(try await worker.audit()["orders.total"] == 0)
                let db = try worker.database()
                let failure = try #require(try await FailureStore(postgres: db).list().first)
                await db.close()
                #expect(failure.status == .failed && failure.errorType == "ContractViolation.tooLarge")
                #expect(failure.errorMessage?.contains("MILLRACE_MAX_MESSAGE_BYTES") == true)
            }
        }
    }
}
