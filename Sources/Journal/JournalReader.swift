public import Postgres

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Reads the journal in its order, a page at a time.
///
/// Whoever reads on from where the last page ended gets every entry once, also those that are recorded meanwhile: positions become
/// visible in their order, see ``JournalSchema``.
public struct JournalReader: Sendable {
    /// Where to begin.
    public enum Start: Sendable, Equatable {
        /// With what was recorded in this time until now, on the database's clock.
        case ago(Duration)
        /// With what was recorded at this time or later.
        case time(Date)
    }

    /// Some entries, and how far the journal has been read with them.
    public struct Page: Sendable {
        /// In the order of their positions.
        public let entries: [JournalEntry]
        /// The position that the next page follows.
        public let end: Int64
        /// Whether the journal had nothing more.
        public let isLast: Bool
    }

    private let postgres: PostgresClient

    /// Makes a reader.
    ///
    /// - Parameter postgres: a client whose search path is the schema of the journal.
    public init(postgres: PostgresClient) { self.postgres = postgres }

    /// Whether the journal's tables are there.
    ///
    /// - Throws: `PostgresError`.
    public func exists() async throws -> Bool {
        try await postgres.execute("SELECT to_regclass('entries') IS NOT NULL").first?.decode(Bool.self, at: 0) ?? false
    }

    /// Whether an event of a topic was ever recorded.
    ///
    /// - Throws: `PostgresError`.
    public func knows(topic: String) async throws -> Bool {
        try await !postgres.execute("SELECT FROM entries WHERE topic = \(topic) LIMIT 1").isEmpty
    }

    /// The position that the first wanted entry follows; the last position if nothing was recorded since.
    ///
    /// - Throws: `PostgresError`.
    public func position(before start: Start) async throws -> Int64 {
        let time: SQL =
            switch start {
            case .ago(let duration): "clock_timestamp() - \(Double(duration.components.seconds))::float8 * interval '1 second'"
            case .time(let time): "\(time)::timestamptz"
            }
        // The time is a row of its own, so that it is one value, which the index can find.
        let row = try await postgres.execute(
            "SELECT coalesce((SELECT position - 1 FROM entries WHERE recorded_at >= (SELECT " + time + """
                ) ORDER BY recorded_at, position LIMIT 1), (SELECT max(position) FROM entries), 0)
                """
        ).first
        return try row?.decode(Int64.self, at: 0) ?? 0
    }

    /// The entries of some topics that follow a position.
    ///
    /// - Parameters:
    ///   - limit: at most so many, at least 1.
    /// - Throws: `PostgresError`.
    public func page(after position: Int64, topics: [String], limit: Int = 200) async throws -> Page {
        let last = try await postgres.execute("SELECT coalesce(max(position), 0) FROM entries").first?.decode(Int64.self, at: 0) ?? 0
        guard last > position else { return Page(entries: [], end: position, isLast: true) }
        // Of each topic the index gives the next ones in order, however rare they are; the bodies are fetched for those that are first.
        let rows = try await postgres.execute(
            "SELECT " + JournalEntry.columns + """
                 FROM entries e JOIN (
                    SELECT n.position FROM unnest(\(topics)::text[]) AS t(topic) CROSS JOIN LATERAL (
                        SELECT i.position FROM entries i
                        WHERE i.topic = t.topic AND i.position > \(position) AND i.position <= \(last)
                        ORDER BY i.position LIMIT \(limit)) n
                    ORDER BY n.position LIMIT \(limit)) f ON f.position = e.position
                ORDER BY e.position
                """)
        let entries = try rows.map { try JournalEntry($0) }
        let isFull = entries.count >= limit
        return Page(entries: entries, end: isFull ? entries.last?.position ?? last : last, isLast: !isFull)
    }
}
