import AMQP
import Contracts
import Messaging
import Postgres
import TestSupport
import Testing

/// The default kind of queue. (A node alone is a quorum of one; what several nodes do is RabbitMQ's own affair.)
@Suite(.timeLimit(.minutes(8)), .serialized)
struct QuorumQueueTests {
    private func quorum(_ configuration: inout MessagingConfiguration) {
        configuration.queueType = .quorum
        configuration.batchSize = 20
    }

    /// What was delivered and not acknowledged comes again, in order, and is handled once. Fails when messages are acknowledged
    /// before the commit (some are lost), and when the inbox does not filter (some are handled twice).
    @Test(arguments: TestBroker.allCases) func whatWasNotAcknowledgedComesAgain(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            let proxy = try Proxy(to: try AMQPPort.of(rig.amqpURL))
            defer { proxy.close() }
            let handlers = rig.recording { _, context in try await context.db.execute("SELECT pg_sleep(0.0005)") }
            try await rig.elsewhere(amqpPort: proxy.port) { worker in
                try await worker.running(handlers, quorum) { messaging in
                    for round in 0..<4 {
                        await rig.publish((0..<200).map { rig.message(round * 200 + $0, key: "k\($0 % 5)") })
                        try await rig.eventually { try await rig.count("seen") >= round * 200 + 40 }
                        proxy.cut()
                    }
                    try await rig.eventually(within: .seconds(60)) { try await rig.count("seen") >= 800 }
                    try await rig.eventually { try await rig.amqp.queueInfo("worker.\(rig.worker)")?.messages == 0 }
                    #expect(try await rig.count("seen") == 800)
                    for (key, values) in try await rig.seen() { #expect(values == values.sorted(), "\(key)") }
                    #expect(try await rig.count("parked") == 0)
                    #expect(messaging.snapshot().handled >= 800)
                }
            }
        }
    }

    /// A confirm means that the message is on disk: the node is killed right after it. Fails when the queue is not durable, or
    /// the messages are not persistent. The restart in good order before it is for RabbitMQ 3.10: a quorum queue that was made a
    /// moment before its node is killed never answers again (its Raft server is not in the node's directory on disk yet).
    @Test(arguments: TestBroker.allCases) func whatWasConfirmedSurvivesAKill(_ broker: TestBroker) async throws {
        try await broker.withOwn { node in
            try await Rig.with(amqpURL: node.url) { rig in
                try await rig.messaging(rig.recording(), quorum).declareTopology()
                await node.stop()
                try await node.start()
                await rig.publishAgain((0..<500).map { rig.message($0, key: "k\($0 % 7)") })
                await node.kill()
                try await node.start()
                try await rig.running(rig.recording(), quorum) { _ in
                    try await rig.eventually(within: .seconds(60)) { try await rig.count("seen") == 500 }
                    // Killed once more, while it is idle and the worker is connected.
                    await node.kill()
                    try await node.start()
                    await rig.publishAgain((500..<600).map { rig.message($0, key: "k\($0 % 7)") })
                    try await rig.eventually(within: .seconds(60)) { try await rig.count("seen") == 600 }
                }
                for (key, values) in try await rig.seen() { #expect(values == values.sorted(), "\(key)") }
            }
        }
    }

    /// Fails when the queue's type is not handed on: `classic` would answer that the arguments differ.
    @Test(arguments: TestBroker.allCases) func theQueueIsOfThatType(_ broker: TestBroker) async throws {
        try await Rig.with(broker) { rig in
            try await rig.messaging(rig.recording(), quorum).declareTopology()
            let error = await #expect(throws: AMQPError.self) {
                try await rig.messaging(rig.recording(), { $0.queueType = .classic }).declareTopology()
            }
            #expect(error?.replyCode == 406)
        }
    }
}

extension Rig {
    /// Publishes over a connection that may just be coming back.
    func publishAgain(_ envelopes: [Envelope]) async {
        var left = envelopes
        while !left.isEmpty {
            let outcomes = await publisher.publish(
                left.map { OutgoingMessage(exchange: topic, routingKey: $0.type, body: $0.encoded(), mandatory: true) })
            left = Array(left.dropFirst(outcomes.prefix { $0.isConfirmed }.count))
            if !left.isEmpty { try? await Task.sleep(for: .milliseconds(50)) }
        }
    }
}
