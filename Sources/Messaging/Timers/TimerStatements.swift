import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The statements around the table `timers`.
enum TimerStatements {
    /// Sends what handlers said about timers. Of several calls for one timer the last counts.
    static func write(_ changes: [(id: UUID, entry: TimerEntry?)], to transaction: PostgresTransaction) {
        var last: [UUID: Int] = [:]
        for (index, change) in changes.enumerated() { last[change.id] = index }
        var cancelled: [UUID] = []
        var entries: [TimerEntry] = []
        for (index, change) in changes.enumerated() where last[change.id] == index {
            if let entry = change.entry { entries.append(entry) } else { cancelled.append(change.id) }
        }
        if !cancelled.isEmpty { transaction.enqueue("DELETE FROM timers WHERE id = ANY(\(cancelled)::uuid[])") }
        if !entries.isEmpty { transaction.enqueue(insert(entries)) }
    }

    private static func insert(_ entries: [TimerEntry]) -> SQL {
        """
        INSERT INTO timers (id, kind, partition_key, due_at, payload, correlation_id, causation_id, traceparent)
        SELECT t.id, t.kind, t.key, clock_timestamp() + t.after * interval '1 second', t.payload, t.correlation,
               t.causation, t.trace
        FROM unnest(\(entries.map(\.id))::uuid[], \(entries.map(\.kind))::text[], \(entries.map(\.key))::text[],
                    \(entries.map(\.after.seconds))::float8[], \(entries.map(\.payload))::bytea[],
                    \(entries.map(\.correlationID))::uuid[], \(entries.map(\.causationID))::uuid[],
                    \(entries.map(\.traceparent))::text[])
             AS t(id, kind, key, after, payload, correlation, causation, trace)
        ON CONFLICT (id) DO UPDATE SET
            kind = excluded.kind, partition_key = excluded.partition_key, due_at = excluded.due_at,
            payload = excluded.payload, correlation_id = excluded.correlation_id, causation_id = excluded.causation_id,
            traceparent = excluded.traceparent, attempts = 0, crashes = 0, counted_by = NULL, claim = NULL, last_error = NULL
        """
    }

    /// Takes the timers that are due; for `lease` nobody else takes them. They are counted the first time; the last column says
    /// which have a count already, which is that of another process.
    static func claim(_ claim: UUID, limit: Int, lease: Duration, by process: UUID) -> SQL {
        """
        UPDATE timers t SET crashes = greatest(t.crashes, 1), claim = \(claim),
            counted_by = CASE WHEN due.is_suspect THEN t.counted_by ELSE \(process) END,
            due_at = clock_timestamp() + \(lease.seconds)::float8 * interval '1 second'
        FROM (SELECT id, due_at, crashes > 0 AS is_suspect FROM timers WHERE due_at <= now()
              ORDER BY due_at, id LIMIT \(limit) FOR UPDATE SKIP LOCKED) due
        WHERE t.id = due.id
        RETURNING t.id, t.kind, t.partition_key, due.due_at, t.payload, t.correlation_id, t.causation_id,
                  t.traceparent, t.attempts, t.claim, due.is_suspect
        """
    }

    /// Counts a suspect that was claimed, and renews its lease; returns the count, or nothing if it is not to be run any more.
    static func count(_ timer: DueTimer, lease: Duration, by process: UUID) -> SQL {
        """
        UPDATE timers SET crashes = crashes + 1, counted_by = \(process),
            due_at = clock_timestamp() + \(lease.seconds)::float8 * interval '1 second'
        WHERE id = \(timer.id) AND claim = \(timer.claim)
        RETURNING crashes
        """
    }

    /// Takes back whatever this process has counted, when nothing of it runs; it is due again.
    static func takeBackCounts(by process: UUID) -> SQL {
        """
        UPDATE timers SET crashes = crashes - 1, counted_by = NULL, claim = NULL, due_at = now() WHERE counted_by = \(process)
        """
    }

    /// Removes timers that were claimed, in the transaction that runs them; returns those that were still there. One
    /// that was cancelled or set anew meanwhile is not, and must not be run.
    static func take(_ timers: [DueTimer]) -> SQL {
        """
        DELETE FROM timers t USING unnest(\(timers.map(\.id))::uuid[], \(timers.map(\.claim))::uuid[]) AS c(id, claim)
        WHERE t.id = c.id AND t.claim = c.claim RETURNING t.id
        """
    }

    /// Seconds until the next timer is due; null when there is none.
    static let untilNext: SQL = "SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 FROM timers"
}
