import AMQP
import Contracts
import Foundation
import Servers
import Testing

/// `millrace publish` from end to end, on the embedded broker.
@Suite("millrace publish", .serialized, .timeLimit(.minutes(5))) struct PublishCommandTests {
    static let topic = "commerce.orders"
    static let type = "order.confirmed"
    static let order = "0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c"
    static let good = #"{"orderId":"0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c","totalCents":1790}"#

    private func publish(_ arguments: String..., broker: CommandBroker) async throws -> ChildProcess.Result {
        var all = arguments
        if !all.contains("commands") { all = [Self.topic, Self.type] + all }
        return try await ChildProcess.run(
            .init(
                executable: Fixture.millrace, arguments: ["publish"] + all, environment: Fixture.environment(await broker.environment),
                workingDirectory: Fixture.project))
    }

    private func ids(_ result: ChildProcess.Result) -> [String] {
        result.standardOutput.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
    }

    @Test("one, an array, NDJSON, a file and standard input: each value is a message, and its id is printed in order")
    func forms() async throws {
        try await CommandBroker.with { broker in
            try await broker.bind("all", to: Self.topic)
            try await Fixture.withFolder { folder in
                let stream = folder + "/events.ndjson"
                try Fixture.write("\(Self.good)\n\n\(Self.good)\n\(Self.good)", to: stream)
                var sent: [String] = []
                for (arguments, count) in [
                    (["--data", Self.good], 1), (["--data", "[\(Self.good), \(Self.good)]"], 2),
                    (["--data", "\(Self.good)\n\(Self.good)"], 2),
                    (["-f", stream], 3), (["--data", "[]"], 0),
                ] {
                    let result = try await ChildProcess.run(
                        .init(
                            executable: Fixture.millrace, arguments: ["publish", Self.topic, Self.type] + arguments,
                            environment: Fixture.environment(await broker.environment), workingDirectory: Fixture.project))
                    #expect(result.status == .exited(0) && ids(result).count == count, "\(result)")
                    #expect(result.standardOutput.contains(Self.order) == (count > 0))
                    sent += ids(result)
                }
                for arguments in [["-"], [], ["-f", "-"]] {
                    let result = try await Fixture.run(
                        ["publish", Self.topic, Self.type] + arguments, input: stream, environment: await broker.environment)
                    #expect(result.status == .exited(0) && ids(result).count == 3, "\(result)")
                    sent += ids(result)
                }
                #expect(try await broker.take("all") == sent)
            }
        }
    }

    @Test("what the arguments say stands in the envelope and the properties")
    func envelope() async throws {
        try await CommandBroker.with { broker in
            try await broker.bind("all", to: Self.topic)
            let correlation = "0198c7d0-5b7e-7c43-9f0e-2d1a4c6b8e0f"
            let result = try await publish(
                "--data", Self.good, "--subject", "my subject", "--key", "k1", "--correlation", correlation, "--header", "tenant=a=b",
                "--source", "/me",
                "-o", "ndjson", broker: broker)
            let printed = try JSONValue.parse(Array(result.standardOutput.utf8))
            #expect(printed["key"] == "k1" && printed["topic"] == .string(Self.topic) && printed["type"] == .string(Self.type))
            let delivery = try #require(try await broker.withClient { try await $0.get(queue: "all") })
            let envelope = try Envelope(decoding: delivery.body)
            #expect(envelope.id.uuidString.lowercased() == printed["id"]?.stringValue)
            #expect(delivery.properties.messageID == printed["id"]?.stringValue && delivery.properties.type == Self.type)
            #expect(delivery.properties.contentType == "application/cloudevents+json")
            #expect(envelope.subject == "my subject" && envelope.partitionKey == "k1" && envelope.source == "/me")
            #expect(envelope.correlationID?.uuidString.lowercased() == correlation && envelope.dataschema == "millrace:order.confirmed:1")
            #expect(delivery.properties.headers["tenant"] == .string("a=b") && delivery.properties.headers["partitionkey"] == .string("k1"))
            #expect(envelope.data == Array(Self.good.utf8))
        }
    }

    /// What it guards: a file is checked as a whole before its first message is sent.
    @Test("data that does not fit is refused with its place and its pointers, and nothing of the file is sent")
    func refused() async throws {
        try await CommandBroker.with { broker in
            try await broker.bind("all", to: Self.topic)
            try await Fixture.withFolder { folder in
                let mixed = folder + "/mixed.ndjson"
                try Fixture.write("\(Self.good)\n{\"orderId\":\"no uuid\",\"totalCents\":-1,\"more\":0}\n\(Self.good)\n", to: mixed)
                let result = try await publish("-f", mixed, broker: broker)
                #expect(result.status == .exited(1) && result.standardOutput.isEmpty, "\(result)")
                for words in ["message 2, line 2", "/orderId", "/totalCents must be at least 0", "/more is not known", "nothing was sent"] {
                    #expect(result.standardError.contains(words), "\(words): \(result.standardError)")
                }
                #expect(try await broker.take("all").isEmpty)

                let tolerant = try await publish("-f", mixed, "--keep-going", broker: broker)
                #expect(tolerant.status == .exited(2) && ids(tolerant).count == 2, "\(tolerant)")
                #expect(tolerant.standardError.contains("2 confirmed") && tolerant.standardError.contains("1 refused"), "\(tolerant)")
                #expect(!tolerant.standardError.contains("--skip"), "there is nothing to go on with")
                #expect(try await broker.take("all") == ids(tolerant))

                // A stream cannot be read twice: what stood before the flaw is sent, and it says so.
                let stream = try await Fixture.run(
                    ["publish", Self.topic, Self.type, "-"], input: mixed, environment: await broker.environment)
                #expect(stream.status == .exited(2) && ids(stream).count == 1, "\(stream)")
                #expect(stream.standardError.contains("the broker has message 1; go on with --skip 1"), "\(stream)")
                #expect(try await broker.take("all") == ids(stream))
                let rest = try await publish("-f", mixed, "--skip", "2", broker: broker)
                #expect(rest.status == .exited(0) && ids(rest).count == 1, "\(rest)")
            }
        }
    }

    @Test(
        "bad input is an error with its place, never a message",
        arguments: [
            (
                #"{"orderId":"0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c","orderId":"0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c","totalCents":1}"#,
                "already has"
            ),
            (#"{"orderId":"0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c","totalCents":1e999}"#, "/totalCents"),
            (#"{"orderId":"0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c","totalCents":0.5}"#, "/totalCents"),
            (#"{"orderId":"0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c""#, "does not end"), ("[1,]", "an element of the array is missing"),
            ("tru", "not JSON"),
            (#"[{"a":1} {"b":2}]"#, "expected , or ]"), ("{}}", "without its opening"), ("", "0 messages are good"),
            (String(repeating: "[", count: 100_000), "does not end"),
            (String(repeating: "[", count: 70) + String(repeating: "]", count: 70), "deep"),
        ])
    func badInput(_ text: String, _ words: String) async throws {
        let port = try FreePort.next()
        // A dry run: it needs no broker, and does not look for one.
        try await Fixture.withFolder { folder in
            try Fixture.write(text, to: folder + "/data")
            let result = try await Fixture.run(
                ["publish", Self.topic, Self.type, "--dry-run", "-"], input: folder + "/data",
                environment: ["AMQP_URL": "amqp://127.0.0.1:\(port)"])
            #expect(result.status == .exited(text.isEmpty ? 0 : 1) && result.standardOutput.isEmpty, "\(result)")
            #expect(result.standardError.contains(words) && result.standardError.contains("nothing was sent"), "\(result)")
        }
    }

    @Test("bytes that are not UTF-8 are refused")
    func notUTF8() async throws {
        try await Fixture.withFolder { folder in
            try Data([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]).write(to: URL(fileURLWithPath: folder + "/data"))
            let result = try await Fixture.run(["publish", Self.topic, Self.type, "--dry-run", "-"], input: folder + "/data")
            #expect(result.status == .exited(1) && result.standardError.contains("UTF-8"), "\(result)")
        }
    }

    /// What it guards: EventDraft and JSONStreamSplitter look at the size.
    @Test("more than 1 MiB is refused with a hint, and taken when the limit is raised")
    func size() async throws {
        try await Fixture.withFolder { folder in
            let large = #"{"orderId":"0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c","totalCents":1"# + String(repeating: " ", count: 1 << 20) + "}"
            try Fixture.write(large, to: folder + "/large.json")
            let refused = try await Fixture.run("publish", Self.topic, Self.type, "-f", folder + "/large.json", "--dry-run")
            #expect(refused.status == .exited(1), "\(refused)")
            #expect(refused.standardError.contains("1048576") && refused.standardError.contains("--max-bytes"), "\(refused)")
            let taken = try await Fixture.run(
                "publish", Self.topic, Self.type, "-f", folder + "/large.json", "--dry-run", "--max-bytes", "2000000")
            #expect(taken.status == .exited(0) && taken.standardError.contains("1 message is good; nothing was sent"), "\(taken)")
        }
    }

    @Test(
        "a topic or a type that is not there is wrong usage, with the nearest name",
        arguments: [
            (["commerce.ordrs", "order.confirmed"], "did you mean commerce.orders?"),
            (["commerce.orders", "order.confirmd"], "did you mean order.confirmed?"),
            (["commerce.orders", "stock.reserve"], "millrace publish commands stock.reserve"),
            (["commands", "stock.resrve"], "did you mean stock.reserve?"),
            (["commerce.orders", "order.confirmed", "--schema-version", "9"], "no version 9"),
            (["commerce.orders", "order.confirmed", "--header", "x"], "name=value"),
            (["commerce.orders", "order.confirmed", "--correlation", "x"], "UUID"),
            (["commerce.orders", "order.confirmed", "-f", "/no/such/file"], "/no/such/file"),
            (["commerce.orders", "order.confirmed", "data.json"], "-f FILE"),
        ])
    func usage(_ arguments: [String], _ words: String) async throws {
        let data = arguments.contains("-f") || arguments.count == 3 ? [] : ["--data", Self.good]
        let result = try await ChildProcess.run(
            .init(
                executable: Fixture.millrace, arguments: ["publish"] + arguments + data,
                environment: Fixture.environment(["AMQP_URL": "amqp://127.0.0.1:1"]), workingDirectory: Fixture.project))
        #expect(result.status == .exited(64) && result.standardOutput.isEmpty && result.standardError.contains(words), "\(result)")
    }

    /// A pipe cannot be read twice: what was checked is what is sent.
    @Test("a pipe given as a file is checked as a whole, too")
    func pipe() async throws {
        try await CommandBroker.with { broker in
            try await broker.bind("all", to: Self.topic)
            try await Fixture.withFolder { folder in
                for (lines, count) in [([Self.good, Self.good], 2), ([Self.good, "{}"], 0)] {
                    let pipe = folder + "/pipe\(count)"
                    #expect(mkfifo(pipe, 0o600) == 0)
                    let command = try RunningCommand(["publish", Self.topic, Self.type, "-f", pipe], environment: await broker.environment)
                    let input = try await Fixture.openPipe(pipe)
                    try input.write(contentsOf: Data(lines.joined(separator: "\n").utf8))
                    try input.close()
                    #expect(await command.end() == .exited(count > 0 ? 0 : 1), "\(command.words)")
                    #expect(command.ids.count == count)
                    #expect(try await broker.take("all") == command.ids)
                }
            }
        }
    }

    /// Fails when commands are not published as mandatory, and when `--wait` takes a message for an answer that has another cause.
    @Test("a command that nobody takes is not claimed as sent; one that somebody takes is, and --wait prints the answer")
    func commands() async throws {
        try await CommandBroker.with { broker in
            let data = #"{"orderId":"0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c"}"#
            let nobody = try await publish("commands", "stock.release", "--data", data, broker: broker)
            #expect(
                nobody.status == .exited(1) && nobody.standardOutput.isEmpty && nobody.standardError.contains("nobody takes it"),
                "\(nobody)")
            try await broker.withClient { client in
                try await client.declare(
                    AMQPTopology(
                        exchanges: [.init(name: "commands", kind: "direct"), .init(name: "supply.inventory", kind: "topic")],
                        queues: [.init(name: "taker")],
                        bindings: [.init(source: "commands", destination: "taker", routingKey: "stock.release")]))
                let command = try RunningCommand(
                    ["publish", "commands", "stock.release", "--data", data, "--wait", "20"], environment: await broker.environment)
                #expect(await command.printed(1))
                let delivery = try #require(try await client.get(queue: "taker"))
                let cause = try Envelope(decoding: delivery.body)
                let answer = Envelope(
                    id: .v7(), source: "/test", type: "stock.released", subject: nil, time: .now, dataschema: nil, causationID: cause.id,
                    data: Array(#"{"orderId":"0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c","items":[]}"#.utf8))
                var stranger = answer
                stranger.id = .v7()
                stranger.causationID = .v7()
                for envelope in [stranger, answer] {
                    let outcome = await client.publisher().publish(
                        OutgoingMessage(exchange: "supply.inventory", routingKey: "stock.released", body: envelope.encoded()))
                    #expect(outcome.isConfirmed)
                }
                #expect(await command.end() == .exited(0))
                let lines = command.lines
                #expect(lines.count == 2 && lines.last?.contains("stock.released") == true, "\(lines)")
                #expect(lines.last?.contains(answer.id.lowercased) == true, "\(lines)")
            }
            let silent = try await publish("commands", "stock.release", "--data", data, "--wait", "0.2", broker: broker)
            #expect(silent.status == .exited(1) && silent.standardError.contains("no message caused by it came"), "\(silent)")
        }
    }
}
