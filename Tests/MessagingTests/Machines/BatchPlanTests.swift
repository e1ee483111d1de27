import Messaging
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The plan of a batch, by the thousand.
struct BatchPlanTests {
    /// Batches at random: copies, parked keys, fences, bytes that cannot be parsed, data that does not fit.
    @Test(arguments: 0..<2_000)
    func everyRuleHoldsForRandomBatches(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let ids = (0..<Int.random(in: 1...30, using: &random)).map { _ in UUID() }
        let items = (0..<Int.random(in: 1...60, using: &random)).map { _ -> BatchPlan.Item in
            let id = ids[Int.random(in: 0..<ids.count, using: &random)]
            let number = ids.firstIndex(of: id) ?? 0
            // One id is always the same message.
            var own = SeededGenerator(seed: UInt64(seed * 1_000 + number))
            let key: String? = Int.random(in: 0..<6, using: &own) == 0 ? nil : "k\(Int.random(in: 0..<4, using: &own))"
            let step = Int.random(in: 0..<8, using: &own)
            let fence = step < 4 ? FenceMark(key: "s\(step / 2)", isCompensation: step % 2 == 0) : nil
            return BatchPlan.Item(
                id: id, key: key, fence: fence, isParseable: Int.random(in: 0..<10, using: &own) > 0,
                fitsContract: Int.random(in: 0..<10, using: &own) > 0)
        }
        let fresh = Set(ids.filter { _ in Int.random(in: 0..<4, using: &random) > 0 })
        let parked: Set<String> = Bool.random(using: &random) ? ["k1"] : []
        let fenced: Set<String> = Bool.random(using: &random) ? ["s1"] : []
        let plan = BatchPlan(items: items, fresh: fresh, parkedKeys: parked, fenced: fenced)

        // Fails when the inbox's answer or the second copy in one batch is ignored (BatchPlan.verdict: fresh.remove).
        #expect(plan.verdicts.count == items.count)
        for id in ids {
            let places = items.indices.filter { items[$0].id == id }
            let judged = places.filter { plan.verdicts[$0] != .duplicate }
            #expect(judged == (fresh.contains(id) ? Array(places.prefix(1)) : []))
        }
        // Every message to run is in exactly one lane.
        #expect(plan.lanes.flatMap { $0 }.sorted() == items.indices.filter { plan.verdicts[$0] == .run })
        // Fails when a key or a step is spread over two lanes, a lane is not in order, or messages wait for each other without need.
        for lane in plan.lanes { #expect(lane == lane.sorted()) }
        #expect(Set(plan.lanes.map { Set($0) }) == groups(of: items, plan.lanes.flatMap { $0 }))
        var compensated = fenced
        // Fails when a refused message does not hold up what comes after it of its key.
        var held = parked
        for (index, item) in items.enumerated() {
            switch plan.verdicts[index] {
            case .duplicate: continue
            case .parkRaw: #expect(!item.isParseable)
            case .parkBehind: #expect(item.key.map(held.contains) == true)
            case .refuse:
                #expect(item.isParseable && !item.fitsContract && item.key.map(held.contains) != true)
                if let key = item.key { held.insert(key) }
            case .fenced: #expect(item.fence.map { !$0.isCompensation && compensated.contains($0.key) } == true)
            case .run:
                #expect(item.isParseable && item.fitsContract && item.key.map(held.contains) != true)
                guard let fence = item.fence else { continue }
                // Fails when a forward step runs although its compensation came before it.
                if fence.isCompensation { compensated.insert(fence.key) } else { #expect(!compensated.contains(fence.key)) }
            }
        }
        #expect(Set(plan.fences) == compensated.subtracting(fenced))
        #expect(plan.fences.count == Set(plan.fences).count)
    }

    /// Those that have a key or a step in common with each other, or with one that has one in common with them, and so on.
    private func groups(of items: [BatchPlan.Item], _ indices: [Int]) -> Set<Set<Int>> {
        var groups: [Set<Int>] = []
        for index in indices {
            let (key, step) = (items[index].key, items[index].fence?.key)
            let isRelated = { (other: Int) in
                (key != nil && items[other].key == key) || (step != nil && items[other].fence?.key == step)
            }
            let related = groups.filter { $0.contains(where: isRelated) }
            groups = groups.filter { !related.contains($0) } + [related.reduce([index]) { $0.union($1) }]
        }
        return Set(groups)
    }

    @Test func aCompensationWithAnotherKeyComesAfterItsStepInTheSameBatch() {
        let items = [
            BatchPlan.Item(id: UUID(), key: "a", fence: FenceMark(key: "x", isCompensation: false)),
            BatchPlan.Item(id: UUID(), key: "b"),
            BatchPlan.Item(id: UUID(), key: "b", fence: FenceMark(key: "x", isCompensation: true)),
            BatchPlan.Item(id: UUID(), key: "a"),
            BatchPlan.Item(id: UUID(), key: "c"),
        ]
        let plan = BatchPlan(items: items, fresh: Set(items.map(\.id)), parkedKeys: [], fenced: [])
        #expect(plan.lanes == [[0, 1, 2, 3], [4]])
    }

    @Test func aMessageWithoutKeyHasItsOwnLane() {
        let items = (0..<3).map { _ in BatchPlan.Item(id: UUID(), key: nil) }
        let plan = BatchPlan(items: items, fresh: Set(items.map(\.id)), parkedKeys: [], fenced: [])
        #expect(plan.lanes == [[0], [1], [2]])
    }

    @Test func aCompensationThatComesFirstFencesItsStepInTheSameBatch() {
        let items = [
            BatchPlan.Item(id: UUID(), key: "o", fence: FenceMark(key: "x", isCompensation: true)),
            BatchPlan.Item(id: UUID(), key: "o", fence: FenceMark(key: "x", isCompensation: false)),
            BatchPlan.Item(id: UUID(), key: "o", fence: FenceMark(key: "y", isCompensation: false)),
        ]
        let plan = BatchPlan(items: items, fresh: Set(items.map(\.id)), parkedKeys: [], fenced: [])
        #expect(plan.verdicts == [.run, .fenced, .run])
        #expect(plan.fences == ["x"])
    }

    @Test func aParkedCompensationDoesNotFenceYet() {
        let items = [
            BatchPlan.Item(id: UUID(), key: "o", fence: FenceMark(key: "x", isCompensation: true)),
            BatchPlan.Item(id: UUID(), key: "o", fence: FenceMark(key: "x", isCompensation: false)),
        ]
        let plan = BatchPlan(items: items, fresh: Set(items.map(\.id)), parkedKeys: ["o"], fenced: [])
        #expect(plan.verdicts == [.parkBehind, .parkBehind])
        #expect(plan.fences.isEmpty)
    }
}
