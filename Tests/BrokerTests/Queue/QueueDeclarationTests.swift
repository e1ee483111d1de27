import Broker
import Testing

@Suite struct QueueDeclarationTests {
    struct Refusal: CustomTestStringConvertible {
        let arguments: FieldTable
        let text: String
        var type = ""
        var testDescription: String { text }
    }

    static let refusals: [Refusal] = [
        Refusal(
            arguments: ["x-expires": .int32(0)],
            text: "invalid arg 'x-expires' for queue 'q' in vhost '/': {value_zero,0}"),
        Refusal(
            arguments: ["x-expires": .int32(-1)],
            text: "invalid arg 'x-expires' for queue 'q' in vhost '/': {value_negative,-1}"),
        Refusal(
            arguments: ["x-expires": "60000"],
            text: "invalid arg 'x-expires' for queue 'q' in vhost '/': \"expected integer, got longstr\""),
        Refusal(
            arguments: ["x-expires": .int64(315_360_000_001)],
            text: "invalid arg 'x-expires' for queue 'q' in vhost '/': {value_too_large,315360000001}"),
        Refusal(
            arguments: ["x-message-ttl": .int32(-1)],
            text: "invalid arg 'x-message-ttl' for queue 'q' in vhost '/': {value_negative,-1}"),
        Refusal(
            arguments: ["x-message-ttl": .bool(true)],
            text: "invalid arg 'x-message-ttl' for queue 'q' in vhost '/': \"expected integer, got bool\""),
        Refusal(
            arguments: ["x-dead-letter-exchange": .int32(1)],
            text: "invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '/'"),
        Refusal(
            arguments: ["x-dead-letter-routing-key": "k"],
            text: "invalid arg 'x-dead-letter-routing-key' for queue 'q' in vhost '/': routing_key_but_no_dlx_defined"),
        Refusal(
            arguments: ["x-dead-letter-exchange": "x", "x-dead-letter-routing-key": .int32(1)],
            text: "invalid arg 'x-dead-letter-routing-key' for queue 'q' in vhost '/': {unacceptable_type,signedint}"),
        Refusal(
            arguments: ["x-max-length": .int32(-5)],
            text: "invalid arg 'x-max-length' for queue 'q' in vhost '/': {value_negative,-5}"),
        Refusal(
            arguments: ["x-max-length-bytes": "many"],
            text: "invalid arg 'x-max-length-bytes' for queue 'q' in vhost '/': \"expected integer, got longstr\""),
        Refusal(
            arguments: ["x-max-priority": .int32(256)],
            text: "invalid arg 'x-max-priority' for queue 'q' in vhost '/': {max_value_exceeded,256}"),
        Refusal(
            arguments: ["x-max-priority": .int32(-1)],
            text: "invalid arg 'x-max-priority' for queue 'q' in vhost '/': {value_negative,-1}"),
        Refusal(
            arguments: ["x-overflow": "explode"],
            text: "invalid arg 'x-overflow' for queue 'q' in vhost '/': invalid_overflow"),
        Refusal(
            arguments: ["x-overflow": .int32(1)],
            text: "invalid arg 'x-overflow' for queue 'q' in vhost '/': {unacceptable_type,signedint}"),
        Refusal(
            arguments: ["x-queue-mode": "idle"],
            text: "invalid arg 'x-queue-mode' for queue 'q' in vhost '/': \"unsupported queue mode 'idle'\""),
        Refusal(
            arguments: ["x-queue-version": .int32(3)],
            text: "invalid arg 'x-queue-version' for queue 'q' in vhost '/': \"unsupported queue version '3'\""),
        Refusal(
            arguments: ["x-single-active-consumer": "true"],
            text: "invalid arg 'x-single-active-consumer' for queue 'q' in vhost '/': {unacceptable_type,longstr}"),
        Refusal(
            arguments: ["x-queue-type": "stream"],
            text: "invalid arg 'x-queue-type' for queue 'q' in vhost '/': \"unsupported queue type 'stream'\""),
        Refusal(
            arguments: ["x-queue-type": "quantum"],
            text: "invalid arg 'x-queue-type' for queue 'q' in vhost '/': \"unsupported queue type 'quantum'\""),
        Refusal(
            arguments: ["x-queue-type": .int32(1)],
            text: "invalid arg 'x-queue-type' for queue 'q' in vhost '/': {unacceptable_type,signedint}"),
        Refusal(
            arguments: ["x-delivery-limit": .int32(3)],
            text: "invalid arg 'x-delivery-limit' for queue 'q' in vhost '/' of queue type rabbit_classic_queue"),
        Refusal(
            arguments: ["x-max-age": "1D"],
            text: "invalid arg 'x-max-age' for queue 'q' in vhost '/' of queue type rabbit_classic_queue"),
        Refusal(
            arguments: ["x-queue-type": "quorum", "x-max-priority": .int32(3)],
            text: "invalid arg 'x-max-priority' for queue 'q' in vhost '/' of queue type rabbit_quorum_queue"),
        Refusal(
            arguments: ["x-queue-type": "quorum", "x-queue-mode": "lazy"],
            text: "invalid arg 'x-queue-mode' for queue 'q' in vhost '/' of queue type rabbit_quorum_queue"),
        Refusal(
            arguments: ["x-queue-type": "quorum", "x-delivery-limit": .int32(-1)],
            text: "invalid arg 'x-delivery-limit' for queue 'q' in vhost '/': {value_negative,-1}"),
        Refusal(
            arguments: ["x-queue-type": "quorum", "x-dead-letter-strategy": "best"],
            text: "invalid arg 'x-dead-letter-strategy' for queue 'q' in vhost '/': invalid_dlx_strategy"),
    ]

    @Test(arguments: refusals) func aBadArgumentIsRefusedInRabbitMQsWords(_ refusal: Refusal) throws {
        let broker = try CoreFixture()
        #expect(fault { try broker.queue("q", refusal.arguments) } == ProtocolFault(.preconditionFailed, refusal.text))
        #expect(broker.host.queues["q"] == nil)
    }

    static let accepted: [FieldTable] = [
        [:], ["x-expires": .int8(100)], ["x-message-ttl": .uint32(0)], ["x-message-ttl": .int64(315_360_000_000)],
        ["x-max-length": .int16(0)], ["x-max-priority": .uint8(255)], ["x-queue-mode": "lazy"],
        ["x-queue-version": .int32(2)],
        ["x-overflow": "reject-publish-dlx"], ["x-queue-type": "classic"], ["my-own": .table(["a": "b"])],
        ["x-unknown-extension": .bool(true)], ["x-dead-letter-exchange": ""], ["x-queue-master-locator": "min-masters"],
        ["x-queue-type": "quorum", "x-delivery-limit": .int32(5), "x-quorum-initial-group-size": .int32(3)],
        ["x-queue-type": "quorum", "x-message-ttl": .int32(5), "x-overflow": "reject-publish"],
        ["x-queue-type": "quorum", "x-queue-leader-locator": "client-local", "x-single-active-consumer": .bool(true)],
        ["x-queue-type": "quorum", "x-dead-letter-exchange": "d", "x-dead-letter-strategy": "at-least-once"],
    ]

    @Test(arguments: accepted) func aGoodArgumentIsAccepted(_ arguments: FieldTable) throws {
        let broker = try CoreFixture()
        try broker.queue("q", arguments)
        try broker.queue("q", arguments)
    }

    @Test func whatAQuorumQueueCannotBe() throws {
        let broker = try CoreFixture()
        let quorum: FieldTable = ["x-queue-type": "quorum"]
        let cases: [(ProtocolFault?, String)] = [
            (fault { try broker.queue("q", durable: false, quorum) }, "non-durable"),
            (fault { try broker.queue("q", exclusive: true, quorum) }, "exclusive-owner"),
            (fault { try broker.queue("q", autoDelete: true, quorum) }, "auto-delete"),
        ]
        for (fault, property) in cases {
            #expect(
                fault == ProtocolFault(.preconditionFailed, "invalid property '\(property)' for queue 'q' in vhost '/'")
            )
        }
        let unnamed = fault { try broker.queue("", quorum) }
        #expect(
            unnamed
                == ProtocolFault(
                    .preconditionFailed, "Cannot declare a server-named queue for type rabbit_quorum_queue"))
    }

    @Test func differencesAreRefusedInRabbitMQsWords() throws {
        let broker = try CoreFixture()
        try broker.queue("q", ["x-message-ttl": .int32(1000)])
        let cases: [(ProtocolFault?, String)] = [
            (
                fault { try broker.queue("q", durable: false, ["x-message-ttl": .int32(1000)]) },
                "'durable' for queue 'q' in vhost '/': received 'false' but current is 'true'"
            ),
            (
                fault { try broker.queue("q", autoDelete: true, ["x-message-ttl": .int32(1000)]) },
                "'auto_delete' for queue 'q' in vhost '/': received 'true' but current is 'false'"
            ),
            (
                fault { try broker.queue("q", ["x-message-ttl": .int32(2000)]) },
                "'x-message-ttl' for queue 'q' in vhost '/': received '2000' but current is '1000'"
            ),
            (
                fault { try broker.queue("q") },
                "'x-message-ttl' for queue 'q' in vhost '/': received none but current is the value '1000' of type 'signedint'"
            ),
            (
                fault { try broker.queue("q", ["x-message-ttl": .int32(1000), "x-max-length": .int64(5)]) },
                "'x-max-length' for queue 'q' in vhost '/': received the value '5' of type 'long' but current is none"
            ),
            (
                fault { try broker.queue("q", ["x-message-ttl": .int32(1000), "x-queue-type": "quorum"]) },
                "'x-queue-type' for queue 'q' in vhost '/': received the value 'quorum' of type 'longstr' but current is none"
            ),
        ]
        for (fault, text) in cases { #expect(fault == ProtocolFault(.preconditionFailed, "inequivalent arg " + text)) }
    }

    @Test func equalDeclarations() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-message-ttl": .int32(1000), "mine": "a"])
        // Numbers of another width, arguments that the broker does not know, and the default type make no difference.
        #expect(
            try broker.queue("q", ["x-message-ttl": .int64(1000), "mine": "b", "x-queue-type": "classic"]) === queue)
    }

    @Test func exclusiveQueuesBelongToOneConnection() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", exclusive: true)
        #expect(!queue.isDurable)
        let text =
            "cannot obtain exclusive access to locked queue 'q' in vhost '/'. It could be originally declared on another "
            + "connection or the exclusive property value does not match that of the original declaration."
        let locked = ProtocolFault(.resourceLocked, text)
        #expect(fault { try broker.queue("q", exclusive: true, by: CoreFixture.other) } == locked)
        #expect(fault { try broker.queue("q", passive: true, by: CoreFixture.other) } == locked)
        #expect(fault { try broker.queue("q", durable: false) } == locked)
        #expect(fault { _ = try broker.host.queue("q", requester: CoreFixture.other) } == locked)
        #expect(fault { try broker.host.deleteQueue("q", requester: CoreFixture.other) } == locked)
        #expect(fault { try broker.host.purgeQueue("q", requester: CoreFixture.other) } == locked)
        let binding = BindingDefinition(source: "amq.direct", destination: "q", routingKey: "k")
        #expect(fault { try broker.host.bind(binding, requester: CoreFixture.other) } == locked)
        try broker.queue("q", exclusive: true)
        broker.host.connectionClosed(CoreFixture.other)
        try broker.queue("q", passive: true)
        broker.host.connectionClosed(CoreFixture.me)
        #expect(fault { try broker.queue("q", passive: true) } == ProtocolFault(.notFound, "no queue 'q' in vhost '/'"))
        #expect(broker.log.changes.count == 1)
    }

    @Test func aQueueThatIsNotExclusiveIsNotTakenAsOne() throws {
        let broker = try CoreFixture()
        try broker.queue("q", durable: false)
        #expect(fault { try broker.queue("q", durable: false, exclusive: true) }?.code == .resourceLocked)
    }

    @Test func serverNames() throws {
        let broker = try CoreFixture()
        let names = Set(try (0..<100).map { _ in try broker.queue("").name })
        #expect(names.count == 100)
        #expect(names.allSatisfy { $0.hasPrefix("amq.gen-") && $0.count == 30 })
        let name = try #require(names.first)
        try broker.queue(name)
        let refused = fault { try broker.queue("amq.mine") }
        #expect(refused == ProtocolFault(.accessRefused, "queue name 'amq.mine' contains reserved prefix 'amq.*'"))
    }

    @Test func deletion() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        try broker.publish("a")
        try broker.publish("b")
        let full = fault { try broker.host.deleteQueue("q", ifEmpty: true, requester: nil) }
        #expect(full == ProtocolFault(.preconditionFailed, "queue 'q' in vhost '/' not empty"))
        broker.channel.isOpen = false
        try broker.consume(queue)
        let used = fault { try broker.host.deleteQueue("q", ifUnused: true, requester: nil) }
        #expect(used == ProtocolFault(.preconditionFailed, "queue 'q' in vhost '/' in use"))
        #expect(try broker.host.deleteQueue("q", requester: nil) == 2)
        #expect(broker.channel.cancelled == ["c1"])
        #expect(try broker.host.deleteQueue("q", requester: nil) == 0)
        #expect(broker.core.consumerCount == 0)
        broker.checkBooks()
    }

    @Test func quorumQueuesAreDeletedWithoutConditions() throws {
        let broker = try CoreFixture()
        try broker.queue("q", ["x-queue-type": "quorum"])
        let text = "cannot delete queue 'q' in vhost '/'. queue.delete operations with %@ flag set are not supported by quorum queues"
        func refusal(_ flag: String) -> ProtocolFault { ProtocolFault(.notImplemented, text.replacing("%@", with: flag)) }
        #expect(fault { try broker.host.deleteQueue("q", ifUnused: true, requester: nil) } == refusal("if-unused"))
        #expect(fault { try broker.host.deleteQueue("q", ifEmpty: true, requester: nil) } == refusal("if-empty"))
        #expect(try broker.host.deleteQueue("q", requester: nil) == 0)
    }

    @Test func aDeletedQueueTakesItsBindings() throws {
        let broker = try CoreFixture()
        try broker.queue("q")
        try broker.bind("amq.direct", to: "q", "k")
        try broker.host.deleteQueue("q", requester: nil)
        #expect(broker.host.allBindings.isEmpty)
        #expect(broker.core.bindingCount == 0)
        try broker.queue("q")
        #expect(try broker.publish("m", to: "amq.direct", "k") == .unroutable)
    }

    @Test func autoDeleteGoesWithTheLastConsumer() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", autoDelete: true)
        try broker.publish("a")
        let first = try broker.consume(queue, noAck: true)
        let second = try broker.consume(queue)
        queue.unsubscribe(first)
        try broker.queue("q", autoDelete: true)
        queue.unsubscribe(second)
        #expect(broker.host.queues["q"] == nil)
        #expect(broker.log.changes.contains(.removeQueue(host: "/", name: "q")))
        #expect(broker.channel.cancelled.isEmpty)
        broker.checkBooks()
    }

    @Test func autoDeleteWaitsForAFirstConsumer() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", autoDelete: true)
        try broker.publish("a")
        #expect(broker.drain(queue) == ["a"])
        try broker.queue("q", autoDelete: true)
    }

    @Test func purgingLeavesWhatConsumersHave() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        for body in ["a", "b", "c"] { try broker.publish(body) }
        let (entry, _, _) = try #require(queue.get())
        #expect(try broker.host.purgeQueue("q", requester: nil) == 2)
        #expect(broker.store?.liveCount == 1)
        queue.reject(entry, requeue: true)
        #expect(broker.drain(queue) == ["a"])
        try broker.publish("d")
        #expect(try broker.host.purgeQueue("q", requester: nil) == 1)
        // Fails when one purge record speaks for messages that consumers have.
        #expect(broker.store?.purges == 1)
        broker.checkBooks()
    }

    @Test func theLimitOfQueuesIsKept() throws {
        var limits = BrokerLimits()
        limits.queues = 2
        let broker = try CoreFixture(limits: limits)
        try broker.queue("a")
        try broker.queue("b")
        #expect(fault { try broker.queue("c") }?.code == .resourceError)
        try broker.host.deleteQueue("a", requester: nil)
        try broker.queue("c")
    }

    @Test func unusedQueuesExpire() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-expires": .int32(1000)])
        broker.time.advance(by: 900)
        try broker.queue("q", ["x-expires": .int32(1000)])
        broker.time.advance(by: 900)
        #expect(queue.get() == nil)
        broker.time.advance(by: 900)
        let consumer = try broker.consume(queue)
        broker.time.advance(by: 5000)
        #expect(broker.host.queues["q"] != nil)
        queue.unsubscribe(consumer)
        broker.time.advance(by: 999)
        #expect(broker.host.queues["q"] != nil)
        broker.time.advance(by: 1)
        #expect(broker.host.queues["q"] == nil)
        #expect(broker.time.pendingTimers == 0)
    }
}
