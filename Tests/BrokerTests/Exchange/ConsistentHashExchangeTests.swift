import Broker
import Testing

@Suite struct ConsistentHashExchangeTests {
    private func spread(_ broker: CoreFixture, _ exchange: String, keys: Range<Int>, over queues: [String]) throws
        -> [String: Set<String>]
    {
        for key in keys { try broker.publish("k\(key)", to: exchange, "k\(key)") }
        return try Dictionary(uniqueKeysWithValues: queues.map { ($0, Set(try broker.drain($0))) })
    }

    @Test func sharesFollowTheWeights() throws {
        let broker = try CoreFixture()
        try broker.exchange("h", "x-consistent-hash")
        for (name, weight) in [("a", "1"), ("b", "2"), ("c", "1")] {
            try broker.queue(name)
            try broker.bind("h", to: name, weight)
        }
        let shares = try spread(broker, "h", keys: 0..<8_000, over: ["a", "b", "c"])
        #expect(shares.values.map(\.count).reduce(0, +) == 8_000)
        #expect(abs((shares["a"]?.count ?? 0) - 2_000) < 200)
        #expect(abs((shares["b"]?.count ?? 0) - 4_000) < 200)
        broker.checkBooks()
    }

    @Test func equalKeysGoOneWayAndOnlyOne() throws {
        let broker = try CoreFixture()
        try broker.exchange("h", "x-consistent-hash")
        for name in ["a", "b", "c"] {
            try broker.queue(name)
            try broker.bind("h", to: name, "10")
        }
        for _ in 0..<50 { try broker.publish("m", to: "h", "same") }
        let counts = try ["a", "b", "c"].map { try broker.drain($0).count }
        #expect(counts.sorted() == [0, 0, 50])
    }

    /// The order of binding, and so a restart, changes nothing.
    @Test func theSpreadIsStable() throws {
        var results: [[String: Set<String>]] = []
        for order in [["a", "b", "c"], ["c", "a", "b"]] {
            let broker = try CoreFixture()
            try broker.exchange("h", "x-consistent-hash")
            for name in order {
                try broker.queue(name)
                try broker.bind("h", to: name, "3")
            }
            results.append(try spread(broker, "h", keys: 0..<500, over: ["a", "b", "c"]))
        }
        #expect(results[0] == results[1])
    }

    @Test func aNewDestinationTakesOnlyItsShare() throws {
        let broker = try CoreFixture()
        try broker.exchange("h", "x-consistent-hash")
        for name in ["a", "b", "c", "d"] { try broker.queue(name) }
        for name in ["a", "b", "c"] { try broker.bind("h", to: name, "1") }
        let before = try spread(broker, "h", keys: 0..<2_000, over: ["a", "b", "c", "d"])
        try broker.bind("h", to: "d", "1")
        let after = try spread(broker, "h", keys: 0..<2_000, over: ["a", "b", "c", "d"])
        for name in ["a", "b", "c"] { #expect(after[name]?.isSubset(of: before[name] ?? []) == true) }
        try broker.unbind("h", from: "d", "1")
        #expect(try spread(broker, "h", keys: 0..<2_000, over: ["a", "b", "c", "d"]) == before)
    }

    @Test func aHeaderCanBeHashed() throws {
        let broker = try CoreFixture()
        try broker.exchange("h", "x-consistent-hash", ["hash-header": "customer"])
        for name in ["a", "b"] {
            try broker.queue(name)
            try broker.bind("h", to: name, "1")
        }
        for index in 0..<200 { try broker.publish("m", to: "h", "k\(index)", headers: ["customer": "one"]) }
        #expect(try ["a", "b"].map { try broker.drain($0).count }.sorted() == [0, 200])
        for index in 0..<200 { try broker.publish("m", to: "h", "k", headers: ["customer": .string("\(index)")]) }
        #expect(try broker.drain("a").count > 50)
    }

    @Test func aPropertyCanBeHashed() throws {
        let broker = try CoreFixture()
        try broker.exchange("h", "x-consistent-hash", ["hash-property": "message_id"])
        for name in ["a", "b"] {
            try broker.queue(name)
            try broker.bind("h", to: name, "1")
        }
        for index in 0..<200 {
            _ = try broker.host.publish(broker.message("m", to: "h", "k", messageID: "\(index)"))
        }
        #expect(try broker.drain("a").count > 50)
        #expect(try broker.drain("b").count > 50)
    }

    @Test(arguments: ["", "x", "1.5", "many"]) func aKeyThatIsNoNumberIsRefused(key: String) throws {
        let broker = try CoreFixture()
        try broker.exchange("h", "x-consistent-hash")
        try broker.queue("a")
        let refused = fault { try broker.bind("h", to: "a", key) }
        #expect(refused == ProtocolFault(.preconditionFailed, "The binding key must be an integer: <<\"\(key)\">>"))
    }

    @Test(arguments: ["0", "-1"]) func aWeightBelowOneIsRefused(key: String) throws {
        let broker = try CoreFixture()
        try broker.exchange("h", "x-consistent-hash")
        try broker.queue("a")
        let refused = fault { try broker.bind("h", to: "a", key) }
        #expect(refused == ProtocolFault(.preconditionFailed, "The binding key must be greater than 0"))
    }

    @Test func badArgumentsAreRefused() throws {
        let broker = try CoreFixture()
        let both = fault {
            try broker.exchange("h", "x-consistent-hash", ["hash-header": "a", "hash-property": "message_id"])
        }
        #expect(both == ProtocolFault(.preconditionFailed, "hash-header and hash-property are mutually exclusive"))
        let unknown = fault { try broker.exchange("h", "x-consistent-hash", ["hash-property": "app_id"]) }
        #expect(unknown == ProtocolFault(.preconditionFailed, "Unsupported property: app_id"))
    }
}
