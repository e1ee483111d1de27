import Postgres

/// The statements about fences: a step that was compensated has one, and its command is not run any more.
///
/// A fence is put up by the compensation's transaction, and is looked for by the step's. Between the two there would be a gap, in which
/// a step runs beside its compensation and commits after it. Therefore both lock the step first (``lock(_:)``), in a statement of its
/// own: what comes after it sees what the other has committed.
enum FenceStatements {
    /// So many locks there are in a schema, which bounds what a batch takes of the server's lock table. Steps that share one wait for
    /// each other's compensations without need.
    private static let locks: Int32 = 1024

    /// The first half of a lock's name, for all of a schema.
    private static let space: SQL = "hashtext('millrace.fence.' || current_schema())"

    /// The second half.
    private static func number(_ key: SQL) -> SQL { "hashtext(" + key + ") & (\(locks)::int - 1)" }

    /// Locks steps until the end of the transaction: one that is to be run against its compensation, one that is to be compensated
    /// against everybody. In order, so that two batches wait for each other instead of deadlocking. nil for no steps.
    static func lock(_ marks: [FenceMark]) -> SQL? {
        if marks.isEmpty { return nil }
        // For one by itself, with less for the server to do.
        if let mark = marks.first, marks.count == 1 {
            let lock: SQL = mark.isCompensation ? "pg_advisory_xact_lock" : "pg_advisory_xact_lock_shared"
            return "SELECT " + lock + "(" + space + ", " + number("\(mark.key)") + ")"
        }
        return """
            SELECT count(CASE WHEN is_compensated
                         THEN pg_advisory_xact_lock(\(space), number)::text
                         ELSE pg_advisory_xact_lock_shared(\(space), number)::text END)
            FROM (SELECT \(number("key")) AS number, bool_or(is_compensation) AS is_compensated
                  FROM unnest(\(marks.map(\.key))::text[], \(marks.map(\.isCompensation))::bool[]) AS marks(key, is_compensation)
                  GROUP BY 1 ORDER BY 1) AS steps
            """
    }

    /// Those of the steps that have a fence.
    static func find(_ steps: [String]) -> SQL { "SELECT key FROM fences WHERE key = ANY(\(steps)::text[])" }

    /// Puts up fences.
    static func add(_ steps: [String]) -> SQL {
        "INSERT INTO fences (key) SELECT DISTINCT key FROM unnest(\(steps)::text[]) AS u(key) ON CONFLICT DO NOTHING"
    }
}
