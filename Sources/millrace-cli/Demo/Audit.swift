/// The counts that the workers' `audit` commands have returned, by worker.
package struct Audit: Sendable, Codable, Equatable {
    package var workers: [String: [String: Int]]

    package init(workers: [String: [String: Int]]) { self.workers = workers }

    /// One count of one worker; nil if that worker or count is missing, which never counts as zero.
    package func count(_ worker: String, _ key: String) -> Int? { workers[worker]?[key] }

    /// The sum of a count that every worker has to have; nil if one has not.
    package func sum(_ key: String) -> Int? {
        var sum = 0
        for counts in workers.values {
            guard let count = counts[key] else { return nil }
            sum += count
        }
        return workers.isEmpty ? nil : sum
    }

    /// Whether nothing is under way any more.
    package var isQuiet: Bool {
        sum("outbox.unsent") == 0 && sum("parked") == 0 && count("edge", "commands.pending") == 0
            && count("checkout", "sagas.unfinished") == 0 && count("orders", "orders.open") == 0
            && count("edge", "orders.accepted") == count("checkout", "sagas.total") && !isJournalBehind
    }

    /// Whether the journal, if its worker runs, does not have every event yet.
    private var isJournalBehind: Bool { workers["journal"] != nil && count("journal", "numbered") != sum("events.published") }

    /// A number that changes as long as anything moves.
    package var motion: Int {
        (sum("inbox.handled") ?? 0) &+ (sum("outbox.unsent") ?? 0) &* 31 &+ (sum("parked") ?? 0) &* 131
    }
}
