import Broker
import Testing

@Suite struct ExpiryTests {
    @Test func theQueuesTimeToLive() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-message-ttl": .int32(100)])
        try broker.publish("a")
        broker.time.advance(by: 60)
        try broker.publish("b")
        broker.time.advance(by: 39)
        #expect(queue.messageCount == 2)
        broker.time.advance(by: 1)
        #expect(queue.messageCount == 1)
        broker.time.advance(by: 60)
        #expect(queue.messageCount == 0)
        #expect(queue.statistics.dropped == 2)
        broker.checkBooks()
    }

    @Test func theShorterTimeCounts() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-message-ttl": .int32(100)])
        try broker.publish("a", expiration: "50")
        broker.time.advance(by: 50)
        #expect(queue.messageCount == 0)
        try broker.publish("b", expiration: "500")
        broker.time.advance(by: 100)
        #expect(queue.messageCount == 0)
    }

    @Test func onlyTheHeadExpires() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        try broker.publish("long", expiration: "1000")
        try broker.publish("short", expiration: "10")
        try broker.publish("never")
        broker.time.advance(by: 500)
        #expect(queue.messageCount == 3)
        broker.time.advance(by: 500)
        #expect(broker.drain(queue) == ["never"])
        broker.checkBooks()
    }

    /// Fails when only the timer looks at expiry.
    @Test func nothingExpiredIsDeliveredEvenIfTheTimerIsLate() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        try broker.publish("long", expiration: "1000")
        try broker.publish("short", expiration: "10")
        let (entry, message, _) = try #require(queue.get())
        #expect(String(buffer: message.body) == "long")
        broker.time.forgetTimers()
        broker.time.advance(by: 20)
        #expect(queue.get() == nil)
        queue.acknowledge(entry)
        broker.checkBooks()
    }

    @Test func zeroMeansNowOrNever() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-message-ttl": .int32(0)])
        try broker.publish("lost")
        #expect(queue.messageCount == 0)
        try broker.consume(queue)
        try broker.publish("found")
        #expect(broker.channel.take() == ["found"])
        let other = try broker.queue("r")
        try broker.publish("lost", "r", expiration: "0")
        #expect(broker.drain(other) == [])
    }

    @Test func aRequeuedMessageThatHasExpiredIsGone() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-message-ttl": .int32(10)])
        try broker.publish("a")
        let (entry, _, _) = try #require(queue.get())
        broker.time.advance(by: 20)
        queue.reject(entry, requeue: true)
        #expect(queue.messageCount == 0)
        broker.checkBooks()
    }

    /// Fails when a timer is set for each message.
    @Test func thereIsOneTimerForAQueue() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-message-ttl": .int32(1000)])
        for index in 0..<1_000 {
            try broker.publish("\(index)")
            broker.time.advance(by: 1)
            if index.isMultiple(of: 3) { _ = broker.drain(queue) }
            #expect(broker.time.pendingTimers <= 1)
        }
        broker.time.advance(by: 1_000)
        #expect(queue.messageCount == 0)
        #expect(broker.time.pendingTimers == 0)
    }

    @Test func theHeadOfAnyPriorityExpires() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-max-priority": .int32(2)])
        try broker.publish("low", expiration: "10", priority: 0)
        try broker.publish("high", expiration: "20", priority: 2)
        broker.time.advance(by: 30)
        #expect(queue.messageCount == 0)
    }

    @Test func deletedQueuesLeaveNoTimer() throws {
        let broker = try CoreFixture()
        try broker.queue("q", ["x-message-ttl": .int32(10), "x-expires": .int32(50)])
        try broker.publish("a")
        try broker.host.deleteQueue("q", requester: nil)
        #expect(broker.time.pendingTimers == 0)
    }
}
