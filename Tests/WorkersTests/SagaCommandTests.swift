import Contracts
import Foundation
import Postgres
import TestSupport
import Testing
import Topics

extension Workers {
    /// `millrace saga` from end to end: the built command and the orchestrating worker; the test answers its commands.
    @Suite("millrace saga")
    struct SagaCommandTests {
        /// An order that the orchestrator has just begun with.
        private struct Begun {
            let order: UUID
            let saga: String
            let wire: TopicWire
            let millrace: OperatorCommand

            /// The command of a type that the saga has sent last, once there are `count`.
            func command(_ type: String, count: Int = 1) async throws -> Envelope {
                try await wire.heard(type, key: order.lowercased, count: count)[count - 1]
            }

            /// The first command of a type that is not `old`, sent once or several times, but of a later round.
            func command(_ type: String, after old: Envelope) async throws -> Envelope {
                var found: Envelope?
                try await eventually("\(type) is sent anew", within: .seconds(120)) {
                    found = await wire.all.first { $0.type == type && $0.partitionKey == order.lowercased && $0.id != old.id }
                    return found != nil
                }
                return try #require(found)
            }

            /// Answers a command.
            func answer<E: Event>(_ command: Envelope, _ event: E) async throws {
                let envelope = try Envelope(event, source: "/test", correlationID: command.correlationID, causationID: command.id)
                try await wire.publish([envelope], to: E.topic)
            }

            /// What `saga show` says, once its status is this.
            func shown(_ status: String) async throws -> [String: Any] {
                var details: [String: Any] = [:]
                try await eventually("the saga is \(status)", within: .seconds(120)) {
                    details = try await millrace.json("saga", "show", saga) as? [String: Any] ?? [:]
                    return (details["summary"] as? [String: Any])?["status"] as? String == status
                }
                return details
            }
        }

        private func withOrder(_ body: (Begun, WorkerUnderTest) async throws -> Void) async throws {
            let commands = [
                ReserveStock.type, ReleaseStock.type, AuthorizePayment.type, VoidPayment.type, CreateShipment.type,
                CancelShipment.type, ConfirmOrder.type, RejectOrder.type,
            ]
            try await withWorker("checkout", topics: [], commands: commands) { worker, wire in
                let order = UUID.v7()
                let created = OrderCreated(
                    orderID: order, customerID: "c", items: [OrderItem(productID: "p", quantity: 1, unitPriceCents: 100)], totalCents: 100)
                try await wire.publish([Envelope(created, source: "/test", correlationID: .v7())], to: OrderCreated.topic)
                _ = try await wire.heard(ReserveStock.type, key: order.lowercased, count: 1)
                let millrace = OperatorCommand(worker: worker)
                let list = try await millrace.rows("saga", "list", "--status", "running")
                #expect(list.count == 1)
                let saga = try #require(list.first)
                for name in ["id", "startedBy", "correlationID"] { #expect(isLowerCaseID(saga[name]), "\(name)") }
                try await body(
                    Begun(order: order, saga: try #require(saga["id"] as? String), wire: wire, millrace: millrace), worker)
            }
        }

        private func notes(_ details: [String: Any]) -> [String] {
            (details["timeline"] as? [[String: Any]] ?? []).compactMap { $0["detail"] as? String }
        }

        /// Fails when a request does not reach the worker (SagaStore.request writes no timer), when `skip` or `compensate` asks for
        /// something else, when a saga that is compensated, or is being compensated, is not refused, and when `--step` is not looked
        /// at.
        @Test("the command at hand is sent again, a step is skipped, and the rest is undone")
        func operate() async throws {
            try await withOrder { begun, _ in
                let first = try await begun.command(ReserveStock.type)
                let asked = try await begun.millrace.run("saga", "retry", begun.saga, "--reason", "inventory was down")
                #expect(asked.status == .exited(0) && asked.standardError.contains("retry checkout"), "\(asked)")
                // The same command once more: inventory knows its id, and does nothing twice.
                #expect(try await begun.command(ReserveStock.type, count: 2).id == first.id)

                try await begun.answer(first, StockReserved(orderID: begun.order, items: [StockItem(productID: "p", quantity: 1)]))
                _ = try await begun.command(AuthorizePayment.type)
                for isAgain in [false, true] {
                    // Who gives it again does not skip what comes after it.
                    let skip = try await begun.millrace.run(
                        "saga", "skip", begun.saga, "--step", "authorize payment", "--reason", "paid in cash")
                    #expect(skip.status == .exited(isAgain ? 1 : 0), "\(skip)")
                    #expect(skip.standardError.contains("not at \"authorize payment\"") == isAgain, "\(skip)")
                    _ = try await begun.command(CreateShipment.type)
                }

                #expect(
                    try await begun.millrace.run("saga", "compensate", begun.saga, "--reason", "the customer called").status == .exited(0))
                let cancel = try await begun.command(CancelShipment.type)
                let again = try await begun.millrace.run("saga", "compensate", begun.saga)
                #expect(again.status == .exited(1) && again.standardError.contains("is being compensated already"), "\(again)")
                try await begun.answer(cancel, ShipmentCancelled(orderID: begun.order))
                let release = try await begun.command(ReleaseStock.type)
                try await begun.answer(release, StockReleased(orderID: begun.order, items: []))
                let reject = try await begun.command(RejectOrder.type)
                try await begun.answer(reject, OrderRejected(orderID: begun.order, reason: "cancelled"))

                let details = try await begun.shown("compensated")
                // What was skipped was paid by other means, and is not undone here.
                #expect(await begun.wire.all.allSatisfy { $0.type != VoidPayment.type })
                for reason in ["inventory was down", "paid in cash", "the customer called"] {
                    #expect(notes(details).contains { $0.contains("tester: \(reason)") }, "\(reason)")
                }
                let timeline = details["timeline"] as? [[String: Any]] ?? []
                #expect(timeline.allSatisfy { $0["commandID"] == nil || isLowerCaseID($0["commandID"]) })
                for word in ["retry", "skip", "compensate"] {
                    let late = try await begun.millrace.run("saga", word, begun.saga)
                    #expect(late.status == .exited(1) && late.standardError.contains("nothing is left to do"), "\(late)")
                }
                let unknown = try await begun.millrace.run("saga", "retry", UUID.v7().lowercased)
                #expect(unknown.status == .exited(1))
            }
        }

        /// From stuck to compensated, by an operator.
        @Test("a saga whose compensation nobody answers is stuck, and goes on after a retry")
        func stuck() async throws {
            try await withOrder { begun, worker in
                let reserve = try await begun.command(ReserveStock.type)
                try await begun.answer(
                    reserve, StockRejected(orderID: begun.order, productID: "p", reason: "sold out"))
                let reject = try await begun.command(RejectOrder.type)
                let db = try worker.database()
                try await eventually("the saga is stuck", within: .seconds(120)) {
                    // The pauses between the sendings take minutes; here each is over at once.
                    try await db.execute("UPDATE timers SET due_at = now()")
                    return try await begun.millrace.rows("saga", "list", "--status", "stuck").first?["id"] as? String == begun.saga
                }
                await db.close()
                #expect(try await begun.millrace.run("saga", "retry", begun.saga).status == .exited(0))
                let again = try await begun.command(RejectOrder.type, after: reject)
                #expect(try await begun.millrace.rows("saga", "list", "--status", "stuck").isEmpty)
                try await begun.answer(again, OrderRejected(orderID: begun.order, reason: "sold out"))
                _ = try await begun.shown("compensated")
            }
        }
    }
}
