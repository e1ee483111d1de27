import Broker
import Testing

/// The exchanges default, direct and fanout.
@Suite struct BasicExchangeTests {
    @Test func theDefaultExchangeReachesEveryQueueByName() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("orders")
        #expect(try broker.publish("a", "orders") == .routed(waitsFor: 1))
        #expect(try broker.publish("b", "nowhere") == .unroutable)
        #expect(broker.drain(queue) == ["a"])
    }

    @Test func theDefaultExchangeForgetsADeletedQueue() throws {
        let broker = try CoreFixture()
        try broker.queue("orders")
        try broker.publish("a", "orders")
        try broker.host.deleteQueue("orders", requester: nil)
        // Fails when the route cache outlives a change of the topology.
        #expect(try broker.publish("b", "orders") == .unroutable)
        let queue = try broker.queue("orders")
        try broker.publish("c", "orders")
        #expect(broker.drain(queue) == ["c"])
    }

    @Test func directMatchesTheWholeKey() throws {
        let broker = try CoreFixture()
        try broker.exchange("x")
        try broker.queue("a")
        try broker.queue("b")
        try broker.bind("x", to: "a", "red")
        try broker.bind("x", to: "b", "red")
        try broker.bind("x", to: "b", "blue")
        try broker.publish("1", to: "x", "red")
        try broker.publish("2", to: "x", "blue")
        #expect(try broker.publish("3", to: "x", "re") == .unroutable)
        #expect(try broker.drain("a") == ["1"])
        #expect(try broker.drain("b") == ["1", "2"])
        broker.checkBooks()
    }

    @Test func fanoutIgnoresTheKey() throws {
        let broker = try CoreFixture()
        try broker.exchange("x", "fanout")
        for name in ["a", "b", "c"] {
            try broker.queue(name)
            try broker.bind("x", to: name, "whatever")
        }
        try broker.publish("1", to: "x", "")
        for name in ["a", "b", "c"] { #expect(try broker.drain(name) == ["1"]) }
        broker.checkBooks()
    }

    @Test func aQueueWithTwoMatchingBindingsGetsOneCopy() throws {
        let broker = try CoreFixture()
        try broker.exchange("x", "fanout")
        let queue = try broker.queue("a")
        try broker.bind("x", to: "a", "one")
        try broker.bind("x", to: "a", "two")
        try broker.publish("1", to: "x", "")
        #expect(broker.drain(queue) == ["1"])
    }

    @Test func manyQueuesGetOneCopyEach() throws {
        let broker = try CoreFixture()
        try broker.exchange("x", "fanout")
        for index in 0..<40 {
            try broker.queue("q\(index)")
            try broker.bind("x", to: "q\(index)", "one")
            try broker.bind("x", to: "q\(index)", "two")
        }
        try broker.publish("1", to: "x", "")
        for index in 0..<40 { #expect(try broker.drain("q\(index)") == ["1"]) }
        broker.checkBooks()
    }

    @Test func unbindingEndsTheRoute() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("a")
        try broker.bind("amq.direct", to: "a", "k")
        try broker.publish("1", to: "amq.direct", "k")
        try broker.unbind("amq.direct", from: "a", "k")
        #expect(try broker.publish("2", to: "amq.direct", "k") == .unroutable)
        #expect(broker.drain(queue) == ["1"])
    }

    @Test(arguments: ["amq.direct", "amq.fanout", "amq.topic", "amq.headers", "amq.match"])
    func thePredeclaredExchangesAreThere(name: String) throws {
        let broker = try CoreFixture()
        #expect(try broker.exchange(name, passive: true).definition.durable)
    }
}
