import ContractFiles
import Contracts
import Foundation
import Journal
import Postgres

/// Reads topics from the journal: what was recorded since a time, then what is recorded from now on.
struct JournalTail {
    let postgres: PostgresClient
    let schema: String
    let selection: TopicSelection

    /// How often the journal is asked for more.
    private static let pause: Duration = .milliseconds(200)

    private var reader: JournalReader { JournalReader(postgres: postgres) }
    /// The worker that records; its name stands in the database's list of connections.
    private var worker: String { schema.replacingOccurrences(of: "_", with: "-") }

    /// Hands over each entry until `body` returns false or the task is cancelled. Goes on after a lost connection, where it was.
    /// - Throws: ``Failed`` when there is no journal; `PostgresError` when the database cannot be reached at the start.
    func forEach(since start: JournalReader.Start, _ body: (JournalEntry) -> Bool) async throws {
        guard try await reader.exists() else {
            throw Failed(
                "there is no journal in this database: no table \(schema).entries\n"
                    + "the worker `journal` records it, from its first start on: `millrace up` starts it with the others, "
                    + "`millrace worker run journal --prepare` alone")
        }
        let topics = Array(Set(selection.sources.map(\.exchange)))
        for topic in topics where !selection.known.contains(topic) {
            guard try await reader.knows(topic: topic) else {
                throw Failed(
                    "the topic \(topic) has no contract here, and the journal has nothing of it; `millrace topics list` shows what there is"
                )
            }
        }
        try await warnIfNobodyRecords()
        var position = try await reader.position(before: start)
        var isLost = false
        do {
            while true {
                do {
                    let page = try await reader.page(after: position, topics: topics)
                    if isLost { Console.shared.say("connected again") }
                    isLost = false
                    for entry in page.entries where isMeant(entry) {
                        try Task.checkCancellation()
                        guard body(entry) else { return }
                    }
                    position = page.end
                    if page.isLast { try await Task.sleep(for: Self.pause) }
                } catch let error as PostgresError where error.isConnectionFailure || error.code == .poolTimeout {
                    if !isLost { Console.shared.warn("the connection to the database is lost; trying again …") }
                    isLost = true
                    try await Task.sleep(for: Self.pause)
                }
            }
        } catch is CancellationError {
        } catch let error as PostgresError where error.code == .cancelled {}
    }

    /// As the broker would have routed it: by one of the patterns over the types of its topic.
    private func isMeant(_ entry: JournalEntry) -> Bool {
        selection.sources.contains { $0.exchange == entry.topic && TopicSelection.matches(entry.type, pattern: $0.routingKey) }
    }

    private func warnIfNobodyRecords() async throws {
        let rows = try await postgres.execute(
            "SELECT FROM pg_stat_activity WHERE application_name = \("millrace/" + worker) AND datname = current_database()")
        if rows.isEmpty {
            Console.shared.warn("the worker `\(worker)` is not connected to this database: until it runs nothing new is recorded")
        }
    }
}
