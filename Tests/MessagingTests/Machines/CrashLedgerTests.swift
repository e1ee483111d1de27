import Messaging
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Processes that die, in memory: the table of counts and the queue outlive them.
struct CrashLedgerTests {
    /// The queue and the counts.
    private struct World {
        var queue: [UUID] = []
        var isRedelivered: Set<UUID> = []
        var counts: [UUID: Int] = [:]
        var runs: [UUID: Int] = [:]
        var handled: [UUID] = []
        var parked: [UUID] = []
        var crashes = 0
    }

    /// Runs one process until it dies or the queue is empty.
    ///
    /// - Parameter dies: asked for each run of a message; the process dies with everything not yet committed.
    private func process(
        _ world: inout World, batchSize: Int, limit: Int, dies: (_ id: UUID, _ isAlone: Bool) -> Bool
    ) {
        while !world.queue.isEmpty {
            let batch = Array(world.queue.prefix(batchSize))
            var ledger = CrashLedger(limit: limit)
            let asked = ledger.toCount(batch.map { ($0, world.isRedelivered.contains($0)) })
            let first = Set(asked.filter { world.counts[$0] == nil })
            for id in first { world.counts[id] = 1 }
            ledger.counted(first: first, of: asked)
            for segment in ledger.segments(batch) {
                var ids: [UUID] = []
                var isAlone = false
                switch segment {
                case .together(let range): ids = Array(batch[range])
                case .alone(let index):
                    let id = batch[index]
                    ids = [id]
                    isAlone = true
                    if ledger.mustCount(id) {
                        world.counts[id, default: 0] += 1
                        if !ledger.counted(id, as: world.counts[id] ?? 0) {
                            world.parked.append(id)
                            ids = []
                            world.counts[id] = nil
                            world.queue.removeAll { $0 == id }
                        }
                    }
                }
                for id in ids {
                    world.runs[id, default: 0] += 1
                    if dies(id, isAlone) {
                        // What was prefetched comes again as well.
                        world.isRedelivered.formUnion(world.queue.prefix(batchSize * 2))
                        world.crashes += 1
                        return
                    }
                }
                for id in ledger.toClear(ids) { world.counts[id] = nil }
                world.handled += ids
                world.queue.removeAll { ids.contains($0) }
            }
        }
    }

    /// Fails when suspects run beside others (segments), when the batch's first count is not shared (counted(first:)),
    /// or when the limit is not looked at: then an innocent is parked, or the poison runs for ever.
    @Test(arguments: 0..<1_000)
    func poisonIsParkedAndInnocentsAreNot(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var world = World()
        world.queue = (0..<Int.random(in: 1...60, using: &random)).map { _ in UUID() }
        let all = world.queue
        let poison = Set(all.filter { _ in Int.random(in: 0..<15, using: &random) == 0 })
        let batchSize = Int.random(in: 1...20, using: &random)
        var lives = 0
        while !world.queue.isEmpty, lives < 1_000 {
            lives += 1
            process(&world, batchSize: batchSize, limit: 3) { id, _ in poison.contains(id) }
        }
        #expect(world.queue.isEmpty)
        #expect(Set(world.parked) == poison)
        #expect(world.parked.count == poison.count)
        // In order, each once.
        #expect(world.handled == all.filter { !poison.contains($0) })
        // Not run a fourth time.
        for id in poison { #expect((world.runs[id] ?? 0) <= 3) }
        #expect(world.counts.isEmpty)
    }

    /// A process that is killed now and then for reasons of its own parks nothing, whatever was delivered or ran beside
    /// others at that time. (A message that had come twice and then ran alone when the process died is held responsible.)
    @Test(arguments: 0..<500)
    func killsAtRandomParkNothing(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var world = World()
        world.queue = (0..<100).map { _ in UUID() }
        let all = world.queue
        var killsLeft = 12
        while !world.queue.isEmpty {
            process(&world, batchSize: 10, limit: 3) { _, isAlone in
                guard killsLeft > 0, !isAlone, Int.random(in: 0..<8, using: &random) == 0 else { return false }
                killsLeft -= 1
                return true
            }
        }
        #expect(world.parked.isEmpty)
        #expect(world.handled == all)
    }

    /// Fails when running a kept batch again counts again (CrashLedger.counted as a set): the process was there all along.
    @Test func aBatchThatIsRunAgainByTheSameProcessIsNotCountedAgain() {
        var ledger = CrashLedger(limit: 3)
        let (first, suspect, fresh) = (UUID(), UUID(), UUID())
        let items = [(first, true), (suspect, true), (fresh, false)].map { (id: $0.0, redelivered: $0.1) }
        #expect(ledger.toCount(items) == [first, suspect])
        ledger.counted(first: [first], of: [first, suspect])
        #expect(ledger.segments(items.map(\.id)) == [.together(0..<1), .alone(1), .together(2..<3)])
        #expect(ledger.mustCount(suspect))
        let mayRun = ledger.counted(suspect, as: 2)
        #expect(mayRun)
        // The database went away; the rest of the batch is run again.
        #expect(ledger.toCount(items).isEmpty)
        #expect(!ledger.mustCount(suspect))
        #expect(ledger.segments(items.map(\.id)) == [.together(0..<1), .alone(1), .together(2..<3)])
        #expect(ledger.toClear(items.map(\.id)) == [first, suspect])
    }

    @Test func nothingRedeliveredNothingCounted() {
        var ledger = CrashLedger(limit: 3)
        let ids = [UUID(), UUID()]
        #expect(ledger.toCount(ids.map { ($0, false) }).isEmpty)
        #expect(ledger.segments(ids) == [.together(0..<2)])
        #expect(ledger.toClear(ids).isEmpty)
    }
}
