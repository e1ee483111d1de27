import Broker
import Testing

@Suite struct LimitTests {
    @Test func theHeadIsDropped() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-max-length": .int32(3)])
        for index in 0..<5 { #expect(try broker.publish("\(index)") != .rejected) }
        #expect(queue.statistics.dropped == 2)
        #expect(broker.drain(queue) == ["2", "3", "4"])
        broker.checkBooks()
    }

    /// Fails when the time of the new head is not looked at (`enqueue`).
    @Test func whoeverIsAtTheHeadAfterADropExpires() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-max-length": .int32(2)])
        try broker.publish("a")
        try broker.publish("b", expiration: "100")
        try broker.publish("c")
        broker.time.advance(by: 200)
        #expect(queue.messageCount == 1)
        #expect(broker.drain(queue) == ["c"])
        broker.checkBooks()
    }

    @Test func bytesCount() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-max-length-bytes": .int32(10)])
        for body in ["aaaa", "bbbb", "cccc", "d"] { try broker.publish(body) }
        #expect(broker.drain(queue) == ["bbbb", "cccc", "d"])
        try broker.publish("larger than all of it")
        #expect(queue.messageCount == 0)
        broker.checkBooks()
    }

    @Test func messagesWithConsumersDoNotCount() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-max-length": .int32(1)])
        try broker.consume(queue, prefetch: 2)
        for index in 0..<4 { try broker.publish("\(index)") }
        let deliveries = broker.channel.takeDeliveries()
        #expect(deliveries.map(\.text) == ["0", "1"])
        // Coming back, the oldest is the head, and goes.
        queue.unsubscribe(try #require(queue.allConsumers.first))
        queue.requeue(deliveries.map(\.entry))
        #expect(broker.drain(queue) == ["3"])
        broker.checkBooks()
    }

    @Test func zeroKeepsNothing() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-max-length": .int32(0)])
        try broker.publish("a")
        #expect(queue.messageCount == 0)
        try broker.consume(queue)
        try broker.publish("b")
        #expect(broker.channel.take() == ["b"])
    }

    @Test func publishesAreRefused() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-max-length": .int32(2), "x-overflow": "reject-publish"])
        #expect(try broker.publish("a") != .rejected)
        #expect(try broker.publish("b") != .rejected)
        #expect(try broker.publish("c") == .rejected)
        #expect(broker.drain(queue) == ["a", "b"])
        #expect(try broker.publish("d") != .rejected)
        #expect(queue.statistics.refused == 1)
    }

    @Test func oneRefusalIsEnough() throws {
        let broker = try CoreFixture()
        try broker.queue("full", ["x-max-length": .int32(0), "x-overflow": "reject-publish"])
        let roomy = try broker.queue("roomy")
        try broker.bind("amq.fanout", to: "full")
        try broker.bind("amq.fanout", to: "roomy")
        #expect(try broker.publish("a", to: "amq.fanout") == .rejected)
        #expect(broker.drain(roomy) == ["a"])
    }

    @Test func theRefusedGoToTheDeadLetterExchange() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue(
            "q",
            [
                "x-max-length": .int32(1), "x-overflow": "reject-publish-dlx", "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": "dead",
            ])
        let dead = try broker.queue("dead")
        try broker.publish("a")
        #expect(try broker.publish("b") == .rejected)
        #expect(broker.drain(queue) == ["a"])
        let headers = try broker.takeHeaders(dead)
        #expect(headers["x-first-death-reason"] == "maxlen")
        broker.checkBooks()
    }

    @Test func withPrioritiesTheHighestIsDropped() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-max-length": .int32(2), "x-max-priority": .int32(9)])
        try broker.publish("low", priority: 1)
        try broker.publish("high", priority: 9)
        try broker.publish("lower", priority: 0)
        // As RabbitMQ documents it: the head of the queue is what would be delivered next.
        #expect(broker.drain(queue) == ["low", "lower"])
    }
}
