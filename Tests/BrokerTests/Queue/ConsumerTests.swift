import Broker
import Testing

@Suite struct ConsumerTests {
    @Test func consumersTakeTurns() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        let channels = (1...3).map { TestChannel(number: $0) }
        for channel in channels { try broker.consume(queue, on: channel) }
        for index in 0..<9 { try broker.publish("\(index)") }
        #expect(channels.map { $0.take() } == [["0", "3", "6"], ["1", "4", "7"], ["2", "5", "8"]])
    }

    @Test func waitingMessagesAreSharedInTurns() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        let channels = (1...2).map { TestChannel(number: $0) }
        for channel in channels {
            channel.isOpen = false
            try broker.consume(queue, on: channel)
        }
        for index in 0..<6 { try broker.publish("\(index)") }
        for channel in channels { channel.isOpen = true }
        for consumer in queue.allConsumers { queue.consumerHasCapacity(consumer) }
        let got = channels.map { $0.take() }
        #expect(got[0].count + got[1].count == 6)
        #expect((got[0] + got[1]).sorted() == (0..<6).map(String.init))
    }

    @Test func prefetchIsKept() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        try broker.consume(queue, prefetch: 2)
        for index in 0..<5 { try broker.publish("\(index)") }
        let first = broker.channel.takeDeliveries()
        #expect(first.map(\.text) == ["0", "1"])
        broker.channel.acknowledge(first[0])
        let second = broker.channel.takeDeliveries()
        #expect(second.map(\.text) == ["2"])
        broker.channel.reject(first[1], requeue: true)
        #expect(broker.channel.take() == ["1"])
    }

    @Test func noAckConsumersNeedNoRecord() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        try broker.consume(queue, noAck: true)
        #expect(try broker.publish("a") == .routed(waitsFor: nil))
        #expect(broker.channel.take() == ["a"])
        #expect(queue.unacknowledgedCount == 0)
        broker.checkBooks()
    }

    @Test func oneCopyIsKeptWhereOnlyOneQueueNeedsIt() throws {
        let broker = try CoreFixture()
        let read = try broker.queue("read")
        let kept = try broker.queue("kept")
        try broker.bind("amq.fanout", to: "read")
        try broker.bind("amq.fanout", to: "kept")
        try broker.consume(read, noAck: true)
        #expect(try broker.publish("a", to: "amq.fanout") == .routed(waitsFor: 1))
        #expect(broker.store?.liveCount == 1)
        #expect(broker.channel.take() == ["a"])
        #expect(broker.drain(kept) == ["a"])
        broker.checkBooks()
    }

    @Test func transientMessagesWaitForNothing() throws {
        let broker = try CoreFixture()
        try broker.queue("q")
        try broker.queue("t", durable: false)
        #expect(try broker.publish("a", persistent: false) == .routed(waitsFor: nil))
        #expect(try broker.publish("a", "t", persistent: true) == .routed(waitsFor: nil))
        #expect(broker.store?.liveCount == 0)
    }

    @Test func higherConsumersAreServedWhileTheyHaveRoom() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        let low = TestChannel(number: 1)
        let high = TestChannel(number: 2)
        try broker.consume(queue, on: low, priority: -1)
        try broker.consume(queue, on: high, priority: 10, prefetch: 2)
        for index in 0..<4 { try broker.publish("\(index)") }
        #expect(low.take() == ["2", "3"])
        let deliveries = high.takeDeliveries()
        #expect(deliveries.map(\.text) == ["0", "1"])
        high.acknowledge(deliveries[0])
        try broker.publish("4")
        #expect(high.take() == ["4"])
        #expect(low.take() == [])
    }

    @Test func exclusiveConsumersAreAlone() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        let refused = ProtocolFault(.accessRefused, "queue 'q' in vhost '/' in exclusive use")
        let first = try broker.consume(queue)
        #expect(fault { try broker.consume(queue, exclusive: true) } == refused)
        queue.unsubscribe(first)
        let alone = try broker.consume(queue, exclusive: true)
        #expect(fault { try broker.consume(queue) } == refused)
        #expect(fault { try broker.consume(queue, exclusive: true) } == refused)
        queue.unsubscribe(alone)
        try broker.consume(queue)
    }

    /// A queue with a single active consumer chooses among all.
    @Test func noConsumerIsExclusiveBesideASingleActiveOne() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-single-active-consumer": .bool(true)])
        let refused = ProtocolFault(.accessRefused, "queue 'q' in vhost '/' in exclusive use")
        #expect(fault { try broker.consume(queue, exclusive: true) } == refused)
        try broker.consume(queue)
    }

    @Test func badArgumentsAreRefused() throws {
        let broker = try CoreFixture()
        let classic = try broker.queue("q")
        let quorum = try broker.queue("r", ["x-queue-type": "quorum"])
        #expect(
            fault { try broker.consume(classic, ["x-priority": "high"]) }?.explanation
                == "invalid arg 'x-priority' for queue 'q' in vhost '/': \"expected integer, got longstr\"")
        #expect(
            fault { try broker.consume(classic, ["x-stream-offset": "first"]) }?.explanation
                == "invalid arg 'x-stream-offset' for queue 'q' in vhost '/' of queue type rabbit_classic_queue")
        #expect(
            fault { try broker.consume(quorum, ["x-cancel-on-ha-failover": .bool(true)]) }?.explanation
                == "invalid arg 'x-cancel-on-ha-failover' for queue 'r' in vhost '/' of queue type rabbit_quorum_queue")
        try broker.consume(classic, ["x-cancel-on-ha-failover": .bool(true), "mine": "a", "x-priority": .int8(-3)])
        #expect(Queue.priority(of: ["x-priority": .int64(.max)]) == .max)
    }

    @Test func theLimitIsKept() throws {
        var limits = BrokerLimits()
        limits.consumers = 2
        let broker = try CoreFixture(limits: limits)
        let queue = try broker.queue("q")
        let first = try broker.consume(queue)
        try broker.consume(queue)
        #expect(fault { try broker.consume(queue) }?.code == .resourceError)
        queue.unsubscribe(first)
        try broker.consume(queue)
    }

    @Test func aChannelsDeliveriesComeBackInOrder() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        let consumer = try broker.consume(queue, prefetch: 3)
        for index in 0..<5 { try broker.publish("\(index)") }
        queue.unsubscribe(consumer)
        queue.requeue(broker.channel.takeDeliveries().reversed().map(\.entry))
        #expect(broker.drain(queue) == ["0", "1", "2", "3", "4"])
        broker.checkBooks()
    }

    @Test func settlingAfterTheQueueIsGoneFreesTheLog() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        try broker.consume(queue)
        for body in ["a", "b", "c"] { try broker.publish(body) }
        try broker.publish("d", persistent: false)
        let deliveries = broker.channel.takeDeliveries()
        try broker.host.deleteQueue("q", requester: nil)
        queue.acknowledge(deliveries[0].entry)
        queue.reject(deliveries[1].entry, requeue: false)
        queue.requeue([deliveries[2].entry, deliveries[3].entry])
        #expect(queue.messageCount == 0)
        broker.checkBooks()
    }

    // MARK: Single active consumer

    @Test func oneConsumerIsActive() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-single-active-consumer": .bool(true)])
        let channels = (1...3).map { TestChannel(number: $0) }
        let consumers = try channels.map { try broker.consume(queue, on: $0) }
        for index in 0..<4 { try broker.publish("\(index)") }
        #expect(channels.map { $0.deliveries.count } == [4, 0, 0])
        #expect(consumers.map(\.isActive) == [true, false, false])
        queue.unsubscribe(consumers[0])
        try broker.publish("4")
        #expect(channels[1].take() == ["4"])
        queue.requeue(channels[0].takeDeliveries().map(\.entry))
        #expect(channels[1].take() == ["0", "1", "2", "3"])
        queue.unsubscribe(consumers[1])
        queue.unsubscribe(consumers[2])
        try broker.publish("5")
        try broker.consume(queue, on: channels[0])
        #expect(channels[0].take() == ["5"])
    }

    @Test func aFullActiveConsumerIsNotPassedOver() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-single-active-consumer": .bool(true)])
        let channels = (1...2).map { TestChannel(number: $0) }
        try broker.consume(queue, on: channels[0], prefetch: 1)
        try broker.consume(queue, on: channels[1])
        for index in 0..<3 { try broker.publish("\(index)") }
        let deliveries = channels[0].takeDeliveries()
        #expect(deliveries.map(\.text) == ["0"])
        #expect(channels[1].take() == [])
        channels[0].acknowledge(deliveries[0])
        #expect(channels[0].take() == ["1"])
    }

    @Test func theHighestPriorityTakesOver() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-single-active-consumer": .bool(true)])
        let first = try broker.consume(queue)
        try broker.consume(queue, priority: 1)
        let high = try broker.consume(queue, priority: 5)
        try broker.consume(queue, priority: 5)
        queue.unsubscribe(first)
        #expect(queue.activeConsumer === high)
    }

    @Test func quorumQueuesWithOneHaveNoGet() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-single-active-consumer": .bool(true), "x-queue-type": "quorum"])
        #expect(fault { try queue.checkGet() }?.code == .resourceLocked)
        #expect(fault { try broker.queue("r", ["x-single-active-consumer": .bool(true)]).checkGet() } == nil)
    }
}
