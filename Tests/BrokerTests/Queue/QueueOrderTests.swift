import Broker
import Testing

@Suite struct QueueOrderTests {
    @Test func firstInFirstOut() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        for index in 0..<1_000 { try broker.publish("\(index)") }
        #expect(broker.drain(queue) == (0..<1_000).map(String.init))
        broker.checkBooks()
    }

    @Test func aRequeuedMessageReturnsToItsPlace() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        for body in ["a", "b", "c", "d"] { try broker.publish(body) }
        let a = try #require(queue.get())
        let b = try #require(queue.get())
        let c = try #require(queue.get())
        queue.acknowledge(b.0)
        queue.reject(c.0, requeue: true)
        queue.reject(a.0, requeue: true)
        let again = try #require(queue.get())
        #expect(String(buffer: again.1.body) == "a")
        #expect(again.0.isRedelivered)
        queue.requeue([again.0])
        #expect(broker.drain(queue) == ["a", "c", "d"])
        broker.checkBooks()
    }

    /// Against a sorted array, whatever is fetched, given back, acknowledged and added.
    @Test(arguments: 0..<30 as Range<UInt64>) func agreesWithASortedArray(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let broker = try CoreFixture(store: seed.isMultiple(of: 2))
        broker.core.messageMemory = seed.isMultiple(of: 3) ? 2_000 : 1 << 20
        let queue = try broker.queue("q", seed.isMultiple(of: 5) ? ["x-queue-type": "quorum"] : [:])
        var waiting: [Int] = []
        var taken: [(number: Int, entry: QueueEntry)] = []
        var next = 0
        for _ in 0..<3_000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                try broker.publish("\(next)", persistent: .random(using: &random))
                waiting.append(next)
                next += 1
            case 4..<7:
                guard let (entry, message, remaining) = queue.get() else {
                    #expect(waiting.isEmpty)
                    continue
                }
                let number = waiting.removeFirst()
                #expect(String(buffer: message.body) == "\(number)")
                #expect(remaining == waiting.count)
                taken.append((number, entry))
            case 7:
                guard let index = taken.indices.randomElement(using: &random) else { continue }
                queue.acknowledge(taken.remove(at: index).entry)
            case 8:
                guard let index = taken.indices.randomElement(using: &random) else { continue }
                let back = taken.remove(at: index)
                queue.reject(back.entry, requeue: true)
                waiting.append(back.number)
                waiting.sort()
            default:
                taken.shuffle(using: &random)
                let back = taken.prefix(Int.random(in: 0...taken.count, using: &random))
                queue.requeue(back.map(\.entry))
                waiting += back.map(\.number)
                waiting.sort()
                taken.removeFirst(back.count)
            }
            if Int.random(in: 0..<50, using: &random) == 0 { broker.store?.relocateAll() }
            #expect(queue.messageCount == waiting.count)
            #expect(queue.unacknowledgedCount == taken.count)
        }
        for (_, entry) in taken { queue.acknowledge(entry) }
        #expect(broker.drain(queue) == waiting.map(String.init))
        broker.checkBooks()
    }

    @Test func prioritiesComeFirst() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-max-priority": .int32(5)])
        for (body, priority) in [("a", nil), ("b", 3), ("c", 9), ("d", 5), ("e", 0), ("f", 3)] as [(String, UInt8?)] {
            try broker.publish(body, priority: priority)
        }
        // Above the maximum counts as the maximum.
        #expect(broker.drain(queue) == ["c", "d", "b", "f", "a", "e"])
        broker.checkBooks()
    }

    @Test func aRequeuedMessageKeepsItsPriority() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-max-priority": .int32(255)])
        try broker.publish("low", priority: 1)
        try broker.publish("high", priority: 255)
        let high = try #require(queue.get())
        let low = try #require(queue.get())
        queue.requeue([low.0, high.0])
        try broker.publish("middle", priority: 100)
        #expect(broker.drain(queue) == ["high", "middle", "low"])
    }

    @Test func withoutPrioritiesThePropertyMeansNothing() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        try broker.publish("a", priority: 1)
        try broker.publish("b", priority: 9)
        #expect(broker.drain(queue) == ["a", "b"])
    }
}
