import Foundation
import Servers
import Testing

/// What `millrace publish` says when something goes wrong on the way: never more than is so.
@Suite("millrace publish, when something fails", .serialized, .timeLimit(.minutes(5))) struct PublishFaultTests {
    private static let topic = "commerce.orders"
    private static let type = "order.confirmed"

    /// A stream of events that can be told apart.
    private func stream(_ count: Int, in folder: String) throws -> String {
        let lines = (1...count).map { #"{"orderId":"0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c","totalCents":\#($0)}"# }
        try Fixture.write(lines.joined(separator: "\n"), to: folder + "/events.ndjson")
        return folder + "/events.ndjson"
    }

    @Test("no broker: code 5 within seconds, nothing is claimed as sent, and no password is told")
    func noBroker() async throws {
        let port = try FreePort.next()
        let result = try await Fixture.run(
            "publish", Self.topic, Self.type, "--data", PublishCommandTests.good,
            environment: ["AMQP_URL": "amqp://somebody:topsecret@127.0.0.1:\(port)/%2F"])
        #expect(result.status == .exited(5) && result.standardOutput.isEmpty, "\(result)")
        #expect(result.standardError.contains("127.0.0.1:\(port)") && result.standardError.contains("nothing was sent"), "\(result)")
        #expect(!result.standardError.contains("topsecret"))
        for command in [["tail", Self.topic], ["listen", Self.topic, "--forward-to", "http://127.0.0.1:1"]] {
            let result = try await ChildProcess.run(
                .init(
                    executable: Fixture.millrace, arguments: command,
                    environment: Fixture.environment(["AMQP_URL": "amqp://127.0.0.1:\(port)"]),
                    workingDirectory: Fixture.project))
            #expect(result.status == .exited(5) && result.standardOutput.isEmpty, "\(result)")
        }
    }

    @Test("a refused login is told as such")
    func login() async throws {
        try await CommandBroker.with { broker in
            let url = await broker.url.replacingOccurrences(of: "guest:guest", with: "guest:topsecret")
            let result = try await Fixture.run(
                "publish", Self.topic, Self.type, "--data", PublishCommandTests.good, environment: ["AMQP_URL": url])
            #expect(result.status == .exited(5) && result.standardError.contains("refused the login"), "\(result)")
            #expect(!result.standardError.contains("topsecret"))
        }
    }

    /// What it guards: what is in flight is waited for at the end (PublishRun.settleAll), and counted.
    @Test("interrupted, it says exactly what was confirmed, and --skip goes on from there", arguments: [SIGINT, SIGTERM])
    func interrupted(_ signal: Int32) async throws {
        try await CommandBroker.with { broker in
            try await broker.bind("all", to: Self.topic)
            try await Fixture.withFolder { folder in
                let file = try stream(2_000, in: folder)
                let first = try RunningCommand(
                    ["publish", Self.topic, Self.type, "-f", file, "--rate", "400"], environment: await broker.environment)
                #expect(await first.printed(60))
                #expect(await first.end(signal) == .exited(2))
                let printed = first.ids
                let (count, words) = (printed.count, first.words)
                #expect(count >= 60 && count < 2_000)
                #expect(words.contains("\(count) confirmed in"), "\(words)")
                #expect(words.contains("the broker has messages 1 to \(count); go on with --skip \(count)"), "\(words)")

                let second = try await Fixture.run(
                    "publish", Self.topic, Self.type, "-f", file, "--skip", "\(count)", environment: await broker.environment)
                #expect(second.status == .exited(0), "\(second)")
                let rest = second.standardOutput.split(separator: "\n").map { String($0.prefix(36)) }
                #expect(printed.count + rest.count == 2_000)
                #expect(try await broker.take("all") == printed + rest)
            }
        }
    }

    /// Calls `body` while a file of 60,000 messages goes out as fast as it can, with one confirm after the other, each of which waits
    /// for the disk.
    private func atFullSpeed(_ body: (CommandBroker, RunningCommand) async throws -> Void) async throws {
        try await CommandBroker.with { broker in
            try await broker.bind("all", to: Self.topic)
            try await Fixture.withFolder { folder in
                let command = try RunningCommand(
                    ["publish", Self.topic, Self.type, "-f", try stream(60_000, in: folder), "--window", "1"],
                    environment: await broker.environment)
                #expect(await command.printed(100))
                try await body(broker, command)
            }
        }
    }

    /// Fails when nobody looks whether it was interrupted: nothing else ends a file that goes out as fast as it can.
    @Test("interrupted at full speed, it ends, too")
    func interruptedAtFullSpeed() async throws {
        try await atFullSpeed { broker, command in
            #expect(await command.end(SIGINT) == .exited(2), "\(command.words)")
            let count = command.ids.count
            #expect(
                count < 60_000 && command.words.contains("the broker has messages 1 to \(count); go on with --skip \(count)"),
                "\(command.words)")
            let taken = try await broker.take("all")
            #expect(taken == command.ids)
        }
    }

    /// Fails when the second signal does no more than the first: nothing comes from the broker any more.
    @Test("interrupted twice, it does not wait for a broker that says nothing")
    func interruptedTwice() async throws {
        try await atFullSpeed { broker, command in
            await broker.freeze(true)
            command.process.signal(SIGINT)
            #expect(await command.said("again to give it up"))
            #expect(await command.end(SIGINT, within: .seconds(15)) == .exited(2), "\(command.words)")
            let count = command.ids.count
            #expect(command.words.contains("unconfirmed (the broker may have them)"), "\(command.words)")
            #expect(command.words.contains("the broker has messages 1 to \(count); go on with --skip \(count)"), "\(command.words)")
        }
    }

    /// A pipe that stays open and gives nothing more.
    @Test("interrupted while it waits for input, it has sent what had come")
    func waiting() async throws {
        try await CommandBroker.with { broker in
            try await broker.bind("all", to: Self.topic)
            try await Fixture.withFolder { folder in
                let pipe = folder + "/pipe"
                #expect(mkfifo(pipe, 0o600) == 0)
                let command = try RunningCommand(
                    ["/bin/sh", "-c", #"exec "$0" publish commerce.orders order.confirmed - <"$1""#, Fixture.millrace, pipe],
                    environment: await broker.environment)
                let input = try await Fixture.openPipe(pipe)
                try input.write(contentsOf: Data((PublishCommandTests.good + "\n").utf8))
                #expect(await command.printed(1))
                #expect(await command.end(SIGINT) == .exited(2))
                #expect(command.words.contains("the broker has message 1"))
                try input.close()
                #expect(try await broker.take("all") == command.ids)
            }
        }
    }

    /// What is printed as confirmed is there after the power failure; what is not printed is told as unconfirmed, not as sent.
    @Test("a broker that dies on the way: what was printed is on its disk")
    func killed() async throws {
        try await CommandBroker.with { broker in
            try await broker.bind("all", to: Self.topic)
            try await Fixture.withFolder { folder in
                let file = try stream(5_000, in: folder)
                let command = try RunningCommand(
                    ["publish", Self.topic, Self.type, "-f", file, "--rate", "1000"], environment: await broker.environment)
                #expect(await command.printed(200))
                await broker.kill()
                let status = await command.end()
                #expect(status == .exited(2), "\(command.words)")
                let printed = command.ids
                let words = command.words
                #expect(
                    words.contains("\(printed.count) confirmed in") && words.contains("unconfirmed (the broker may have them)"), "\(words)")
                #expect(words.contains("the broker has messages 1 to \(printed.count); go on with --skip \(printed.count)"), "\(words)")
                try await broker.start()
                let kept = try await broker.take("all")
                #expect(kept.prefix(printed.count) == printed[...])
            }
        }
    }
}
