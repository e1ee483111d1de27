import Messaging
import Testing

@Suite struct PartitionShareTests {
    /// Queues whose consumers stand in line; whoever hands over goes to the end.
    private struct World {
        var lines: [[Int]]
        var shares: [PartitionShare]

        init(partitions: Int, instances: Int) {
            lines = Array(repeating: Array(0..<instances), count: partitions)
            shares = (0..<instances).map { _ in PartitionShare(partitions: partitions) }
        }

        /// Everybody gets something from what he is active for, looks, and hands over what he has too much of.
        mutating func round(using generator: inout some RandomNumberGenerator) {
            for (partition, line) in lines.enumerated() { shares[line[0]].delivered(partition) }
            for instance in shares.indices.shuffled(using: &generator) {
                shares[instance].look(instances: shares.count, using: &generator)
                for partition in lines.indices where lines[partition][0] == instance {
                    guard shares[instance].takeSurplus(partition) else { continue }
                    lines[partition].append(lines[partition].removeFirst())
                }
            }
        }

        var load: [Int] { shares.indices.map { instance in lines.count { $0[0] == instance } } }
    }

    /// A thousand worlds: from everything in one hand it comes to shares in which nobody has more than the share, and stays there.
    /// Fails when the share is not looked at (`excess` in PartitionShare.look).
    @Test func itSettles() {
        for seed in 0..<1_000 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let (partitions, instances) = (Int.random(in: 2...16, using: &generator), Int.random(in: 1...6, using: &generator))
            var world = World(partitions: partitions, instances: instances)
            let share = (partitions + instances - 1) / instances
            var rounds = 0
            while let most = world.load.max(), most > share, rounds < 500 {
                world.round(using: &generator)
                rounds += 1
            }
            #expect(world.load.allSatisfy { $0 <= share }, "seed \(seed): \(world.load) after \(rounds) rounds")
            let settled = world.lines
            for _ in 0..<5 { world.round(using: &generator) }
            #expect(world.lines == settled, "seed \(seed): nothing moves any more")
        }
    }

    @Test func oneInstanceKeepsEverything() {
        var generator = SeededGenerator(seed: 1)
        var share = PartitionShare(partitions: 4)
        for partition in 0..<4 { share.delivered(partition) }
        // A queue whose consumer is just subscribing again counts none.
        for instances in [0, 1] {
            share.look(instances: instances, using: &generator)
            #expect(share.surplus.isEmpty)
        }
    }

    /// Partitions that bring nothing are no load, and there is nothing to hand over.
    @Test func whatIsIdleStays() {
        var generator = SeededGenerator(seed: 1)
        var share = PartitionShare(partitions: 4)
        share.delivered(0)
        share.delivered(3)
        share.look(instances: 2, using: &generator)
        #expect(share.surplus.isEmpty)
        share.look(instances: 2, using: &generator)
        #expect(share.surplus.isEmpty)
    }
}
