#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How often the messages of a batch have failed by themselves.
///
/// A run counts against the message whose handler threw in it. The others of its batch are rolled back with it, and run again as if
/// they had never been: nothing was wrong with them.
struct FailedRuns: Sendable {
    private var counts: [UUID: Int] = [:]

    /// How many runs have failed.
    func count(of id: UUID) -> Int { counts[id] ?? 0 }

    /// Which run the next one is, counted from 1.
    func nextAttempt(of id: UUID) -> Int { count(of: id) + 1 }

    /// Counts a run of these messages in one transaction. What failed with one message alone is its own, also if that came out only at
    /// the commit.
    mutating func count(_ error: any Error, of messages: [IncomingMessage]) {
        if messages.count == 1 {
            counts[messages[0].id, default: 0] += 1
        } else if let failure = error as? HandlerFailure {
            for id in failure.thrown { counts[id, default: 0] += 1 }
        }
    }
}
