import Broker
import Testing

@Suite struct PublishTests {
    @Test func aMissingExchangeIsNotFound() throws {
        let broker = try CoreFixture()
        let missing = fault { try broker.publish("m", to: "nowhere", "k") }
        #expect(missing == ProtocolFault(.notFound, "no exchange 'nowhere' in vhost '/'"))
    }

    @Test func copiesGoToFurtherKeys() throws {
        let broker = try CoreFixture()
        for name in ["a", "b", "c", "d"] { try broker.queue(name) }
        let headers: FieldTable = ["CC": .array(["b", "a"]), "BCC": .array(["c"]), "other": "kept"]
        try broker.publish("m", "a", headers: headers)
        for name in ["a", "b", "c"] {
            let queue = try broker.host.queue(name, requester: nil)
            #expect(queue.messageCount == 1)
            let seen = try broker.takeHeaders(queue)
            // Fails when the readers of a message see who else got it in secret.
            #expect(seen["BCC"] == nil)
            #expect(seen["CC"] == .array(["b", "a"]))
            #expect(seen["other"] == "kept")
        }
        #expect(try broker.drain("d") == [])
        broker.checkBooks()
    }

    @Test func copiesAloneRoute() throws {
        let broker = try CoreFixture()
        try broker.queue("a")
        #expect(try broker.publish("m", "nowhere", headers: ["BCC": .array(["a"])]) != .unroutable)
        #expect(try broker.publish("m", "nowhere", headers: ["CC": .array([.int32(1)])]) == .unroutable)
    }

    @Test(arguments: ["CC", "BCC"]) func copiesMustBeLists(name: String) throws {
        let broker = try CoreFixture()
        try broker.queue("q")
        let refused = fault { try broker.publish("m", headers: [name: "a"]) }
        #expect(
            refused
                == ProtocolFault(
                    .preconditionFailed, "invalid message: {unacceptable_type_in_header,\"\(name)\",longstr}"))
    }

    @Test func headersThatOnlyLookLikeCopiesChangeNothing() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        try broker.publish("m", headers: ["ACCOUNT": "SUCCESS"])
        #expect(try broker.takeHeaders(queue)["ACCOUNT"] == "SUCCESS")
    }

    @Test func confirmsWaitForTheirOwnRecord() throws {
        let broker = try CoreFixture()
        try broker.queue("q")
        #expect(try broker.publish("a") == .routed(waitsFor: 1))
        #expect(try broker.publish("b") == .routed(waitsFor: 2))
        #expect(try broker.publish("c", persistent: false) == .routed(waitsFor: nil))
        #expect(broker.store?.durable == 0)
        broker.store?.commit()
        #expect(broker.store?.durable == 2)
    }

    @Test func oneRecordServesAllQueues() throws {
        let broker = try CoreFixture()
        for name in ["a", "b", "c"] {
            try broker.queue(name)
            try broker.bind("amq.fanout", to: name)
        }
        try broker.publish("m", to: "amq.fanout", "")
        #expect(broker.store?.records.count == 1)
        #expect(broker.store?.liveCount == 3)
        for name in ["a", "b", "c"] { _ = try broker.drain(name) }
        broker.checkBooks()
    }

    /// As RabbitMQ counts, on whose figures others scale: what publishers send, refused or not, and no dead letters.
    @Test func aQueueCountsWhatPublishersSend() throws {
        let broker = try CoreFixture()
        let dead = try broker.queue("dead")
        let arguments: FieldTable = [
            "x-max-length": .int32(1), "x-overflow": "reject-publish-dlx", "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": "dead",
        ]
        let queue = try broker.queue("q", arguments)
        for body in ["a", "b", "c"] { try broker.publish(body) }
        #expect(queue.statistics.published == 3 && queue.statistics.arrived == 1 && queue.statistics.refused == 2)
        #expect(dead.messageCount == 2)
        #expect(dead.statistics.published == 0 && dead.statistics.arrived == 2)
        try broker.bind("amq.fanout", to: "q")
        try broker.bind("amq.fanout", to: "dead")
        try broker.publish("d", to: "amq.fanout", "")
        #expect(queue.statistics.published == 4 && dead.statistics.published == 1)
    }

    @Test func theTotalsAddUp() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        try broker.consume(queue)
        for body in ["a", "b", "c"] { try broker.publish(body) }
        try broker.publish("d", "nowhere")
        let deliveries = broker.channel.takeDeliveries()
        broker.channel.acknowledge(deliveries[0])
        broker.channel.reject(deliveries[1], requeue: true)
        var expected = QueueStatistics()
        expected.published = 3
        expected.arrived = 3
        expected.delivered = 4
        expected.acknowledged = 1
        expected.requeued = 1
        expected.redelivered = 1
        #expect(broker.core.statistics.queues == expected)
        #expect(broker.core.statistics.published == 4)
        #expect(broker.core.statistics.unroutable == 1)
        #expect(broker.core.statistics.unacknowledgedMessages == 2)
        try broker.host.deleteQueue("q", requester: nil)
        #expect(broker.core.statistics.queues == expected)
        try broker.core.deleteHost("/")
        #expect(broker.core.statistics.queues == expected)
        #expect(broker.core.statistics.published == 4)
    }
}
