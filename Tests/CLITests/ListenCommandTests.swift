import AMQP
import Contracts
import Foundation
import Servers
import Testing

/// `millrace listen --forward-to` from end to end: the embedded broker on one side, a web server of the test on the other.
@Suite("millrace listen", .serialized, .timeLimit(.minutes(5))) struct ListenCommandTests {
    private static let order = "0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c"

    private func listen(_ arguments: String..., to sink: String, broker: CommandBroker) async throws -> RunningCommand {
        let command = try RunningCommand(
            ["listen", "commerce.orders", "--forward-to", sink] + arguments, environment: await broker.environment)
        #expect(await command.said("forwarding"), "\(command.words)")
        return command
    }

    /// Publishes events with these totals, and returns their identifiers.
    private func publish(_ cents: Int..., broker: CommandBroker) async throws -> [String] {
        let data = cents.map { #"{"orderId":"\#(Self.order)","totalCents":\#($0)}"# }.joined(separator: "\n")
        let result = try await Fixture.run(
            "publish", "commerce.orders", "order.confirmed", "--data", data, "--correlation", "0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e0f",
            environment: await broker.environment)
        #expect(result.status == .exited(0), "\(result)")
        return result.standardOutput.split(separator: "\n").map { String($0.prefix(36)) }
    }

    private func totals(_ sink: EventSink) throws -> [JSONValue?] {
        try sink.requests.map { try JSONValue.parse($0.body)["data"]?["totalCents"] }
    }

    @Test("each message is a CloudEvents request, in order, structured or binary")
    func modes() async throws {
        try await CommandBroker.with { broker in
            try await EventSink.with { sink in
                let command = try await listen("--count", "2", to: sink.url + "/hook?a=b", broker: broker)
                let ids = try await publish(100, 200, broker: broker)
                #expect(await command.end() == .exited(0), "\(command.words)")
                #expect(command.lines == ids.map { "204  order.confirmed  \($0)" })
                #expect(try totals(sink) == [100, 200])
                let first = try #require(sink.requests.first)
                #expect(first.method == "POST" && first.path == "/hook?a=b")
                #expect(first.headers["content-type"].first?.hasPrefix("application/cloudevents+json") == true)
                #expect(try Envelope(decoding: first.body).id.uuidString.lowercased() == ids[0])
            }
            try await EventSink.with { sink in
                let command = try await listen("--count", "1", "--mode", "binary", to: sink.url, broker: broker)
                let ids = try await publish(300, broker: broker)
                #expect(await command.end() == .exited(0), "\(command.words)")
                let request = try #require(sink.requests.first)
                #expect(request.path == "/" && request.headers["content-type"] == ["application/json"])
                let expected = [
                    "ce-specversion": "1.0", "ce-id": ids[0], "ce-type": "order.confirmed", "ce-source": "/cli",
                    "ce-partitionkey": Self.order,
                    "ce-dataschema": "millrace:order.confirmed:1", "ce-correlationid": "0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e0f",
                ]
                for (name, value) in expected { #expect(request.headers[name] == [value], "\(name)") }
                #expect(try JSONValue.parse(request.body) == ["orderId": .string(Self.order), "totalCents": 300])
            }
        }
    }

    /// An answer that may change is not final, and no message overtakes one that is tried again. Fails when any one of 5xx, 408, 425,
    /// 429 and a lost connection is final, when 3xx or 4xx is not, when every answer is, and when 0 tries are taken for one.
    @Test("5xx, 408, 425, 429 and a broken connection are tried again, any other answer is final, and the order stays")
    func answers() async throws {
        try await CommandBroker.with { broker in
            try await EventSink.with([503, 429, 0, 200, 408, 425, 599, 201, 400, 301]) { sink in
                let command = try await listen("--count", "5", to: sink.url, broker: broker)
                let ids = try await publish(1, 2, 3, 4, 5, broker: broker)
                #expect(await command.end() == .exited(0), "\(command.words)")
                #expect(try totals(sink) == [1, 1, 1, 1, 2, 2, 2, 2, 3, 4, 5])
                let expected = [
                    ("503", 0), ("429", 0), ("---", 0), ("200", 0), ("408", 1), ("425", 1), ("599", 1), ("201", 1), ("400", 2), ("301", 3),
                    ("204", 4),
                ]
                #expect(command.lines == expected.map { "\($0)  order.confirmed  \(ids[$1])" })
            }
        }
    }

    /// Fails when `--timeout` is not handed on.
    @Test("a server that takes a message and says nothing is asked again after --timeout")
    func silence() async throws {
        try await CommandBroker.with { broker in
            try await EventSink.with([-1]) { sink in
                let command = try await listen("--count", "1", "--timeout", "0.2", to: sink.url, broker: broker)
                let ids = try await publish(1, broker: broker)
                #expect(await command.end() == .exited(0), "\(command.words)")
                let lines = command.lines
                #expect(lines.last == "204  order.confirmed  \(ids[0])", "\(lines)")
                // A server that is slow may seem silent once more.
                let silent = lines.dropLast()
                #expect(!silent.isEmpty && silent.allSatisfy { $0 == "---  order.confirmed  \(ids[0])" }, "\(lines)")
            }
        }
    }

    /// Fails when the size of an answer is not looked at (HTTPConnection): then it would count.
    @Test("an answer that is too large is none, and that is told")
    func largeAnswer() async throws {
        try await CommandBroker.with { broker in
            try await EventSink.with([200], bodies: [.init(repeating: 0x20, count: (64 << 20) + 1)]) { sink in
                let command = try await listen("--count", "1", to: sink.url, broker: broker)
                let ids = try await publish(1, broker: broker)
                #expect(await command.end() == .exited(0), "\(command.words)")
                #expect(command.lines == ["---", "204"].map { "\($0)  order.confirmed  \(ids[0])" })
                #expect(command.words.contains("the answer is larger than 64 MiB"), "\(command.words)")
            }
        }
    }

    /// Fails when such a message ends the command.
    @Test("what is no CloudEvent is left out and told, and the next message follows")
    func strange() async throws {
        try await CommandBroker.with { broker in
            try await EventSink.with { sink in
                let command = try await listen("--count", "2", to: sink.url, broker: broker)
                try await broker.withClient { client in
                    let outcome = await client.publisher().publish(
                        OutgoingMessage(exchange: "commerce.orders", routingKey: "odd", body: [0xFF, 0x00]))
                    #expect(outcome.isConfirmed)
                }
                _ = try await publish(1, broker: broker)
                #expect(await command.end() == .exited(0), "\(command.words)")
                #expect(
                    command.words.contains("left out a message of commerce.orders with the key odd: it is no CloudEvent"),
                    "\(command.words)")
                #expect(try totals(sink) == [1])
            }
        }
    }

    /// Fails when the tries are not counted, when there is one more than was said, and when a lost connection is final.
    @Test("with --tries a message is left out in the end, and that is told")
    func tries() async throws {
        try await CommandBroker.with { broker in
            try await EventSink.with([500, 0, 503, 204]) { sink in
                let command = try await listen("--count", "2", "--tries", "2", to: sink.url, broker: broker)
                let ids = try await publish(1, 2, broker: broker)
                #expect(await command.end() == .exited(0))
                #expect(try totals(sink) == [1, 1, 2, 2])
                #expect(command.lines == [("500", 0), ("---", 0), ("503", 1), ("204", 1)].map { "\($0)  order.confirmed  \(ids[$1])" })
                #expect(command.words.contains("left out \(ids[0]) after 2 tries"), "\(command.words)")
                #expect(!command.words.contains("left out \(ids[1])"), "\(command.words)")
            }
        }
    }

    @Test("a server that is not there yet gets everything once it is")
    func late() async throws {
        try await CommandBroker.with { broker in
            let port = try FreePort.next()
            let command = try await listen("--count", "2", to: "http://127.0.0.1:\(port)", broker: broker)
            _ = try await publish(1, 2, broker: broker)
            #expect(await command.printed(1))
            #expect(command.lines.first?.hasPrefix("---") == true)
            try await EventSink.with(port: port) { sink in
                #expect(await command.end() == .exited(0), "\(command.words)")
                let received = try totals(sink)
                #expect(received == [1, 2])
            }
        }
    }

    /// Fails when `--type` or `--where` is not heeded, when `--count` is not or takes one more, and when it counts what was left out.
    @Test("--type and --where forward only what is meant, and Ctrl-C ends it")
    func filters() async throws {
        try await CommandBroker.with { broker in
            try await EventSink.with { sink in
                // Of what the condition takes, one is of another type.
                let command = try await listen(
                    "--where", "not data.totalCents == 1", "--type", "order.confirmed", to: sink.url, broker: broker)
                let rejected = try await Fixture.run(
                    "publish", "commerce.orders", "order.rejected", "--data", #"{"orderId":"\#(Self.order)","reason":"sold out"}"#,
                    environment: await broker.environment)
                #expect(rejected.status == .exited(0), "\(rejected)")
                _ = try await publish(1, 2, 3, broker: broker)
                #expect(await command.printed(2))
                #expect(await command.end(SIGINT) == .exited(0))
                #expect(try totals(sink) == [2, 3])
            }
            try await EventSink.with { sink in
                let command = try await listen("--where", "data.totalCents >= 2", "--count", "2", to: sink.url, broker: broker)
                _ = try await publish(1, 2, 3, 4, broker: broker)
                #expect(await command.end() == .exited(0), "\(command.words)")
                #expect(try totals(sink) == [2, 3])
            }
        }
    }

    @Test(
        "wrong usage",
        arguments: [
            ["--forward-to", "ftp://localhost"], ["--forward-to", "localhost:80"], ["--forward-to", "http://localhost", "--tries", "-1"],
            ["--forward-to", "http://localhost", "--timeout", "0"], ["--forward-to", "http://localhost", "--where", "("], [],
        ])
    func usage(_ arguments: [String]) async throws {
        let result = try await ChildProcess.run(
            .init(
                executable: Fixture.millrace, arguments: ["listen", "commerce.orders"] + arguments,
                environment: Fixture.environment(["AMQP_URL": "amqp://127.0.0.1:1"]), workingDirectory: Fixture.project))
        #expect(result.status == .exited(64) && result.standardOutput.isEmpty && !result.standardError.isEmpty, "\(result)")
    }
}
