import Contracts

/// Rates of counters, from two samples that lie some seconds apart.
struct Rates<Key: Hashable> {
    typealias Counts = SIMD8<UInt64>

    private var previous: [Key: Counts] = [:]
    private var latest: [Key: Counts] = [:]
    private var interval = 0.0
    private var sampledAt: Int64?

    /// - Parameter now: milliseconds of a clock that never jumps.
    mutating func sample(_ counts: [Key: Counts], at now: Int64) {
        interval = sampledAt.map { Double(now - $0) / 1_000 } ?? 0
        sampledAt = now
        previous = latest
        latest = counts
    }

    /// Per second; zero for a key that is new.
    func rate(_ key: Key, _ index: Int) -> Double {
        guard interval > 0, let new = latest[key], let old = previous[key], new[index] >= old[index] else { return 0 }
        return Double(new[index] - old[index]) / interval
    }
}

/// The rates that the management API shows.
struct MessageRates {
    /// Milliseconds between samples, as in RabbitMQ.
    static let interval: Int64 = 5_000

    var queues = Rates<QueueID>()
    var exchanges = Rates<ObjectIdentifier>()
    var connections = Rates<ConnectionID>()
    var total = Rates<Int>()

    mutating func sample(_ broker: BrokerLoop) {
        let now = broker.time.uptime
        var queueCounts: [QueueID: SIMD8<UInt64>] = [:]
        var exchangeCounts: [ObjectIdentifier: SIMD8<UInt64>] = [:]
        queueCounts.reserveCapacity(broker.core.queueCount)
        for host in broker.core.hosts.values {
            for queue in host.queues.values { queueCounts[queue.id] = Self.counts(queue.statistics) }
            for exchange in host.exchanges.values {
                exchangeCounts[ObjectIdentifier(exchange)] = [exchange.published, 0, 0, 0, 0, 0, 0, 0]
            }
        }
        queues.sample(queueCounts, at: now)
        exchanges.sample(exchangeCounts, at: now)
        total.sample([0: Self.counts(broker.core.statistics)], at: now)
        connections.sample(
            Dictionary(uniqueKeysWithValues: broker.traffic.map { ($0.id, [$0.received, $0.sent, 0, 0, 0, 0, 0, 0]) }), at: now)
    }

    /// Publish, deliver, deliver without acknowledgement, get, acknowledge, redeliver, and at last, of a queue, what came in; of the
    /// broker confirm and return instead.
    private static func counts(_ statistics: QueueStatistics) -> SIMD8<UInt64> {
        [
            statistics.published, statistics.delivered, statistics.deliveredNoAck, statistics.got, statistics.acknowledged,
            statistics.redelivered, statistics.arrived, 0,
        ]
    }

    private static func counts(_ statistics: BrokerStatistics) -> SIMD8<UInt64> {
        var counts = counts(statistics.queues)
        counts[0] = statistics.published
        counts[6] = statistics.confirmed
        counts[7] = statistics.returned
        return counts
    }

    /// `message_stats` of a queue.
    func json(_ queue: Queue) -> JSONValue {
        Self.json(Self.counts(queue.statistics), ["publish", "deliver", "deliver_no_ack", "get", "ack", "redeliver"]) {
            queues.rate(queue.id, $0)
        }
    }

    /// `backing_queue_status` of a queue: what RabbitMQ's classic queues say of themselves, where it means the same here.
    func backingQueue(_ queue: Queue) -> JSONValue {
        func rate(_ indices: Int...) -> JSONValue {
            JSONNumber(indices.reduce(0) { $0 + queues.rate(queue.id, $1) }).map { .number($0) } ?? 0
        }
        return [
            "mode": "default", "len": .int(queue.messageCount), "avg_ingress_rate": rate(6), "avg_egress_rate": rate(1, 2, 3),
            "avg_ack_ingress_rate": rate(1), "avg_ack_egress_rate": rate(4),
        ]
    }

    /// `message_stats` of the broker.
    func json(_ statistics: BrokerStatistics) -> JSONValue {
        let names = ["publish", "deliver", "deliver_no_ack", "get", "ack", "redeliver", "confirm", "return_unroutable"]
        return Self.json(Self.counts(statistics), names) { total.rate(0, $0) }
    }

    private static func json(_ counts: SIMD8<UInt64>, _ names: [String], rate: (Int) -> Double) -> JSONValue {
        var object = JSONObject()
        for (index, name) in names.enumerated() { add(name, counts[index], rate(index), to: &object) }
        add("deliver_get", counts[1] &+ counts[2] &+ counts[3], rate(1) + rate(2) + rate(3), to: &object)
        return .object(object)
    }

    static func add(_ name: String, _ count: UInt64, _ rate: Double, to object: inout JSONObject) {
        object[name] = .int(count)
        object[name + "_details"] = details(rate)
    }

    static func details(_ rate: Double) -> JSONValue { ["rate": JSONNumber(rate).map { .number($0) } ?? 0] }
}
