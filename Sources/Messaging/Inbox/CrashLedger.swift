#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// Finds the message that kills the process, without suspecting those that were delivered beside it. Pure.
///
/// A message that the broker delivers again may have been running when the process died. The first time it is counted
/// together with the others and run in their batch. If it comes again with a count, it is a suspect: it runs alone, and is
/// counted again just before; in the whole process there is one such run at a time (``SingleFile``). So only a message that was
/// running by itself when the process died gets a higher count.
/// Every count is taken back in the transaction that ends the message's handling. At the limit it is parked unseen.
///
/// What it has counted, or may have when the answer was lost, a process takes back before it consumes again: who lives was not killed.
package struct CrashLedger: Sendable {
    /// A part of a batch, in order.
    package enum Segment: Sendable, Hashable {
        /// These run in one transaction.
        case together(Range<Int>)
        /// This one runs alone, after ``mustCount(_:)`` was asked.
        case alone(Int)
    }

    /// What this process has counted for the batch at hand. It has survived since, so running the batch again, after the
    /// database was away, is no reason to count again.
    private var counted: Set<UUID> = []
    private var suspects: Set<UUID> = []
    /// Whose counts were asked for. If the answer was lost, they may have been counted.
    private var asked: Set<UUID> = []
    private let limit: Int

    /// Makes a ledger for one batch.
    ///
    /// - Parameter limit: the count at which a message is not run any more, at least 1.
    package init(limit: Int) { self.limit = max(1, limit) }

    /// The messages whose counts must be asked for before the batch is run.
    package mutating func toCount(_ items: [(id: UUID, redelivered: Bool)]) -> [UUID] {
        var seen: Set<UUID> = []
        let unknown = items.compactMap { item in
            item.redelivered && !counted.contains(item.id) && !suspects.contains(item.id) && seen.insert(item.id).inserted
                ? item.id : nil
        }
        asked.formUnion(unknown)
        return unknown
    }

    /// Takes the answer: which of those asked for were counted for the first time. The others had a count already.
    package mutating func counted(first: Set<UUID>, of asked: [UUID]) {
        for id in asked {
            if first.contains(id) { counted.insert(id) } else { suspects.insert(id) }
        }
    }

    /// How to run the batch.
    package func segments(_ ids: [UUID]) -> [Segment] {
        guard !suspects.isEmpty else { return ids.isEmpty ? [] : [.together(0..<ids.count)] }
        var segments: [Segment] = []
        var start = 0
        for (index, id) in ids.enumerated() where suspects.contains(id) {
            if start < index { segments.append(.together(start..<index)) }
            segments.append(.alone(index))
            start = index + 1
        }
        if start < ids.count { segments.append(.together(start..<ids.count)) }
        return segments
    }

    /// Whether a suspect must be counted before this run of it.
    package func mustCount(_ id: UUID) -> Bool { !counted.contains(id) }

    /// A suspect was counted.
    ///
    /// - Returns: whether it may run; if not it must be parked.
    package mutating func counted(_ id: UUID, as count: Int) -> Bool {
        counted.insert(id)
        return count < limit
    }

    /// What was counted, or may have been, and is to be taken back by a process that has given the messages back to the broker: it
    /// lives, so their next run is no second one after a death.
    package var owed: [UUID] { Array(asked) }

    /// The messages whose counts the handling must take back.
    package func toClear(_ ids: some Sequence<UUID>) -> [UUID] {
        asked.isEmpty ? [] : ids.filter(asked.contains)
    }
}
