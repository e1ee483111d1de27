import Broker
import NIOCore
import Testing

/// What each right opens, one method at a time (https://www.rabbitmq.com/docs/access-control#authorisation).
@Suite struct PermissionTests {
    struct Step: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// Of `configure`, `write` and `read`, those that it needs, and on what.
        let needs: [(right: String, name: String)]
        let send: @Sendable (MachineClient) -> Void
    }

    static let steps: [Step] = [
        Step(testDescription: "queue.declare", needs: [("configure", "new")]) { $0.send(QueueDeclare(queue: "new")) },
        Step(testDescription: "queue.delete", needs: [("configure", "q")]) { $0.send(QueueDelete(queue: "q")) },
        Step(testDescription: "queue.purge", needs: [("read", "q")]) { $0.send(QueuePurge(queue: "q")) },
        Step(testDescription: "queue.bind", needs: [("write", "q"), ("read", "x")]) {
            $0.send(QueueBind(queue: "q", exchange: "x", routingKey: "k"))
        },
        Step(testDescription: "queue.unbind", needs: [("write", "q"), ("read", "x")]) {
            $0.send(QueueUnbind(queue: "q", exchange: "x", routingKey: "k"))
        },
        Step(testDescription: "exchange.declare", needs: [("configure", "new")]) {
            $0.send(ExchangeDeclare(exchange: "new", type: "fanout"))
        },
        Step(testDescription: "exchange.delete", needs: [("configure", "x")]) { $0.send(ExchangeDelete(exchange: "x")) },
        Step(testDescription: "exchange.bind", needs: [("write", "y"), ("read", "x")]) {
            $0.send(ExchangeBind(destination: "y", source: "x", routingKey: "k"))
        },
        Step(testDescription: "exchange.unbind", needs: [("write", "y"), ("read", "x")]) {
            $0.send(ExchangeUnbind(destination: "y", source: "x", routingKey: "k"))
        },
        Step(testDescription: "queue.declare with a dead-letter exchange", needs: [("configure", "new"), ("read", "new"), ("write", "x")]) {
            $0.send(QueueDeclare(queue: "new", arguments: ["x-dead-letter-exchange": "x"]))
        },
        Step(
            testDescription: "exchange.declare with an alternate exchange", needs: [("configure", "new"), ("read", "new"), ("write", "x")]
        ) {
            $0.send(ExchangeDeclare(exchange: "new", type: "fanout", arguments: ["alternate-exchange": "x"]))
        },
        Step(testDescription: "basic.consume", needs: [("read", "q")]) { $0.send(BasicConsume(queue: "q", consumerTag: "t")) },
        Step(testDescription: "basic.get", needs: [("read", "q")]) { $0.send(BasicGet(queue: "q")) },
        Step(testDescription: "basic.publish", needs: [("write", "x")]) { client in
            client.publish(exchange: "x", key: "k")
            // Has an answer where the publish has none.
            client.send(BasicQos(prefetchCount: 1))
        },
    ]

    private func prepared() throws -> MachineHarness {
        let harness = try MachineHarness()
        let owner = try harness.open()
        try owner.declare("q")
        for name in ["x", "y"] {
            owner.send(ExchangeDeclare(exchange: name, type: "fanout"))
            _ = try owner.take(ExchangeDeclareOK.self)
        }
        return harness
    }

    private func allow(_ harness: MachineHarness, _ rights: [(right: String, name: String)]) {
        func pattern(_ right: String) -> String {
            let names = rights.filter { $0.right == right }.map(\.name)
            return names.isEmpty ? "" : "^(\(names.joined(separator: "|")))$"
        }
        harness.allow("other", configure: pattern("configure"), write: pattern("write"), read: pattern("read"))
    }

    @Test(arguments: steps) func whatItNeedsIsEnough(_ step: Step) throws {
        let harness = try prepared()
        allow(harness, step.needs)
        let client = try harness.open(user: "other")
        step.send(client)
        let frame = try client.takeFrame()
        #expect(frame.method != .channelClose && frame.method != .connectionClose)
    }

    /// Fails when a check is left out: every other right is there, on everything.
    @Test(arguments: steps) func withoutOneOfThemItIsRefused(_ step: Step) throws {
        for missing in step.needs {
            let harness = try prepared()
            let all = ["q", "x", "y", "new"]
            let rights = ["configure", "write", "read"].flatMap { right in all.map { (right: right, name: $0) } }
            allow(harness, rights.filter { $0 != missing })
            let client = try harness.open(user: "other")
            step.send(client)
            let close = try client.take(ChannelClose.self)
            #expect(close.replyCode == 403)
            #expect(close.replyText.contains("'\(missing.name)' in vhost '/' refused for user 'other'"))
        }
    }

    /// Fails when a publisher's right is asked for once and for all.
    @Test func aRightThatIsTakenAwayIsGoneAtOnce() throws {
        let harness = try prepared()
        allow(harness, [("write", "x")])
        let client = try harness.open(user: "other")
        client.publish(exchange: "x", key: "k")
        #expect(!client.hasFrames)
        try harness.access.put(PermissionDefinition(user: "other", host: "/", configure: "", write: "", read: ""))
        client.publish(exchange: "x", key: "k")
        #expect(try client.take(ChannelClose.self).replyCode == 403)
    }
}
