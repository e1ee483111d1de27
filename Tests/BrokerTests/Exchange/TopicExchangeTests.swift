import Broker
import Testing

@Suite struct TopicExchangeTests {
    struct Case: CustomTestStringConvertible {
        let pattern: String
        let matching: [String]
        let others: [String]
        var testDescription: String { "'\(pattern)'" }
    }

    static let cases = [
        Case(pattern: "#", matching: ["", "a", "a.b", "a..b", "."], others: []),
        Case(pattern: "*", matching: ["a", "*", "#"], others: ["", "a.b", "."]),
        Case(pattern: "a.b.c", matching: ["a.b.c"], others: ["a.b", "a.b.c.d", "a.b.", "A.b.c", ""]),
        Case(pattern: "a.*.c", matching: ["a.b.c", "a..c", "a.*.c"], others: ["a.c", "a.b.b.c", "a.b.c.d"]),
        Case(pattern: "a.#", matching: ["a", "a.b", "a.b.c", "a."], others: ["", "b", "ab", "b.a"]),
        Case(pattern: "#.c", matching: ["c", "b.c", "a.b.c", ".c"], others: ["", "c.d", "bc"]),
        Case(pattern: "a.#.c", matching: ["a.c", "a.b.c", "a.b.b.c", "a..c"], others: ["a", "c", "a.b", "a.c.d"]),
        Case(pattern: "#.b.#", matching: ["b", "a.b", "b.c", "a.b.c", "b.b"], others: ["", "a", "ab", "a.c"]),
        Case(pattern: "*.*", matching: ["a.b", ".", "a."], others: ["a", "a.b.c", ""]),
        Case(pattern: "#.*", matching: ["a", "a.b", "a.b.c"], others: [""]),
        Case(pattern: "*.#", matching: ["a", "a.b", "a.b.c"], others: [""]),
        Case(pattern: "#.#", matching: ["", "a", "a.b"], others: []),
        Case(pattern: "*.#.*", matching: ["a.b", "a.b.c", "."], others: ["", "a"]),
        Case(pattern: "", matching: [""], others: ["a", "."]),
        Case(pattern: ".", matching: ["."], others: ["", "a", "a."]),
        Case(pattern: "a..b", matching: ["a..b"], others: ["a.b", "a.c.b"]),
        Case(pattern: "a#.b", matching: ["a#.b"], others: ["a.b", "ax.b"]),
    ]

    @Test(arguments: cases) func matches(_ test: Case) throws {
        let broker = try CoreFixture()
        let queue = try broker.queue("q")
        try broker.bind("amq.topic", to: "q", test.pattern)
        for key in test.matching { #expect(try broker.publish("m", to: "amq.topic", key) != .unroutable, "\(key)") }
        for key in test.others { #expect(try broker.publish("m", to: "amq.topic", key) == .unroutable, "\(key)") }
        #expect(queue.messageCount == test.matching.count)
    }

    /// The trie agrees with a plain matcher of one pattern, on patterns and keys over a small alphabet; also after half
    /// of the patterns were unbound again.
    @Test(arguments: 0..<20 as Range<UInt64>) func agreesWithAPlainMatcher(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let broker = try CoreFixture()
        try broker.exchange("t", "topic")
        var patterns: [String: String] = [:]
        for index in 0..<30 {
            try broker.queue("q\(index)")
            let pattern = Self.words(["a", "b", "*", "#", ""], &random)
            patterns["q\(index)"] = pattern
            try broker.bind("t", to: "q\(index)", pattern)
        }
        for round in 0..<2 {
            for _ in 0..<60 {
                let key = Self.words(["a", "b", "c", ""], &random)
                try broker.publish("m", to: "t", key)
                for (name, pattern) in patterns {
                    let got = try broker.drain(name).count
                    let expected = Self.matches(
                        TopicExchangeTests.split(pattern)[...], TopicExchangeTests.split(key)[...])
                    #expect((got == 1) == expected, "'\(pattern)' against '\(key)'")
                }
            }
            guard round == 0 else { break }
            for name in patterns.keys.sorted().prefix(15) {
                try broker.unbind("t", from: name, patterns[name] ?? "")
                patterns[name] = nil
            }
        }
        broker.checkBooks()
    }

    private static func words(_ alphabet: [String], _ random: inout SeededGenerator) -> String {
        (0..<Int.random(in: 0...5, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "" }
            .joined(separator: ".")
    }

    private static func split(_ key: String) -> [Substring] {
        key.isEmpty ? [] : key.split(separator: ".", omittingEmptySubsequences: false)
    }

    private static func matches(_ pattern: ArraySlice<Substring>, _ key: ArraySlice<Substring>) -> Bool {
        guard let word = pattern.first else { return key.isEmpty }
        if word == "#" {
            return matches(pattern.dropFirst(), key) || (!key.isEmpty && matches(pattern, key.dropFirst()))
        }
        guard let first = key.first, word == "*" || word == first else { return false }
        return matches(pattern.dropFirst(), key.dropFirst())
    }

    /// Trying the ways of several `#` one after another would take exponential time.
    @Test(.timeLimit(.minutes(3))) func manyWildcardsTakeNoExponentialTime() throws {
        let broker = try CoreFixture()
        try broker.queue("q")
        let pattern = Array(repeating: "#.a", count: 60).joined(separator: ".")
        try broker.bind("amq.topic", to: "q", pattern)
        let key = Array(repeating: "a", count: 120).joined(separator: ".")
        #expect(try broker.publish("m", to: "amq.topic", key) != .unroutable)
        #expect(try broker.publish("m", to: "amq.topic", key + ".b") == .unroutable)
    }

    @Test func tooManyWordsAreRefused() throws {
        var limits = BrokerLimits()
        limits.topicPatternWords = 3
        let broker = try CoreFixture(limits: limits)
        try broker.queue("q")
        try broker.bind("amq.topic", to: "q", "a.b.c")
        #expect(fault { try broker.bind("amq.topic", to: "q", "a.b.c.d") }?.code == .preconditionFailed)
    }

    @Test func moreKeysThanAreRememberedAreRoutedRight() throws {
        let broker = try CoreFixture(store: false)
        let queue = try broker.queue("q")
        let channel = TestChannel()
        try broker.consume(queue, on: channel, noAck: true)
        try broker.bind("amq.topic", to: "q", "even.*")
        for index in 0..<20_000 {
            let key = index.isMultiple(of: 2) ? "even.\(index)" : "odd.\(index)"
            try broker.publish("m", to: "amq.topic", key)
        }
        #expect(channel.take().count == 10_000)
    }
}
