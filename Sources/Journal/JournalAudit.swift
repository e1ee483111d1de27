public import Postgres

/// What must be true of the journal, as numbers.
public enum JournalAudit {
    /// Counts, by reading every entry:
    ///
    /// | key | what |
    /// |---|---|
    /// | `entries` | how many there are |
    /// | `positions.missing` | positions up to the last that no entry has; 0 unless somebody has tampered |
    /// | `numbered` | entries whose source numbers its events |
    /// | `gaps` | events between the first and the last of their source that were not recorded |
    /// | `earlier` | events that their source had numbered before the first that was recorded |
    ///
    /// - Throws: `PostgresError`.
    public static func counts(_ db: any PostgresExecutor) async throws -> [String: Int] {
        try await db.queryOne(
            """
            SELECT (SELECT count(*) FROM entries) AS entries,
                (SELECT coalesce(max(position), 0) - count(*) FROM entries) AS "positions.missing",
                (SELECT count(sequence) FROM entries) AS numbered,
                least(coalesce(sum(s.last - s.first + 1 - s.count), 0), \(Int64.max))::bigint AS gaps,
                least(coalesce(sum(s.first - 1), 0), \(Int64.max))::bigint AS earlier
            FROM (
                SELECT min(sequence) AS first, max(sequence) AS last, count(DISTINCT sequence) AS count
                FROM entries WHERE sequence > 0 GROUP BY source) s
            """,
            as: [String: Int].self) ?? [:]
    }
}
