import Contracts
import Foundation
import Servers
import Testing

/// `millrace listen --forward-to` from end to end: the embedded broker on one side, a web server of the test on the other.
@Suite("millrace listen", .serialized, .timeLimit(.minutes(3))) struct ListenCommandTests {
    private static let order = "0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c"

    private func listen(_ arguments: String..., to sink: String, broker: CommandBroker) async throws -> RunningCommand {
        let command = try RunningCommand(["listen", "commerce.orders", "--forward-to", sink] + arguments, environment: await broker.environment)
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
                    "ce-specversion": "1.0", "ce-id": ids[0], "ce-type": "order.confirmed", "ce-source": "/cli", "ce-partitionkey": Self.order,
                    "ce-dataschema": "millrace:order.confirmed:1", "ce-correlationid": "0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e0f",
                ]
                for (name, value) in expected { #expect(request.headers[name] == [value], "\(name)") }
                #expect(try JSONValue.parse(request.body) == ["orderId": .string(Self.order), "totalCents": 300])
            }
        }
    }

    /// What it guards: an answer that may change is not final, and no message overtakes one that is tried again.
    @Test("503, 429 and a broken connection are tried again, 400 is final, and the order stays")
    func answers() async throws {
        try await CommandBroker.with { broker in
            try await EventSink.with([503, 429, 0, 200, 400]) { sink in
                let command = try await listen("--count", "3", to: sink.url, broker: broker)
                let ids = try await publish(1, 2, 3, broker: broker)
                #expect(await command.end() == .exited(0), "\(command.words)")
                #expect(try totals(sink) == [1, 1, 1, 1, 2, 3])
                let expected = [("503", 0), ("429", 0), ("---", 0), ("200", 0), ("400", 1), ("204", 2)]
                #expect(command.lines == expected.map { "\($0)  order.confirmed  \(ids[$1])" })
            }
        }
    }

    @Test("with --tries a message is left out in the end, and that is told")
    func tries() async throws {
        try await CommandBroker.with { broker in
            try await EventSink.with([500, 500, 204]) { sink in
                let command = try await listen("--count", "2", "--tries", "2", to: sink.url, broker: broker)
                let ids = try await publish(1, 2, broker: broker)
                #expect(await command.end() == .exited(0))
                #expect(try totals(sink) == [1, 1, 2])
                #expect(command.words.contains("left out \(ids[0]) after 2 tries"), "\(command.words)")
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

    @Test("--type and --where forward only what is meant, and Ctrl-C ends it")
    func filters() async throws {
        try await CommandBroker.with { broker in
            try await EventSink.with { sink in
                let command = try await listen("--where", "data.totalCents >= 2", "--type", "order.*", to: sink.url, broker: broker)
                _ = try await publish(1, 2, 3, broker: broker)
                #expect(await command.printed(2))
                #expect(await command.end(SIGINT) == .exited(0))
                #expect(try totals(sink) == [2, 3])
            }
        }
    }

    @Test("wrong usage", arguments: [
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
