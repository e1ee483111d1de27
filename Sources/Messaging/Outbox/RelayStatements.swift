import Postgres

/// The statements of the relay.
enum RelayStatements {
    /// Two numbers that name this schema's outbox: the key of the advisory lock, and what the channel is called after.
    static let identity: SQL = """
        SELECT hashtextextended('millrace.outbox.' || current_schema(), 0),
               'millrace_outbox_' || md5(current_schema()) AS channel
        """

    static func tryLock(_ key: Int64) -> SQL { "SELECT pg_try_advisory_lock(\(key)::bigint)" }

    static func notify(_ channel: String) -> SQL { "SELECT pg_notify(\(channel)::text, '')" }

    /// A row that is deleted twice is no harm, and a deletion that is lost publishes a duplicate, which receivers know:
    /// the relay need not wait for the disk.
    static let relaxed: SQL = "SET synchronous_commit = off"

    static func delete(_ ids: [Int64]) -> SQL { "DELETE FROM outbox WHERE id = ANY(\(ids)::bigint[])" }

    static func refuse(_ refused: [RelayLedger.Refused], delays: [Double]) -> SQL {
        let reasons = refused.map { FailureDescription.cleaned($0.reason, limit: 1_000) }
        return """
            UPDATE outbox o SET attempts = r.attempts, last_error = r.reason,
                retry_at = now() + r.delay * interval '1 second'
            FROM unnest(\(refused.map(\.id))::bigint[], \(refused.map { Int32($0.attempts) })::int[],
                        \(reasons)::text[], \(delays)::float8[]) AS r(id, attempts, reason, delay)
            WHERE o.id = r.id
            """
    }

    static let hasRefused: SQL = "SELECT EXISTS (SELECT 1 FROM outbox WHERE retry_at IS NOT NULL)"

    /// The next rows in order. What is visible and there is unsent: there is no cursor that a late commit could be behind.
    ///
    /// Each row has in front of it what the read could see, see ``RelayFeed/Horizon``, and the last number given to an event;
    /// if there are none, that comes alone. It is one statement, so that all of it is of one moment.
    ///
    /// - Parameter bound: whether the read is to have a transaction id of its own.
    static func next(_ limit: Int, source: String, bound: Bool) -> SQL {
        """
        SELECT \(seen(source, bound: bound)), o.*
        FROM (SELECT) AS one LEFT JOIN (SELECT \(columns) FROM outbox ORDER BY id LIMIT \(limit)) AS o ON true
        ORDER BY o.id
        """
    }

    /// The next rows while some have been refused: those wait for their time, and the rows of their keys behind them.
    static func nextBehindRefused(_ limit: Int, source: String, bound: Bool) -> SQL {
        """
        SELECT \(seen(source, bound: bound)), o.*
        FROM (SELECT) AS one LEFT JOIN (
            SELECT \(columns) FROM outbox o
            WHERE (o.retry_at IS NULL OR o.retry_at <= now()) AND NOT EXISTS (
                SELECT 1 FROM outbox b
                WHERE b.partition_key = o.partition_key AND b.id < o.id AND b.retry_at IS NOT NULL)
            ORDER BY o.id LIMIT \(limit)) AS o ON true
        ORDER BY o.id
        """
    }

    /// `pg_snapshot_xmax` is no such bound: it is behind the last transaction that has ended, not behind the last that has begun.
    private static func seen(_ source: String, bound: Bool) -> SQL {
        let own: SQL = bound ? "pg_current_xact_id()::text::bigint" : "NULL::bigint"
        return """
            pg_snapshot_xmin(pg_current_snapshot())::text::bigint, \(own),
            coalesce((SELECT last FROM outbox_sequence WHERE source = \(source)), 0)
            """
    }

    private static let columns: SQL = "id, message_id, exchange, routing_key, partition_key, payload, sequence, attempts"
}
