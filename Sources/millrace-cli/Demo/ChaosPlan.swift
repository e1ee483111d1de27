import Messaging

/// Which part dies when. Pure: the same seed gives the same plan.
package struct ChaosPlan: Sendable, Equatable {
    package struct Kill: Sendable, Equatable {
        /// The share of the orders that are settled when it happens, 0 to 1.
        package var at: Double
        /// Index of the victim.
        package var victim: Int
    }

    package let kills: [Kill]

    /// Spreads `count` kills over the run, one at a random moment of each of `count` equal shares, and over `parts`
    /// victims: each once before any twice, in random order.
    package init(seed: UInt64, count: Int, parts: Int) {
        var generator = SeededGenerator(seed: seed)
        var kills: [Kill] = []
        var round: [Int] = []
        for index in 0..<max(0, parts > 0 ? count : 0) {
            if round.isEmpty { round = Array(0..<parts).shuffled(using: &generator) }
            let moment = Double.random(in: 0.1..<0.9, using: &generator)
            kills.append(Kill(at: 0.95 * (Double(index) + moment) / Double(count), victim: round.removeLast()))
        }
        self.kills = kills
    }
}
