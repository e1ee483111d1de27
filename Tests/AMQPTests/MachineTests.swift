import AMQP
import Testing

@Suite struct BackoffTests {
    @Test func doublesUpToTheMaximum() {
        var backoff = BackoffState(.init(initial: .milliseconds(100), maximum: .seconds(1), jitter: 0))
        #expect((0..<6).map { _ in backoff.next() } == [100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
        backoff.reset()
        #expect(backoff.next() == .milliseconds(100))
    }

    @Test func spreadsByTheJitter() {
        var generator = SeededGenerator(seed: 3)
        var backoff = BackoffState(.init(initial: .seconds(1), maximum: .seconds(1), jitter: 0.5))
        let waits = (0..<1000).map { _ in backoff.next(using: &generator) }
        #expect(waits.allSatisfy { $0 >= .milliseconds(500) && $0 <= .seconds(1) })
        #expect(Set(waits).count > 900)
    }

    @Test func takesOddSettings() {
        var backoff = BackoffState(.init(initial: .zero, maximum: .zero, jitter: 7))
        for _ in 0..<100 { #expect(backoff.next() <= .milliseconds(1)) }
    }
}

@Suite struct RequestQueueTests {
    @Test func answersComeInOrder() {
        var queue = RequestQueue<Int>()
        for n in 1...3 { queue.append(n) }
        #expect([queue.next(), queue.next()] == [1, 2])
        #expect(queue.current == 1)
        #expect(queue.answered() == 1)
        #expect(queue.next() == 3)
        #expect([queue.answered(), queue.answered(), queue.answered()] == [2, 3, nil])
        #expect(queue.isEmpty)
    }

    /// Fails when all that was sent is blamed, or when what the broker ignored is forgotten.
    @Test func aClosedChannelBlamesTheFirstAndSendsTheRestAgain() {
        var queue = RequestQueue<Int>()
        for n in 1...4 { queue.append(n) }
        for _ in 1...3 { _ = queue.next() }
        #expect(queue.answered() == 1)
        #expect(queue.channelClosed() == 2)
        #expect([queue.next(), queue.next(), queue.next()] == [3, 4, nil])
    }

    @Test func aLostConnectionKeepsWhatMayBeSentAgain() {
        var queue = RequestQueue<Int>()
        for n in 1...4 { queue.append(n) }
        for _ in 1...3 { _ = queue.next() }
        #expect(queue.connectionLost { $0 != 2 } == [2])
        #expect([queue.next(), queue.next(), queue.next()] == [1, 3, 4])
    }

    @Test func prependKeepsOrder() {
        var queue = RequestQueue<Int>()
        queue.append(3)
        queue.prepend([1, 2])
        #expect([queue.next(), queue.next(), queue.next()] == [1, 2, 3])
        #expect(queue.drain() == [1, 2, 3])
        #expect(queue.isEmpty)
    }
}

@Suite struct TopologyTests {
    @Test func mergesByName() {
        var topology = AMQPTopology(
            exchanges: [.init(name: "e")], queues: [.init(name: "q")], bindings: [.init(source: "e", destination: "q", routingKey: "a")])
        topology.merge(
            AMQPTopology(
                exchanges: [.init(name: "e", kind: "direct"), .init(name: "f")], queues: [.init(name: "q", durable: false)],
                bindings: [.init(source: "e", destination: "q", routingKey: "a"), .init(source: "e", destination: "q", routingKey: "b")]))
        #expect(topology.exchanges.map(\.kind) == ["direct", "topic"])
        #expect(topology.queues == [.init(name: "q", durable: false)])
        #expect(topology.bindings.count == 2)
        topology.forget(queue: "q")
        #expect(topology.queues.isEmpty && topology.bindings.isEmpty)
        topology.forget(exchange: "e")
        #expect(topology.exchanges.map(\.name) == ["f"])
    }

    @Test func theSecondConnectionLeavesExclusiveQueuesAlone() {
        let topology = AMQPTopology(
            queues: [.init(name: "q", exclusive: true), .init(name: "r")],
            bindings: [.init(source: "e", destination: "q", routingKey: ""), .init(source: "e", destination: "r", routingKey: "")])
        #expect(
            topology.shared == AMQPTopology(queues: [.init(name: "r")], bindings: [.init(source: "e", destination: "r", routingKey: "")]))
    }

    @Test func findsFlaws() {
        let long = String(repeating: "x", count: 256)
        #expect(OutboundMethod.queueDeclare(.init(name: long)).flaw != nil)
        #expect(OutboundMethod.queueDeclare(.init(name: "")).flaw != nil)
        #expect(OutboundMethod.exchangeDeclare(.init(name: "e", arguments: [long: 1])).flaw != nil)
        #expect(OutboundMethod.queueBind(.init(source: "e", destination: "q", routingKey: long)).flaw != nil)
        #expect(OutboundMethod.queueDeclare(.init(name: "q", arguments: ["x-max-length": 1])).flaw == nil)
        #expect(OutgoingMessage(exchange: long, routingKey: "", body: []).flaw != nil)
        #expect(OutgoingMessage(exchange: "", routingKey: "", properties: .init(type: long), body: []).flaw != nil)
        var deep = AMQPValue.table([:])
        for _ in 0..<100 { deep = .array([.table(["x": deep])]) }
        #expect(OutgoingMessage(exchange: "", routingKey: "", properties: .init(headers: ["x": deep]), body: []).flaw != nil)
        #expect(
            OutgoingMessage(
                exchange: "", routingKey: "", properties: .init(headers: ["x": .bytes(Array(repeating: 0, count: 70_000))]), body: []
            ).flaw != nil)
    }
}
