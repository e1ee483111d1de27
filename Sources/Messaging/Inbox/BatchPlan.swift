#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// Decides what becomes of each message of a batch, from what the database says about them. Pure.
package struct BatchPlan: Sendable, Hashable {
    /// What the plan needs to know of a message.
    package struct Item: Sendable, Hashable {
        package let id: UUID
        package let key: String?
        package let fence: FenceMark?
        package let isParseable: Bool
        package let fitsContract: Bool

        package init(
            id: UUID, key: String?, fence: FenceMark? = nil, isParseable: Bool = true, fitsContract: Bool = true
        ) {
            self.id = id
            self.key = key
            self.fence = fence
            self.isParseable = isParseable
            self.fitsContract = fitsContract
        }
    }

    /// What becomes of a message.
    package enum Verdict: Sendable, Hashable {
        /// It is run in its lane.
        case run
        /// It was handled before, or comes twice in this batch.
        case duplicate
        /// An earlier one of its key is parked: it is parked behind it.
        case parkBehind
        /// Its step was compensated before it arrived: it must not be run any more.
        case fenced
        /// It cannot be parsed: it is parked as it is.
        case parkRaw
        /// It does not fit its contract: it is parked for an operator, and what comes after it of its key is parked behind it.
        case refuse
    }

    /// One for each message, in order.
    package private(set) var verdicts: [Verdict] = []
    /// The messages to run, as indices: those of one key, and those of one step, in one lane, in order. A message with neither
    /// has a lane of its own.
    package private(set) var lanes: [[Int]] = []
    /// The steps that this batch compensates.
    package private(set) var fences: [String] = []

    /// Makes the plan.
    ///
    /// - Parameters:
    ///   - fresh: the ids that the inbox did not know.
    ///   - parkedKeys: the keys that have parked messages.
    ///   - fenced: the steps that have a fence.
    package init(items: [Item], fresh: Set<UUID>, parkedKeys: Set<String>, fenced: Set<String>) {
        var fresh = fresh
        var fenced = fenced
        var parkedKeys = parkedKeys
        var lanes = LaneAssignment()
        verdicts.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            let verdict = Self.verdict(item, &fresh, parkedKeys, fenced)
            verdicts.append(verdict)
            if verdict == .refuse, let key = item.key { parkedKeys.insert(key) }
            guard verdict == .run else { continue }
            if let fence = item.fence, fence.isCompensation, fenced.insert(fence.key).inserted { fences.append(fence.key) }
            lanes.append(index, key: item.key, step: item.fence?.key)
        }
        self.lanes = lanes.lanes
    }

    private static func verdict(
        _ item: Item, _ fresh: inout Set<UUID>, _ parkedKeys: Set<String>, _ fenced: Set<String>
    ) -> Verdict {
        // The id is taken out, so that the second of two copies in one batch is a duplicate.
        guard fresh.remove(item.id) != nil else { return .duplicate }
        guard item.isParseable else { return .parkRaw }
        // Before the fence: a message that must wait is judged when its turn comes.
        if let key = item.key, parkedKeys.contains(key) { return .parkBehind }
        if let fence = item.fence, !fence.isCompensation, fenced.contains(fence.key) { return .fenced }
        return item.fitsContract ? .run : .refuse
    }
}
