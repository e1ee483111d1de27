import Broker
import Testing

/// Bindings from exchange to exchange, and alternate exchanges.
@Suite struct ExchangeChainTests {
    @Test func messagesPassThrough() throws {
        let broker = try CoreFixture()
        try broker.exchange("a", "topic")
        try broker.exchange("b", "direct")
        try broker.queue("q")
        try broker.chain("a", to: "b", "order.#")
        try broker.bind("b", to: "q", "order.created")
        #expect(try broker.publish("1", to: "a", "order.created") != .unroutable)
        #expect(try broker.publish("2", to: "a", "order.paid") == .unroutable)
        #expect(try broker.drain("q") == ["1"])
    }

    /// Fails (does not end) when exchanges are not visited once only.
    @Test(.timeLimit(.minutes(3))) func cyclesEnd() throws {
        let broker = try CoreFixture()
        for name in ["a", "b", "c"] { try broker.exchange(name, "fanout") }
        try broker.queue("q")
        try broker.chain("a", to: "b")
        try broker.chain("b", to: "c")
        try broker.chain("c", to: "a")
        try broker.chain("a", to: "a")
        try broker.bind("c", to: "q")
        try broker.bind("a", to: "q")
        for _ in 0..<3 { try broker.publish("m", to: "b", "") }
        #expect(try broker.drain("q") == ["m", "m", "m"])
    }

    @Test func aDiamondDeliversOnce() throws {
        let broker = try CoreFixture()
        for name in ["top", "left", "right"] { try broker.exchange(name, "fanout") }
        try broker.queue("q")
        for side in ["left", "right"] {
            try broker.chain("top", to: side)
            try broker.bind(side, to: "q")
        }
        try broker.publish("m", to: "top", "")
        #expect(try broker.drain("q") == ["m"])
    }

    @Test(.timeLimit(.minutes(3))) func aLongChainIsNoRecursion() throws {
        let broker = try CoreFixture()
        for index in 0..<5_000 { try broker.exchange("x\(index)", "fanout", durable: false) }
        for index in 0..<4_999 { try broker.chain("x\(index)", to: "x\(index + 1)") }
        try broker.queue("q")
        try broker.bind("x4999", to: "q")
        try broker.publish("m", to: "x0", "")
        #expect(try broker.drain("q") == ["m"])
    }

    @Test func theAlternateGetsWhatNothingMatches() throws {
        let broker = try CoreFixture()
        try broker.exchange("x", "direct", ["alternate-exchange": "spare"])
        try broker.exchange("spare", "fanout")
        try broker.queue("known")
        try broker.queue("rest")
        try broker.bind("x", to: "known", "k")
        try broker.bind("spare", to: "rest")
        try broker.publish("1", to: "x", "k")
        try broker.publish("2", to: "x", "other")
        #expect(try broker.drain("known") == ["1"])
        #expect(try broker.drain("rest") == ["2"])
    }

    @Test func aMissingAlternateIsUnroutable() throws {
        let broker = try CoreFixture()
        try broker.exchange("x", "direct", ["alternate-exchange": "gone"])
        #expect(try broker.publish("1", to: "x", "k") == .unroutable)
        // It may come later.
        try broker.exchange("gone", "fanout")
        try broker.queue("q")
        try broker.bind("gone", to: "q")
        #expect(try broker.publish("2", to: "x", "k") != .unroutable)
    }

    @Test(.timeLimit(.minutes(3))) func alternatesInARingEnd() throws {
        let broker = try CoreFixture()
        try broker.exchange("a", "direct", ["alternate-exchange": "b"])
        try broker.exchange("b", "direct", ["alternate-exchange": "a"])
        #expect(try broker.publish("1", to: "a", "k") == .unroutable)
    }

    /// An exchange that passes a message on has matched, even where nothing comes of it.
    @Test func theAlternateIsAskedPerExchange() throws {
        let broker = try CoreFixture()
        try broker.exchange("x", "fanout", ["alternate-exchange": "spare"])
        try broker.exchange("empty", "direct")
        try broker.exchange("spare", "fanout")
        try broker.queue("rest")
        try broker.bind("spare", to: "rest")
        try broker.chain("x", to: "empty")
        #expect(try broker.publish("1", to: "x", "") == .unroutable)
    }

    @Test func missingEndsAreNotFound() throws {
        let broker = try CoreFixture()
        try broker.queue("q")
        #expect(
            fault { try broker.bind("no", to: "q", "") } == ProtocolFault(.notFound, "no exchange 'no' in vhost '/'"))
        #expect(
            fault { try broker.bind("amq.direct", to: "no") } == ProtocolFault(.notFound, "no queue 'no' in vhost '/'"))
        #expect(
            fault { try broker.chain("amq.direct", to: "no") }
                == ProtocolFault(.notFound, "no exchange 'no' in vhost '/'"))
        // Unbinding what is not there is no error, as in RabbitMQ.
        try broker.unbind("no", from: "q")
        try broker.unbind("amq.direct", from: "no")
        try broker.unbind("amq.direct", from: "q", "never")
    }

    @Test func theLimitOfBindingsIsKept() throws {
        var limits = BrokerLimits()
        limits.bindings = 2
        let broker = try CoreFixture(limits: limits)
        try broker.queue("q")
        try broker.bind("amq.direct", to: "q", "1")
        try broker.bind("amq.direct", to: "q", "2")
        try broker.bind("amq.direct", to: "q", "2")
        #expect(fault { try broker.bind("amq.direct", to: "q", "3") }?.code == .resourceError)
        try broker.unbind("amq.direct", from: "q", "1")
        try broker.bind("amq.direct", to: "q", "3")
    }

    @Test func onlyDurableEndsMakeADurableBinding() throws {
        let broker = try CoreFixture()
        try broker.queue("durable")
        try broker.queue("transient", durable: false)
        try broker.exchange("x", durable: false)
        broker.log.changes = []
        try broker.bind("amq.direct", to: "transient", "k")
        try broker.bind("x", to: "durable", "k")
        #expect(broker.log.changes.isEmpty)
        try broker.bind("amq.direct", to: "durable", "k")
        #expect(broker.log.changes.count == 1)
    }
}
