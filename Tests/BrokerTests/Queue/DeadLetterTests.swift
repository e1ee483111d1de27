import Broker
import Testing

@Suite struct DeadLetterTests {
    private func deaths(_ headers: FieldTable) -> [FieldTable] {
        guard case .array(let values)? = headers["x-death"] else { return [] }
        return values.compactMap { if case .table(let table) = $0 { table } else { nil } }
    }

    private func reject(_ queue: Queue) throws {
        let (entry, _, _) = try #require(queue.get())
        queue.reject(entry, requeue: false)
    }

    @Test func aRejectedMessageTellsItsStory() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-dead-letter-exchange": "dlx"])
        try broker.exchange("dlx", "topic")
        let dead = try broker.queue("dead")
        try broker.bind("dlx", to: "dead", "orders.#")
        try broker.bind("amq.topic", to: "q", "#")
        try broker.publish("a", to: "amq.topic", "orders.created", headers: ["mine": "kept"], expiration: "60000")
        try reject(queue)
        let (entry, message, _) = try #require(dead.get())
        #expect(message.exchange == "dlx")
        #expect(message.routingKey == "orders.created")
        #expect(message.attributes.expiration == nil)
        #expect(message.attributes.isPersistent)
        let headers = try message.headers()
        #expect(headers["mine"] == "kept")
        #expect(headers["x-first-death-queue"] == "q")
        #expect(headers["x-first-death-reason"] == "rejected")
        #expect(headers["x-first-death-exchange"] == "amq.topic")
        let death = try #require(deaths(headers).first)
        #expect(death["count"] == .int64(1))
        #expect(death["queue"] == "q")
        #expect(death["reason"] == "rejected")
        #expect(death["exchange"] == "amq.topic")
        #expect(death["routing-keys"] == .array(["orders.created"]))
        #expect(death["time"] == .timestamp(UInt64(broker.time.now / 1_000)))
        #expect(death["original-expiration"] == "60000")
        dead.acknowledge(entry)
        // Fails when the message is taken off the log and written again in two records: a crash between them loses it.
        #expect(broker.store?.transfers == 1)
        broker.checkBooks()
    }

    @Test func withoutAnExchangeItIsDropped() throws {
        let broker = try CoreFixture()
        let plain = try broker.queue("q")
        try broker.publish("a")
        try reject(plain)
        let missing = try broker.queue("m", ["x-dead-letter-exchange": "nowhere"])
        try broker.publish("a", "m")
        try reject(missing)
        let unroutable = try broker.queue("u", ["x-dead-letter-exchange": "amq.direct"])
        try broker.publish("a", "u")
        try reject(unroutable)
        broker.checkBooks()
    }

    @Test func theCountRisesForTheSameQueueAndReason() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-dead-letter-exchange": "", "x-dead-letter-routing-key": "wait"])
        let wait = try broker.queue(
            "wait",
            ["x-dead-letter-exchange": "", "x-dead-letter-routing-key": "q", "x-message-ttl": .int32(100)])
        try broker.publish("a")
        for _ in 0..<3 {
            try reject(queue)
            #expect(wait.messageCount == 1)
            broker.time.advance(by: 100)
            #expect(queue.messageCount == 1)
        }
        let headers = try broker.takeHeaders(queue)
        let found = deaths(headers)
        #expect(found.map { $0["queue"] } == ["wait", "q"])
        #expect(found.map { $0["reason"] } == ["expired", "rejected"])
        #expect(found.map { $0["count"] } == [.int64(3), .int64(3)])
        #expect(headers["x-first-death-queue"] == "q")
        #expect(headers["x-first-death-reason"] == "rejected")
        broker.checkBooks()
    }

    /// Fails (does not end) without the rule of cycles.
    @Test(.timeLimit(.minutes(3))) func whatGoesRoundByItselfIsDropped() throws {
        let broker = try CoreFixture()
        for (name, next) in [("a", "b"), ("b", "c"), ("c", "a")] {
            try broker.queue(
                name,
                ["x-dead-letter-exchange": "", "x-dead-letter-routing-key": .string(next), "x-message-ttl": .int32(0)])
        }
        try broker.publish("m", "a")
        #expect(broker.core.statistics.readyMessages == 0)
        let own = try broker.queue(
            "own", ["x-dead-letter-exchange": "", "x-message-ttl": .int32(10)])
        try broker.publish("m", "own")
        broker.time.advance(by: 10)
        #expect(own.messageCount == 0)
        broker.checkBooks()
    }

    @Test func aRejectionBreaksTheCycle() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-dead-letter-exchange": ""])
        try broker.publish("m")
        for _ in 0..<5 { try reject(queue) }
        #expect(queue.messageCount == 1)
        let headers = try broker.takeHeaders(queue)
        #expect(deaths(headers).first?["count"] == .int64(5))
        broker.checkBooks()
    }

    @Test func theRoutingKeyReplacesTheOwnAndTheCopies() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"])
        let dead = try broker.queue("dead")
        let copy = try broker.queue("copy")
        try broker.publish("m", headers: ["CC": .array(["copy"])])
        #expect(broker.drain(copy) == ["m"])
        try reject(queue)
        #expect(copy.messageCount == 0)
        let headers = try broker.takeHeaders(dead)
        #expect(headers["CC"] == nil)
        #expect(deaths(headers).first?["routing-keys"] == .array(["q", "copy"]))
    }

    @Test func withoutOneTheCopiesAreRoutedAgain() throws {
        let broker = try CoreFixture()
        try broker.exchange("dlx", "direct")
        let queue = try broker.queue("q", ["x-dead-letter-exchange": "dlx"])
        try broker.queue("copy")
        let dead = try broker.queue("dead")
        try broker.bind("dlx", to: "dead", "copy")
        try broker.publish("m", headers: ["CC": .array(["copy"])])
        try reject(queue)
        let headers = try broker.takeHeaders(dead)
        #expect(headers["CC"] == .array(["copy"]))
    }

    /// `BCC` is not seen by consumers, and its keys count all the same.
    @Test func withoutOneTheBlindCopiesAreRoutedAgainToo() throws {
        let broker = try CoreFixture()
        broker.core.messageMemory = 0
        try broker.exchange("dlx", "direct")
        let queue = try broker.queue("q", ["x-dead-letter-exchange": "dlx"])
        let next = try broker.queue("next", ["x-dead-letter-exchange": "dlx", "x-message-ttl": .int32(10)])
        let last = try broker.queue("last")
        try broker.bind("dlx", to: "next", "blind")
        try broker.publish("m", headers: ["BCC": .array(["blind", "other"]), "CC": .array(["copy"])])
        try reject(queue)
        #expect(next.messageCount == 1)
        try broker.unbind("dlx", from: "next", "blind")
        try broker.bind("dlx", to: "last", "other")
        broker.time.advance(by: 10)
        let headers = try broker.takeHeaders(last)
        #expect(headers["BCC"] == nil)
        #expect(headers["CC"] == .array(["copy"]))
        #expect(deaths(headers).last?["routing-keys"] == .array(["q", "copy"]))
        broker.checkBooks()
    }

    @Test func aRoutingKeyReplacesTheBlindCopiesToo() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"])
        let dead = try broker.queue("dead")
        let blind = try broker.queue("blind")
        try broker.publish("m", headers: ["BCC": .array(["blind"])])
        #expect(broker.drain(blind) == ["m"])
        try reject(queue)
        #expect(dead.messageCount == 1)
        #expect(blind.messageCount == 0)
    }

    @Test func anInvalidHistoryIsReplaced() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"])
        let dead = try broker.queue("dead")
        try broker.publish("m", headers: ["x-death": "a text"])
        try reject(queue)
        #expect(deaths(try broker.takeHeaders(dead)).count == 1)
    }

    @Test func expiredAndOverflowingMessagesAreDeadLettered() throws {
        let broker = try CoreFixture()
        try broker.queue(
            "q",
            [
                "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead", "x-message-ttl": .int32(10),
                "x-max-length": .int32(1),
            ])
        let dead = try broker.queue("dead")
        try broker.publish("a")
        try broker.publish("b")
        #expect(try broker.takeHeaders(dead)["x-first-death-reason"] == "maxlen")
        broker.time.advance(by: 10)
        #expect(try broker.takeHeaders(dead)["x-first-death-reason"] == "expired")
        broker.checkBooks()
    }

    /// One queue's dead letter is not published inside another's.
    @Test(.timeLimit(.minutes(3))) func aLongChainIsNoRecursion() throws {
        let broker = try CoreFixture(store: false)
        let count = 1_000
        for index in 0..<count {
            try broker.queue(
                "q\(index)", durable: false,
                [
                    "x-dead-letter-exchange": "", "x-dead-letter-routing-key": .string("q\(index + 1)"),
                    "x-max-length": .int32(0),
                ])
        }
        let last = try broker.queue("q\(count)")
        try broker.publish("m", "q0")
        #expect(last.messageCount == 1)
    }

    @Test func aTransientQueuesPersistentMessageIsKept() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue(
            "q", durable: false, ["x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"])
        let dead = try broker.queue("dead")
        try broker.publish("m")
        try reject(queue)
        #expect(broker.store?.liveCount == 1)
        #expect(broker.drain(dead) == ["m"])
        broker.checkBooks()
    }

    @Test func aPagedOutMessageIsReadForIt() throws {
        let broker = try CoreFixture()
        broker.core.messageMemory = 0
        try broker.queue(
            "q", ["x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead", "x-message-ttl": .int32(10)])
        let dead = try broker.queue("dead")
        for persistent in [true, false] { try broker.publish("m", persistent: persistent) }
        broker.time.advance(by: 10)
        #expect(broker.drain(dead) == ["m", "m"])
        broker.checkBooks()
    }

    // MARK: The delivery limit of quorum queues

    @Test func aMessageThatFailsTooOftenIsGivenUp() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue(
            "q",
            [
                "x-queue-type": "quorum", "x-delivery-limit": .int32(2), "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": "dead",
            ])
        let dead = try broker.queue("dead")
        try broker.publish("m")
        for count in 0..<3 as Range<UInt32> {
            let (entry, _, _) = try #require(queue.get())
            #expect(entry.deliveryCount == count)
            queue.reject(entry, requeue: true)
        }
        #expect(queue.messageCount == 0)
        #expect(broker.store?.counts.values.max() == 2)
        #expect(try broker.takeHeaders(dead)["x-first-death-reason"] == "delivery_limit")
        broker.checkBooks()
    }

    @Test func aClosedChannelCountsToo() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-queue-type": "quorum", "x-delivery-limit": .int32(0)])
        try broker.publish("m")
        let (entry, _, _) = try #require(queue.get())
        queue.requeue([entry])
        #expect(queue.messageCount == 0)
        broker.checkBooks()
    }

    @Test func classicQueuesDoNotCount() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        try broker.publish("m")
        for _ in 0..<100 {
            let (entry, _, _) = try #require(queue.get())
            #expect(entry.deliveryCount == 0)
            queue.reject(entry, requeue: true)
        }
        #expect(queue.messageCount == 1)
    }
}
