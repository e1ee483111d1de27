import Broker
import Testing

@Suite struct BrokerCoreTests {
    /// Fails when queues, bindings and exchanges keep each other alive: every broker of a test process would stay.
    @Test func nothingOfABrokerStays() throws {
        weak var store: LedgerStore?
        weak var queue: Queue?
        do {
            let broker = try CoreFixture()
            store = broker.store
            queue = try broker.queue("q", ["x-message-ttl": .int32(1_000), "x-expires": .int32(10_000)])
            for exchange in ["amq.topic", "amq.headers", "amq.fanout", "amq.direct"] {
                try broker.bind(exchange, to: "q", "k")
            }
            try broker.chain("amq.topic", to: "amq.fanout")
            try broker.chain("amq.fanout", to: "amq.topic")
            try broker.publish("m")
        }
        #expect(store == nil)
        #expect(queue == nil)
    }

    @Test func hostsAreApart() throws {
        let broker = try CoreFixture()
        let other = try broker.core.createHost("other")
        #expect(try broker.core.createHost("other") === other)
        try broker.queue("q")
        #expect(fault { _ = try other.queue("q", requester: nil) }?.explanation == "no queue 'q' in vhost 'other'")
        try other.declareQueue(QueueDeclaration(name: "q", durable: true), requester: nil)
        try broker.publish("m")
        #expect(try other.queue("q", requester: nil).messageCount == 0)
        try broker.core.deleteHost("other")
        #expect(broker.core.hosts["other"] == nil)
        #expect(fault { try broker.core.deleteHost("other") }?.code == .notFound)
        #expect(try broker.drain("q") == ["m"])
    }

    @Test func aDeletedHostCancelsAndFreesAll() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        try broker.bind("amq.direct", to: "q", "k")
        broker.channel.isOpen = false
        try broker.consume(queue)
        try broker.publish("m")
        try broker.core.deleteHost("/")
        #expect(broker.channel.cancelled == ["c1"])
        let statistics = broker.core.statistics
        #expect(
            [statistics.queueCount, statistics.bindingCount, statistics.consumerCount, statistics.exchangeCount] == [
                0, 0, 0, 0,
            ])
        broker.checkBooks()
    }

    @Test func theLimitOfHostsIsKept() throws {
        var limits = BrokerLimits()
        limits.virtualHosts = 2
        let broker = try CoreFixture(limits: limits)
        try broker.core.createHost("a")
        #expect(fault { try broker.core.createHost("b") }?.code == .resourceError)
    }

    @Test func definitionsSurviveARestart() throws {
        let broker = try CoreFixture()
        try broker.exchange("x", "topic", ["alternate-exchange": "amq.fanout"])
        try broker.exchange("gone")
        try broker.exchange("transient", durable: false)
        try broker.queue("q", ["x-message-ttl": .int32(5)])
        try broker.queue("old")
        try broker.queue("exclusive", exclusive: true)
        try broker.bind("x", to: "q", "a.#")
        try broker.bind("x", to: "q", "b.#")
        try broker.bind("x", to: "old", "c")
        try broker.chain("x", to: "amq.direct", "d")
        try broker.unbind("x", from: "q", "b.#")
        try broker.host.deleteExchange("gone", ifUnused: false)
        try broker.host.deleteQueue("old", requester: nil)
        try broker.queue("old")

        let core = BrokerCore(
            limits: BrokerLimits(), store: nil, definitions: broker.log, time: broker.time, nodeName: "test")
        let before = broker.log.changes
        core.restore(definitions: broker.log.changes, entries: [:])
        // Fails when a restart records again what it reads.
        #expect(broker.log.changes == before)
        let host = try #require(core.hosts["/"])
        #expect(Set(host.queues.keys) == ["q", "old"])
        #expect(host.queues["q"]?.definition == broker.host.queues["q"]?.definition)
        #expect(host.exchanges["gone"] == nil)
        #expect(host.exchanges["transient"] == nil)
        #expect(host.exchanges["x"]?.definition == broker.host.exchanges["x"]?.definition)
        // Bindings of a deleted queue do not come back with a new one of its name.
        #expect(Set(host.allBindings.map(\.definition.routingKey)) == ["a.#", "d"])
    }

    @Test func messagesSurviveARestartInOrder() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q", ["x-message-ttl": .int32(1_000)])
        for index in 0..<300 { try broker.publish("\(index)") }
        let id = queue.id
        let live = try #require(broker.store?.live[id])
        let entries = live.keys.sorted().map { position in
            RecoveredEntry(
                slot: QueueSlot(
                    queue: id, position: position, expiresAt: broker.time.now + (position <= 100 ? -1 : 50)),
                stored: live[position]!, size: 3, priority: 0, deliveryCount: position == 150 ? 2 : 0)
        }
        broker.time.forgetTimers()
        let core = BrokerCore(
            limits: BrokerLimits(), store: broker.store, definitions: broker.log, time: broker.time, nodeName: "test")
        core.restore(definitions: broker.log.changes, entries: [id: entries], highestPositions: [id: 400])
        let restored = try #require(core.hosts["/"]?.queues["q"])
        // What expired while the broker was down is gone.
        #expect(restored.messageCount == 200)
        let (first, message, _) = try #require(restored.get())
        #expect(String(buffer: message.body) == "100")
        #expect(!first.isRedelivered)
        restored.requeue([first])
        var seen: [String] = []
        while let (entry, message, _) = restored.get() {
            #expect((entry.position == 150) == (entry.deliveryCount == 2))
            seen.append(String(buffer: message.body))
            restored.acknowledge(entry)
        }
        #expect(seen == (100..<300).map(String.init))
        // Fails when a position is used again: an old acknowledgement in the log would then take a new message.
        _ = try core.hosts["/"]?.publish(broker.message("new"))
        #expect(try #require(restored.get()).0.position == 401)
        #expect(broker.store?.violations == [])
    }

    @Test func messagesOfUnknownQueuesAreReleased() throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        try broker.publish("m")
        let stored = try #require(broker.store?.live[queue.id]?[1])
        let entry = RecoveredEntry(
            slot: QueueSlot(queue: queue.id, position: 1), stored: stored, size: 1, priority: 0, deliveryCount: 0)
        let core = BrokerCore(
            limits: BrokerLimits(), store: broker.store, definitions: nil, time: broker.time, nodeName: "test")
        core.restore(definitions: [], entries: [queue.id: [entry]])
        #expect(broker.store?.liveCount == 0)
    }

    @Test func identifiersAreNotUsedTwice() throws {
        let broker = try CoreFixture()
        let core = BrokerCore(limits: BrokerLimits(), store: nil, definitions: nil, time: broker.time, nodeName: "test")
        core.restore(
            definitions: [
                .putVirtualHost(name: "/"), .putQueue(host: "/", QueueDefinition(id: QueueID(rawValue: 7), name: "q")),
            ],
            entries: [:], highestQueueID: QueueID(rawValue: 12))
        let host = try #require(core.hosts["/"])
        let durable = try host.declareQueue(QueueDeclaration(name: "new", durable: true), requester: nil)
        #expect(durable.id.rawValue == 13)
        let transient = try host.declareQueue(QueueDeclaration(name: "transient"), requester: nil)
        #expect(transient.id.rawValue > 1 << 31)
    }

    @Test func aFailedDefinitionStopsTheBroker() throws {
        let broker = try CoreFixture()
        var failures = 0
        broker.core.onFailure = { _ in failures += 1 }
        broker.log.error = StoreError(.inputOutput, "fsync failed")
        #expect(fault { try broker.queue("q") }?.code == .internalError)
        #expect(broker.host.queues["q"] == nil)
        #expect(failures == 1)
        // What is not kept needs no disk.
        try broker.queue("t", durable: false)
    }
}
