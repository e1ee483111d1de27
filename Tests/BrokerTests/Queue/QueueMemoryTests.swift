import Broker
import NIOCore
import Testing

@Suite struct QueueMemoryTests {
    @Test func beyondTheBudgetMessagesStayInTheLog() throws {
        let broker = try CoreFixture()
        broker.core.messageMemory = 100_000
        let queue = try broker.queue("q")
        let body = String(repeating: "x", count: 1_000)
        for index in 0..<1_000 { try broker.publish("\(index) \(body)", persistent: index.isMultiple(of: 2)) }
        #expect(broker.core.memoryInUse <= 100_000)
        #expect(broker.core.memoryInUse > 10_000)
        let bodies = broker.drain(queue)
        #expect(bodies.map { Int($0.split(separator: " ")[0]) } == (0..<1_000).map { $0 })
        #expect((broker.store?.loads ?? 0) > 900)
        broker.checkBooks()
    }

    /// Fails when only bodies count.
    @Test func propertiesCount() throws {
        let broker = try CoreFixture()
        broker.core.messageMemory = 400_000
        let queue = try broker.queue("q")
        let headers: FieldTable = ["large": .string(String(repeating: "x", count: 10_000))]
        for index in 0..<100 { try broker.publish("", headers: headers, priority: UInt8(index)) }
        #expect(broker.core.memoryInUse > 50_000)
        #expect(broker.core.memoryInUse <= 100_000)
        #expect(broker.drain(queue).count == 100)
        #expect((broker.store?.loads ?? 0) > 80)
        broker.checkBooks()
    }

    @Test func oneQueueDoesNotTakeAll() throws {
        let broker = try CoreFixture()
        broker.core.messageMemory = 100_000
        try broker.queue("greedy")
        for _ in 0..<1_000 { try broker.publish(String(repeating: "x", count: 1_000), "greedy") }
        #expect(broker.core.memoryInUse <= 25_000)
    }

    /// Fails when the limit of memory does not lower what queues may keep in it (`memoryHighWatermark`).
    @Test func whatOnlyWaitsHoldsNobodyBack() throws {
        let broker = try CoreFixture()
        broker.core.memoryHighWatermark = 50_000
        var reasons: [BlockReason?] = []
        broker.core.onBlocked = { reasons.append($0) }
        for queue in ["a", "b", "c", "d", "e"] {
            try broker.queue(queue)
            for _ in 0..<200 { try broker.publish(String(repeating: "x", count: 1_000), queue) }
        }
        #expect(reasons.isEmpty && broker.core.memoryInUse > 10_000)
    }

    @Test func aMessageThatCannotBeReadIsCountedAndSkipped() throws {
        let broker = try CoreFixture()
        broker.core.messageMemory = 0
        let queue = try broker.queue("q")
        try broker.publish("a")
        var lost: [String] = []
        broker.core.onLost = { queue, _ in lost.append(queue.name) }
        broker.store?.loadError = StoreError(.corrupt, "bytes have changed")
        #expect(queue.get() == nil)
        broker.store?.loadError = nil
        try broker.publish("b")
        #expect(broker.drain(queue) == ["b"])
        #expect(lost == ["q"])
        #expect(queue.statistics.lost == 1)
        broker.checkBooks()
    }

    /// Fails when any error of reading counts as a loss.
    @Test func aMessageThatCannotBeReadAtPresentStays() throws {
        let broker = try CoreFixture()
        broker.core.messageMemory = 0
        let queue = try broker.queue("q")
        for body in ["a", "b"] { try broker.publish(body) }
        broker.store?.loadError = StoreError(.tooManyFiles, "no descriptors")
        try broker.consume(queue)
        #expect(broker.channel.take() == [])
        #expect(queue.messageCount == 2)
        broker.time.advance(by: 150)
        #expect(broker.channel.take() == [])
        broker.store?.loadError = nil
        broker.time.advance(by: 150)
        #expect(broker.channel.take() == ["a", "b"])
        #expect(broker.time.pendingTimers == 0)
        #expect(queue.statistics.lost == 0)
    }

    @Test func aDeadLetterThatCannotBeReadAtPresentGoesLater() throws {
        let broker = try CoreFixture()
        broker.core.messageMemory = 0
        try broker.queue(
            "q", ["x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead", "x-message-ttl": .int32(10)])
        let dead = try broker.queue("dead")
        try broker.publish("a")
        broker.store?.loadError = StoreError(.tooManyFiles, "no descriptors")
        broker.time.advance(by: 50)
        #expect(dead.messageCount == 0)
        // One timer tries again, however often somebody else looks. Fails when each look sets one (`drainLater`).
        try broker.queue("other")
        for _ in 0..<10 { try broker.publish("b", "other") }
        #expect(broker.time.pendingTimers == 1)
        broker.store?.loadError = nil
        broker.time.advance(by: 150)
        #expect(broker.drain(dead) == ["a"])
        #expect(try broker.drain("other").count == 10)
        broker.checkBooks()
    }

    /// Fails when the records of what consumers have stay with a deleted queue: compaction goes on moving them, and nobody hears
    /// where to.
    @Test func aDeletedQueueLeavesNoRecords() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        try broker.publish("a")
        let (entry, _, _) = try #require(queue.get())
        try broker.host.deleteQueue("q", requester: nil)
        #expect(broker.store?.liveCount == 0)
        broker.store?.relocateAll()
        queue.acknowledge(entry)
        broker.checkBooks()
    }

    /// Fails when acknowledgements of relocated records name the old place.
    @Test func compactionMovesRecordsUnderWay() throws {
        let broker = try CoreFixture()
        broker.core.messageMemory = 0
        let queue = try broker.queue("q")
        for index in 0..<600 { try broker.publish("\(index)") }
        var taken: [QueueEntry] = []
        for _ in 0..<10 { taken.append(try #require(queue.get()).0) }
        queue.requeue(Array(taken.prefix(5)))
        broker.store?.relocateAll()
        for entry in taken.suffix(5) { queue.acknowledge(entry) }
        let expected = (0..<5).map(String.init) + (10..<600).map(String.init)
        #expect(broker.drain(queue) == expected)
        broker.checkBooks()
    }

    @Test func publishersAreHeldBackAtTheWatermark() throws {
        let broker = try CoreFixture(store: false)
        broker.core.memoryHighWatermark = 10_000
        let queue = try broker.queue("q")
        var blocks: [BlockReason?] = []
        broker.core.onBlocked = { blocks.append($0) }
        while blocks.isEmpty { try broker.publish(String(repeating: "x", count: 100)) }
        #expect(blocks == [.memory])
        #expect(broker.core.blockReason?.text == "low on memory")
        _ = broker.drain(queue)
        #expect(blocks == [.memory, nil])
        broker.checkBooks()
    }

    @Test func aFullDiskHoldsPublishersBack() throws {
        let broker = try CoreFixture()
        var blocks: [BlockReason?] = []
        broker.core.onBlocked = { blocks.append($0) }
        broker.store?.onFull?(true)
        broker.store?.onFull?(false)
        #expect(blocks == [.disk, nil])
    }

    @Test func unacknowledgedTransientMessagesAreCounted() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        try broker.consume(queue)
        try broker.publish("a", persistent: false)
        #expect(broker.core.memoryInUse > 0)
        broker.channel.acknowledge(try #require(broker.channel.takeDeliveries().first))
        #expect(broker.core.memoryInUse == 0)
    }
}
