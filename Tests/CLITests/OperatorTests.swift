import Foundation
import Postgres
import Servers
import Testing

/// What an operator does when something is stuck, with the command alone, on a system that `millrace up` runs with the embedded
/// broker and a private PostgreSQL: `millrace failures` and `millrace saga`. (The stores behind them, and the same commands on
/// RabbitMQ, have tests of their own in WorkersTests.)
@Suite("An operator", .serialized, .timeLimit(.minutes(4)), .enabled(if: ServersAvailability.postgres != nil)) struct OperatorTests {
    private struct RunState: Decodable { var databaseURL: String }

    /// A running `millrace up`, and the commands beside it.
    private struct System {
        let data: String

        func run(_ arguments: String...) async throws -> ChildProcess.Result { try await run(arguments) }

        func run(_ arguments: [String]) async throws -> ChildProcess.Result {
            try await ChildProcess.run(
                .init(
                    executable: Fixture.millrace,
                    arguments: arguments + (arguments[0] == "publish" ? ["--folder", data] : ["--data", data]),
                    environment: Fixture.environment(["USER": "tester"]), workingDirectory: Fixture.project))
        }

        func rows(_ arguments: String...) async throws -> [[String: Any]] { try await rows(arguments) }

        func rows(_ arguments: [String]) async throws -> [[String: Any]] {
            let result = try await run(arguments + ["-o", "json"])
            #expect(result.status == .exited(0), "\(result)")
            return try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [[String: Any]] ?? []
        }

        /// Publishes one message and returns its identifier.
        func publish(_ topic: String, _ type: String, _ json: String, _ more: String...) async throws -> String {
            let result = try await run(["publish", topic, type, "--data", json] + more)
            #expect(result.status == .exited(0), "\(result)")
            return String(result.standardOutput.prefix(36))
        }

        /// Calls `body` with the database, as an administrator.
        func withDatabase<R: Sendable>(_ body: (PostgresClient) async throws -> R) async throws -> R {
            let state = try JSONDecoder().decode(
                RunState.self, from: try #require(FileManager.default.contents(atPath: data + "/run.json")))
            return try await PostgresClient(configuration: try PostgresConfiguration(url: state.databaseURL), logger: Fixture.logger)
                .executeThenClose(body)
        }
    }

    private func withSystem(_ workers: String, _ body: (System) async throws -> Void) async throws {
        try await Fixture.withFolder { folder in
            let data = folder + "/data"
            let up = try RunningCommand(["up", "--data", data, "--only", workers, "--log", "warning"], environment: [:])
            #expect(await up.printed(1 + workers.split(separator: ",").count, within: .seconds(120)), "\(up.words)")
            do {
                try await body(System(data: data))
            } catch {
                _ = await up.end(SIGINT, within: .seconds(60))
                throw error
            }
            #expect(await up.end(SIGINT, within: .seconds(60)) == .exited(0), "\(up.words)")
        }
    }

    private static let order = "0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c"
    private static let laterOrder = "0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2d"

    private func authorize(_ payment: Int) -> String {
        #"{"paymentId":"0198c2a4-7d5e-7a51-9c0e-00000000000\#(payment)","orderId":"\#(Self.order)","amountCents":500}"#
    }

    /// A command that `publish` was told not to check; the worker cannot read it and parks it, and what follows it for the same order.
    @Test("finds a parked message, looks at it, mends it, and what waited behind it goes on; another is discarded")
    func failures() async throws {
        try await withSystem("payments") { system in
            let wrong = try await system.publish(
                "commands", "payment.authorize", #"{"paymentId":7,"orderId":"\#(Self.order)"}"#, "--no-check", "--key", Self.order)
            let next = try await system.publish("commands", "payment.authorize", authorize(2))
            var messages: [[String: Any]] = []
            let isParked = try await Fixture.eventually {
                messages = try await system.rows("failures", "list", "payments", "--messages")
                return messages.count == 2
            }
            #expect(isParked)
            #expect(messages.compactMap { $0["id"] as? String } == [wrong, next])
            #expect(messages.compactMap { $0["status"] as? String } == ["failed", "waiting"])
            #expect(
                messages.allSatisfy { $0["partitionKey"] as? String == Self.order || $0["key"] as? String == Self.order }, "\(messages)")

            let groups = try await system.run("failures", "list", "payments")
            #expect(
                groups.status == .exited(0) && groups.standardOutput.hasPrefix("GROUP")
                    && groups.standardOutput.split(separator: "\n").count >= 2)
            let shown = try await system.run("failures", "show", "payments", wrong)
            #expect(
                shown.status == .exited(0) && shown.standardOutput.contains(#""paymentId":7"#)
                    && shown.standardOutput.contains("payment.authorize"), "\(shown)")
            let nobody = try await system.run("failures", "show", "payments", "0198c2a4-7d5e-7a51-9c0e-0000000000ff")
            #expect(nobody.status == .exited(1) && nobody.standardOutput.isEmpty, "\(nobody)")

            // Trying the same again changes nothing: it is parked again, and its successor keeps its place.
            let again = try await system.run("failures", "retry", "payments", "--id", wrong)
            #expect(again.status == .exited(0) && again.standardError.contains("1 to be handled again"), "\(again)")
            let isBack = try await Fixture.eventually {
                try await system.rows("failures", "list", "payments", "--messages").compactMap { $0["status"] as? String } == [
                    "failed", "waiting",
                ]
            }
            #expect(isBack)

            let file = system.data + "/mended.json"
            try Fixture.write(authorize(1), to: file)
            let edited = try await system.run("failures", "edit", "payments", wrong, "-f", file)
            #expect(
                edited.status == .exited(0) && UUID(uuidString: edited.standardOutput.trimmingCharacters(in: .newlines)) != nil, "\(edited)"
            )
            let isEmpty = try await Fixture.eventually { try await system.rows("failures", "list", "payments", "--messages").isEmpty }
            #expect(isEmpty)
            let payments = try await system.withDatabase { try await $0.query("SELECT count(*) FROM payments.payments", as: Int.self) }
            #expect(payments == [2])

            let lost = try await system.publish("commands", "payment.authorize", "{}", "--no-check", "--key", "k")
            let other = try await system.publish("commands", "payment.authorize", "{}", "--no-check", "--key", "k2")
            let areParked = try await Fixture.eventually {
                try await system.rows("failures", "list", "payments", "--messages").compactMap { $0["status"] as? String } == [
                    "failed", "failed",
                ]
            }
            #expect(areParked)
            // Fails when any one part of the selection is not heeded (FailureStore.condition), or when `list` has none: the messages that are
            // meant by none of these would be gone.
            for other in [
                ["--type", "stock.reserve"], ["--key", "other"], ["--group", "0000000000000000"], ["--error", "no such words"],
            ] {
                #expect(
                    try await system.run(["failures", "list", "payments", "--messages", "-o", "json"] + other).standardOutput.filter {
                        !$0.isWhitespace
                    } == "[]")
                let nothing = try await system.run(["failures", "discard", "payments", "--yes"] + other)
                #expect(nothing.status == .exited(0) && nothing.standardError.contains("0 discarded"), "\(nothing)")
                let nobody = try await system.run(["failures", "retry", "payments"] + other)
                #expect(nobody.standardError.contains("0 to be handled again"), "\(nobody)")
            }
            #expect(try await system.rows("failures", "list", "payments", "--messages").count == 2)
            // Fails when `--id` is not heeded, when an id that is not there is an empty success, when no selection means all of them, and
            // when nobody asks for --yes.
            for word in [["retry"], ["discard", "--yes"]] {
                let stranger = try await system.run(
                    ["failures", word[0], "payments", "--id", "0198c2a4-7d5e-7a51-9c0e-0000000000ff"] + word.dropFirst())
                #expect(stranger.status == .exited(1) && stranger.standardError.contains("no such failed message"), "\(stranger)")
                let unselected = try await system.run(["failures", word[0], "payments"] + word.dropFirst())
                #expect(unselected.status == .exited(64) && unselected.standardError.contains("say which"), "\(unselected)")
            }
            #expect(
                try await system.rows("failures", "list", "payments", "--messages", "--id", lost).compactMap { $0["id"] as? String } == [
                    lost
                ])
            let broken = system.data + "/broken.json"
            try Fixture.write("{\"paymentId\":", to: broken)
            let unmended = try await system.run("failures", "edit", "payments", lost, "-f", broken)
            #expect(unmended.status == .exited(64) && unmended.standardError.contains("not JSON"), "\(unmended)")
            let asked = try await system.run("failures", "discard", "payments", "--id", lost)
            #expect(asked.status == .exited(64) && asked.standardError.contains("--yes"), "\(asked)")
            let discarded = try await system.run("failures", "discard", "payments", "--id", lost, "--yes")
            #expect(discarded.status == .exited(0) && discarded.standardError.contains("1 discarded"), "\(discarded)")
            #expect(try await system.rows("failures", "list", "payments", "--messages").compactMap { $0["id"] as? String } == [other])
        }
    }

    /// Of the workers of an order only two run: nobody takes `stock.reserve`, so the saga stands at its first step. (How it becomes
    /// stuck, and is skipped and compensated by command, is in WorkersTests.SagaCommandTests.)
    ///
    /// Fails when `saga list` does not heed any one of its filters or its limit, and when it heeds only the first of two statuses.
    @Test("finds a saga that does not go on, reads its timeline, and has its command sent again")
    func saga() async throws {
        try await withSystem("checkout,orders") { system in
            for order in [Self.order, Self.laterOrder] {
                _ = try await system.publish(
                    "commerce.orders", "order.created",
                    #"{"orderId":"\#(order)","customerId":"42","items":[{"productId":"cd-1","quantity":1,"unitPriceCents":500}],"totalCents":500}"#
                )
            }
            let haveBegun = try await Fixture.eventually { try await system.rows("saga", "list", "--status", "running").count == 2 }
            #expect(haveBegun)
            func keys(_ arguments: String...) async throws -> [String] {
                try await system.rows(["saga", "list"] + arguments).compactMap { $0["key"] as? String }
            }
            #expect(try await keys("--saga", "checkout", "--status", "stuck", "--status", "running") == [Self.laterOrder, Self.order])
            #expect(try await keys("--limit", "1") == [Self.laterOrder])
            let id = try #require(try await system.rows("saga", "list", "--key", Self.order).first?["id"] as? String)
            #expect(try await keys("--key", Self.order) == [Self.order])
            for other in [["--status", "stuck"], ["--saga", "other"], ["--key", "other"]] {
                #expect(
                    try await system.run(["saga", "list", "-o", "json"] + other).standardOutput.filter { !$0.isWhitespace } == "[]",
                    "\(other)")
            }
            let shown = try await system.run("saga", "show", id)
            #expect(
                shown.status == .exited(0) && shown.standardOutput.hasPrefix("TIME") && shown.standardOutput.contains("reserve stock"),
                "\(shown)")
            let retried = try await system.run("saga", "retry", id, "--reason", "inventory is back")
            #expect(retried.status == .exited(0) && retried.standardError.contains("asked checkout to retry"), "\(retried)")
            let isDone = try await Fixture.eventually {
                let history = try await system.run("saga", "show", id)
                return history.standardOutput.contains("tester: inventory is back")
            }
            #expect(isDone)
            let nobody = try await system.run("saga", "show", "0198c2a4-7d5e-7a51-9c0e-0000000000ff")
            #expect(nobody.status == .exited(1) && nobody.standardError.contains("there is no saga instance"), "\(nobody)")
        }
    }

    @Test("a saga is drawn as Mermaid, DOT and JSON")
    func graph() async throws {
        let mermaid = try await Fixture.run("saga", "graph", "checkout")
        #expect(mermaid.status == .exited(0) && mermaid.standardOutput.contains("reserve stock"), "\(mermaid)")
        let dot = try await Fixture.run("saga", "graph", "checkout", "--format", "dot")
        #expect(dot.status == .exited(0) && dot.standardOutput.hasPrefix("digraph"), "\(dot)")
        let json = try await Fixture.run("saga", "graph", "checkout", "--format", "json")
        #expect(try JSONSerialization.jsonObject(with: Data(json.standardOutput.utf8)) is [Any])
        let none = try await Fixture.run("saga", "graph", "payments")
        #expect(none.status == .exited(1) && none.standardError.contains("no saga"), "\(none)")
    }
}
