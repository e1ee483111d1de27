import Contracts
import Foundation
import Messaging
import Postgres
import Servers
import TestSupport
import Testing
import Topics

extension Workers {
    /// `millrace failures` from end to end: the built command, a worker that fails, and what the worker does afterwards.
    @Suite("millrace failures")
    struct FailuresCommandTests {
        private func withPayments(_ body: (WorkerUnderTest, TopicWire, OperatorCommand) async throws -> Void) async throws {
            try await withWorker("payments", topics: ["commerce.payments"]) { worker, wire in
                try await body(worker, wire, OperatorCommand(worker: worker))
            }
        }

        private func authorize(_ order: UUID = .v7()) -> AuthorizePayment {
            AuthorizePayment(paymentID: .v7(), orderID: order, amountCents: 500, token: nil)
        }

        /// What the operator sees, once it is so.
        private func listed(_ millrace: OperatorCommand, _ count: Int, status: String) async throws -> [[String: Any]] {
            var rows: [[String: Any]] = []
            try await eventually("\(count) parked messages with the status \(status)", within: .seconds(60)) {
                rows = try await millrace.rows("failures", "list", "payments", "--messages")
                return rows.count(where: { $0["status"] as? String == status }) == count
            }
            return rows
        }

        /// Fails when the copy does not take the place of the original before its successor (FailureStore.replace), and when the
        /// command prints ids in upper case.
        @Test("a message with wrong data is edited, and its successor goes on behind it")
        func edit() async throws {
            try await withPayments { worker, wire, millrace in
                let command = authorize()
                var wrong = try Envelope(command, source: "/test", correlationID: .v7())
                wrong.data = Array(#"{"paymentId": 7}"#.utf8)
                let next = try Envelope(authorize(command.orderID), source: "/test", correlationID: .v7())
                try await wire.publish([wrong, next], to: WellKnown.commandsExchange)

                _ = try await listed(millrace, 1, status: "failed")
                let rows = try await listed(millrace, 1, status: "waiting")
                #expect(rows.map { $0["id"] as? String } == [wrong.id.lowercased, next.id.lowercased])
                #expect(rows.allSatisfy { isLowerCaseID($0["id"]) && $0["message"] == nil })
                let shown = try #require(try await millrace.json("failures", "show", "payments", wrong.id.lowercased) as? [String: Any])
                #expect(isLowerCaseID(shown["id"]) && (shown["message"] as? String)?.contains(#""paymentId": 7"#) == true)
                #expect(try await worker.audit()["authorized.count"] == 0)

                let file = try TemporaryDirectory.make() + "/data.json"
                try Data(ContractJSON.encode(command)).write(to: URL(fileURLWithPath: file))
                let edited = try await millrace.run("failures", "edit", "payments", wrong.id.lowercased, "-f", file)
                TemporaryDirectory.remove((file as NSString).deletingLastPathComponent)
                #expect(edited.status == .exited(0))
                let text = edited.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
                #expect(isLowerCaseID(text))
                let copy = try #require(UUID(uuidString: text))
                let first = try await wire.answer(to: copy)
                #expect(first.type == PaymentAuthorized.type && first.correlationID == wrong.correlationID)
                let second = try await wire.answer(to: next.id)
                #expect((first.sequence ?? 0) < (second.sequence ?? 0))
                try await eventually("nothing is parked", within: .seconds(60)) {
                    try await millrace.rows("failures", "list", "payments").isEmpty
                }
                // The original is gone, and a second edit says so.
                let again = try await millrace.run("failures", "edit", "payments", wrong.id.lowercased, "-f", "/dev/null")
                #expect(again.status != .exited(0))
            }
        }

        @Test("a message that is no envelope is replaced as a whole")
        func editEnvelope() async throws {
            try await withPayments { worker, wire, millrace in
                try await wire.send(Array("what is this?".utf8), to: "worker.payments")
                let rows = try await listed(millrace, 1, status: "failed")
                let id = try #require(rows[0]["id"] as? String)
                let envelope = try Envelope(authorize(), source: "/test", correlationID: .v7())
                let file = try TemporaryDirectory.make() + "/envelope.json"
                try Data(envelope.encoded()).write(to: URL(fileURLWithPath: file))
                let refused = try await millrace.run("failures", "edit", "payments", id, "-f", file)
                #expect(refused.status == .exited(1) && refused.standardError.contains("whole envelope"))
                let edited = try await millrace.run("failures", "edit", "payments", id, "-f", file, "--envelope")
                TemporaryDirectory.remove((file as NSString).deletingLastPathComponent)
                #expect(edited.status == .exited(0), "\(edited)")
                let copy = try #require(UUID(uuidString: edited.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)))
                #expect(try await wire.answer(to: copy).type == PaymentAuthorized.type)
                #expect(try await worker.audit()["authorized.count"] == 1)
            }
        }

        /// Takes the ledger away, sends commands, and waits until all have used up their attempts.
        private func breakAndSend(
            _ worker: WorkerUnderTest, _ wire: TopicWire, _ millrace: OperatorCommand, _ envelopes: [Envelope]
        ) async throws {
            let db = try worker.database()
            try await db.execute("ALTER TABLE payments RENAME TO payments_away")
            try await wire.publish(envelopes, to: WellKnown.commandsExchange)
            // The last of ten attempts comes after minutes; here it comes at once.
            try await eventually("all of \(envelopes.count) have failed for good", within: .seconds(60)) {
                try await db.execute("UPDATE parked SET attempts = 9, next_attempt_at = now() WHERE status = 'retrying'")
                return try await millrace.rows("failures", "list", "payments", "--messages")
                    .count(where: { $0["status"] as? String == "failed" }) == envelopes.count
            }
            try await db.execute("ALTER TABLE payments_away RENAME TO payments")
            await db.close()
        }

        /// Fails when `--group` does not select: the void would be answered too.
        @Test("a group is retried, then one message, and the rest is discarded")
        func retry() async throws {
            try await withPayments { worker, wire, millrace in
                let commands = try (0..<3).map { _ in try Envelope(authorize(), source: "/test", correlationID: .v7()) }
                let void = try Envelope(VoidPayment(paymentID: .v7(), orderID: .v7()), source: "/test", correlationID: .v7())
                let lost = try Envelope(VoidPayment(paymentID: .v7(), orderID: .v7()), source: "/test", correlationID: .v7())
                try await breakAndSend(worker, wire, millrace, commands + [void, lost])

                let groups = try await millrace.rows("failures", "list", "payments")
                #expect(groups.map { $0["count"] as? Int } == [3, 2])
                #expect(groups.allSatisfy { ($0["errorType"] as? String) == "PostgresError.42P01" })
                let group = try #require(groups.first?["fingerprint"] as? String)
                let retried = try await millrace.json("failures", "retry", "payments", "--group", group) as? [String: Int]
                // What is retried too much is not there to wait for.
                try #require(retried == ["count": 3])
                for command in commands { #expect(try await wire.answer(to: command.id).type == PaymentAuthorized.type) }
                _ = try await listed(millrace, 2, status: "failed")
                #expect(await wire.count(of: void.id) == 0)

                let one = try await millrace.run("failures", "retry", "payments", "--id", void.id.lowercased)
                #expect(one.status == .exited(0) && one.standardError.contains("1 to be handled again"))
                #expect(try await wire.answer(to: void.id).type == PaymentVoided.type)

                let asked = try await millrace.run("failures", "discard", "payments", "--all")
                #expect(asked.status == .exited(64) && asked.standardError.contains("1 messages would be thrown away"))
                _ = try await listed(millrace, 1, status: "failed")
                let gone = try await millrace.json("failures", "discard", "payments", "--type", VoidPayment.type, "--yes") as? [String: Int]
                #expect(gone == ["count": 1])
                #expect(try await millrace.rows("failures", "list", "payments").isEmpty)
                #expect(await wire.count(of: lost.id) == 0)
                for word in ["retry", "discard"] {
                    let none = try await millrace.run("failures", word, "payments", "--id", lost.id.lowercased, "--error", "x")
                    #expect(none.status == (word == "retry" ? .exited(1) : .exited(64)))
                }
            }
        }

        /// Fails when `--rate` is not handed on: all would run at once.
        @Test("at a rate they run one after another, and without one all that match run at once")
        func rate() async throws {
            try await withPayments { worker, wire, millrace in
                let commands = try (0..<3).map { _ in try Envelope(authorize(), source: "/test", correlationID: .v7()) }
                try await breakAndSend(worker, wire, millrace, commands)
                let slow = try await millrace.run("failures", "retry", "payments", "--error", "payments", "--rate", "0.001")
                #expect(slow.status == .exited(0), "\(slow)")
                #expect(try await wire.answer(to: commands[0].id).type == PaymentAuthorized.type)
                let db = try worker.database()
                let pauses = try await db.query(
                    "SELECT round(extract(epoch FROM next_attempt_at - lag(next_attempt_at) OVER (ORDER BY position)))::bigint FROM parked ORDER BY position OFFSET 1",
                    as: Int.self)
                await db.close()
                #expect(pauses == [1000])
                let all = try await millrace.json("failures", "retry", "payments", "--all") as? [String: Int]
                #expect(all == ["count": 2])
                for command in commands { #expect(try await wire.answer(to: command.id).type == PaymentAuthorized.type) }
                #expect(try await worker.audit()["authorized.count"] == 3)
            }
        }
    }
}
