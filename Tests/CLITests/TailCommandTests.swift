import AMQP
import Contracts
import Foundation
import Servers
import Testing

/// `millrace tail` from end to end, on the embedded broker.
@Suite("millrace tail", .serialized, .timeLimit(.minutes(5))) struct TailCommandTests {
    private static let orders = ["0198c2a4-7d5e-7a51-9c0e-000000000001", "0198c2a4-7d5e-7a51-9c0e-000000000002"]

    /// Starts it and waits until it reads.
    private func tail(_ arguments: String..., broker: CommandBroker) async throws -> RunningCommand {
        let command = try RunningCommand(["tail"] + arguments, environment: await broker.environment)
        #expect(await command.said("reading"), "\(command.words)")
        return command
    }

    private func confirm(_ order: String, cents: Int, _ arguments: String..., broker: CommandBroker) async throws {
        let result = try await ChildProcess.run(
            .init(
                executable: Fixture.millrace,
                arguments: ["publish", "commerce.orders", "order.confirmed", "--data", #"{"orderId":"\#(order)","totalCents":\#(cents)}"#]
                    + arguments,
                environment: Fixture.environment(await broker.environment), workingDirectory: Fixture.project))
        #expect(result.status == .exited(0), "\(result)")
    }

    private func reject(_ order: String, broker: CommandBroker) async throws {
        let result = try await Fixture.run(
            "publish", "commerce.orders", "order.rejected", "--data", #"{"orderId":"\#(order)","reason":"sold out"}"#,
            environment: await broker.environment)
        #expect(result.status == .exited(0), "\(result)")
    }

    /// One property of the data of each event that was printed.
    private func values(_ property: String, _ command: RunningCommand) throws -> [JSONValue?] {
        try command.lines.map { try JSONValue.parse(Array($0.utf8))["data"]?[property] }
    }

    /// What it guards: it reads a queue of its own, which does not stay.
    @Test("live, in a pipe as NDJSON, and nobody misses a message for it; its queue is gone afterwards")
    func live() async throws {
        try await CommandBroker.with { broker in
            try await broker.bind("worker", to: "commerce.orders")
            let first = try await tail("commerce.orders", broker: broker)
            let second = try await tail("commerce.*", "--count", "2", broker: broker)
            for (index, order) in Self.orders.enumerated() { try await confirm(order, cents: 100 + index, broker: broker) }
            #expect(await second.end() == .exited(0))
            #expect(await first.printed(2))
            #expect(await first.end(SIGINT) == .exited(0))
            for command in [first, second] {
                #expect(try values("totalCents", command) == [100, 101])
                #expect(command.lines.allSatisfy { $0.contains(#""specversion":"1.0""#) })
            }
            #expect(try await broker.take("worker").count == 2)
            // The queues of the two, and nothing else, are gone.
            #expect(try await broker.queues() == ["worker"])
        }
    }

    /// Fails when any one of the four is not heeded, when `--where` takes the place of `--subject` or the other way round, when
    /// `--count` takes one more, and when it counts what was left out.
    @Test("--type, --subject, --where and --count leave out what is not meant")
    func filters() async throws {
        try await CommandBroker.with { broker in
            let byType = try await tail("commerce.orders", "--type", "order.rejected", "--count", "1", broker: broker)
            let bySubject = try await tail("commerce.orders", "--subject", "special", "--count", "1", broker: broker)
            let byCondition = try await tail(
                "#", "--where", "data.totalCents > 150 and type == 'order.confirmed'", "--count", "1", broker: broker)
            let both = try await tail("commerce.orders", "--subject", "special", "--where", "data.totalCents < 150", broker: broker)
            try await confirm(Self.orders[0], cents: 100, broker: broker)
            try await confirm(Self.orders[1], cents: 200, "--subject", "special", broker: broker)
            try await reject(Self.orders[0], broker: broker)
            for command in [byType, bySubject, byCondition] { #expect(await command.end() == .exited(0), "\(command.words)") }
            #expect(try values("reason", byType) == ["sold out"])
            #expect(try values("totalCents", bySubject) == [200])
            #expect(try values("totalCents", byCondition) == [200])
            #expect(await both.end(SIGINT) == .exited(0))
            #expect(both.lines.isEmpty)
        }
    }

    @Test("-o table, json and ndjson, and a format of one's own")
    func forms() async throws {
        try await CommandBroker.with { broker in
            let table = try await tail("commerce.orders", "-o", "table", "--count", "1", broker: broker)
            let json = try await tail("commerce.orders", "-o", "json", "--count", "1", broker: broker)
            let ndjson = try await tail("commerce.orders", "-o", "ndjson", "--count", "1", broker: broker)
            let format = try await tail("commerce.orders", "--format", "%o %t %k %v%%", "--count", "1", broker: broker)
            try await confirm(Self.orders[0], cents: 100, broker: broker)
            for command in [table, json, ndjson, format] { #expect(await command.end() == .exited(0)) }
            let value = #"{"orderId":"\#(Self.orders[0])","totalCents":100}"#
            let line = try #require(table.lines.first)
            #expect(line.contains("order.confirmed \(Self.orders[0])") && line.hasSuffix(value) && !line.contains("\u{1B}["), "\(line)")
            let whole = json.lines
            #expect(whole.count > 5 && whole.first == "{" && whole.last == "}")
            #expect(try JSONValue.parse(Array(whole.joined().utf8))["type"] == "order.confirmed")
            #expect(ndjson.lines.count == 1)
            #expect(format.lines == ["commerce.orders order.confirmed \(Self.orders[0]) \(value)%"])
        }
    }

    /// What it guards: the queue is declared again after a lost connection.
    @Test("it reads on after the broker has died and come back, and says that it was away")
    func reconnects() async throws {
        try await CommandBroker.with { broker in
            let command = try await tail("commerce.orders", broker: broker)
            try await confirm(Self.orders[0], cents: 1, broker: broker)
            #expect(await command.printed(1))
            await broker.kill()
            #expect(await command.said("the connection to the broker is lost"))
            try await broker.start()
            #expect(await command.said("connected again"))
            // The words come with the connection, the queue a moment later.
            let isBack = try await Fixture.eventually {
                try await confirm(Self.orders[1], cents: 2, broker: broker)
                return command.lines.count >= 2
            }
            #expect(isBack)
            #expect(await command.end(SIGTERM) == .exited(0))
            #expect(try values("totalCents", command).prefix(2) == [1, 2])
        }
    }

    @Test("what is no CloudEvent is told, not printed")
    func strange() async throws {
        try await CommandBroker.with { broker in
            let command = try await tail("commerce.orders", broker: broker)
            try await broker.withClient { client in
                let outcome = await client.publisher().publish(
                    OutgoingMessage(exchange: "commerce.orders", routingKey: "odd", body: [0xFF, 0x00]))
                #expect(outcome.isConfirmed)
            }
            #expect(await command.said("no CloudEvent"))
            #expect(await command.end(SIGINT) == .exited(0))
            #expect(command.lines.isEmpty)
        }
    }

    @Test("commands are seen on their way, and the worker gets them all the same")
    func commands() async throws {
        try await CommandBroker.with { broker in
            try await broker.withClient { client in
                try await client.declare(
                    AMQPTopology(
                        exchanges: [.init(name: "commands", kind: "direct")], queues: [.init(name: "worker")],
                        bindings: [.init(source: "commands", destination: "worker", routingKey: "stock.release")]))
            }
            let command = try await tail("commands", "--type", "stock.*", "--count", "1", broker: broker)
            let sent = try await Fixture.run(
                "publish", "commands", "stock.release", "--data", #"{"orderId":"\#(Self.orders[0])"}"#,
                environment: await broker.environment)
            #expect(sent.status == .exited(0), "\(sent)")
            #expect(await command.end() == .exited(0))
            #expect(command.lines.count == 1)
            #expect(try await broker.take("worker").count == 1)
        }
    }

    @Test(
        "wrong usage is told with its place",
        arguments: [
            (["commerce.orders", "--where", "data.a >"], "^"), (["commerce.orders", "--format", "%x"], "%t type"),
            (["*"], "no topic is like *"),
            (["commerce.orders", "--count", "0"], "--count"), (["commerce.orders", "--format", "%t", "-o", "json"], "not both"),
        ])
    func usage(_ arguments: [String], _ words: String) async throws {
        let result = try await ChildProcess.run(
            .init(
                executable: Fixture.millrace, arguments: ["tail"] + arguments,
                environment: Fixture.environment(["AMQP_URL": "amqp://127.0.0.1:1"]),
                workingDirectory: Fixture.project))
        #expect(result.status == .exited(64) && result.standardError.contains(words), "\(result)")
    }

    @Test("a topic that neither the contracts nor the broker know is a failure")
    func unknown() async throws {
        try await CommandBroker.with { broker in
            let result = try await Fixture.run("tail", "no.such.topic", environment: await broker.environment)
            #expect(result.status == .exited(1) && result.standardError.contains("no.such.topic"), "\(result)")
        }
    }
}
