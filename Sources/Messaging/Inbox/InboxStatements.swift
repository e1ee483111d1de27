import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The statements of the consuming side.
enum InboxStatements {
    /// Records ids; returns those that were not known. In order of the ids, so that two processes that record the same
    /// ones at the same time wait for each other instead of deadlocking.
    static func record(_ ids: [UUID]) -> SQL {
        """
        INSERT INTO inbox (message_id) SELECT id FROM unnest(\(ids)::uuid[]) AS u(id) ORDER BY id
        ON CONFLICT DO NOTHING RETURNING message_id
        """
    }

    /// Forgets those of the messages that an operator has discarded since the request by which they are sent again. To be sent before
    /// ``record(_:)``. nil if no message is sent again.
    static func forgetDiscarded(_ messages: [IncomingMessage]) -> SQL? {
        let again = messages.compactMap { message in message.request.map { (id: message.id, request: $0) } }
        if again.isEmpty { return nil }
        return """
            WITH forgotten AS (
                UPDATE discarded d SET is_forgotten = true, request = again.request
                FROM unnest(\(again.map(\.id))::uuid[], \(again.map(\.request))::text[]) AS again(id, request)
                WHERE d.message_id = again.id AND NOT d.is_forgotten AND d.request IS DISTINCT FROM again.request
                RETURNING d.message_id)
            DELETE FROM inbox WHERE message_id IN (SELECT message_id FROM forgotten)
            """
    }

    /// Whether ``checks(keys:steps:)`` finds anything, which is seldom so. Must come after ``record(_:)``: that may wait for another
    /// process that handles the same messages, and what it parked must be seen. (PostgreSQL plans this once; the longer question anew
    /// each time.)
    static func mustLook(keys: [String], steps: [String]) -> SQL { "SELECT " + somethingWaits(keys: keys, steps: steps) }

    /// Those of the keys that have parked messages, and those of the steps that have a fence; the second column tells them
    /// apart.
    static func checks(keys: [String], steps: [String]) -> SQL {
        let parked: SQL = "SELECT DISTINCT partition_key, false FROM parked WHERE partition_key = ANY(\(keys)::text[])"
        if steps.isEmpty { return parked }
        return parked + " UNION ALL SELECT key, true FROM (" + FenceStatements.find(steps) + ") AS fenced"
    }

    /// ``record(_:)`` and ``checks(keys:steps:)`` in one statement, for a message by itself that belongs to no step: fails if it was
    /// known, or its key has parked messages. What parks them while this waits for another process that handles the same message is
    /// that process, and then the message is known.
    static func recordNew(_ id: UUID, key: String) -> SQL {
        """
        INSERT INTO inbox (message_id) SELECT \(id)::uuid
        WHERE CASE WHEN \(somethingWaits(keys: [key], steps: [])) THEN inbox_refuse() ELSE true END
        """
    }

    /// ``record(_:)``, which fails if any was known.
    static func recordNew(_ ids: [UUID]) -> SQL {
        // One by itself fails by the primary key: less for the server to do, and the usual case while there is little load. What fails
        // is done again with care, which finds that it is known.
        if let id = ids.first, ids.count == 1 { return "INSERT INTO inbox (message_id) VALUES (\(id))" }
        return """
            WITH recorded AS (
                INSERT INTO inbox (message_id) SELECT id FROM unnest(\(ids)::uuid[]) AS u(id) ORDER BY id
                ON CONFLICT DO NOTHING RETURNING 1)
            SELECT CASE WHEN count(*) < \(ids.count) THEN inbox_refuse() END FROM recorded
            """
    }

    /// ``checks(keys:steps:)``, which fails if there are any.
    static func checkNone(keys: [String], steps: [String]) -> SQL {
        "SELECT CASE WHEN " + somethingWaits(keys: keys, steps: steps) + " THEN inbox_refuse() END"
    }

    /// Whether a statement has refused, by ``MessageContext/refusal``, what was assumed.
    static func isRefusal(_ error: PostgresError) -> Bool {
        if error.code == .aborted, let cause = error.underlying as? PostgresError { return isRefusal(cause) }
        return error.sqlState == "MR001"
    }

    private static func somethingWaits(keys: [String], steps: [String]) -> SQL {
        let parked: SQL = "EXISTS (SELECT FROM parked WHERE partition_key = ANY(\(keys)::text[]))"
        if steps.isEmpty { return parked }
        return parked + " OR EXISTS (" + FenceStatements.find(steps) + ")"
    }

    /// Counts messages for the first time; returns those that had no count.
    static func countFirst(_ ids: [UUID], by process: UUID) -> SQL {
        """
        INSERT INTO delivery_attempts (message_id, count, counted_by)
        SELECT id, 1, \(process)::uuid FROM unnest(\(ids)::uuid[]) AS u(id) ORDER BY id
        ON CONFLICT DO NOTHING RETURNING message_id
        """
    }

    /// Counts one message more, unless this process has done so and not taken it back; returns the count.
    static func count(_ id: UUID, by process: UUID) -> SQL {
        """
        INSERT INTO delivery_attempts AS d (message_id, count, counted_by) VALUES (\(id), 1, \(process))
        ON CONFLICT (message_id) DO UPDATE SET
            count = d.count + CASE WHEN d.counted_by = excluded.counted_by THEN 0 ELSE 1 END,
            counted_by = excluded.counted_by, at = now()
        RETURNING count
        """
    }

    /// Takes back, once, what this process has counted, if it has: the answer may have been lost. Another instance may have handled a
    /// message meanwhile, or count it too.
    static func takeBackCounts(_ ids: [UUID], by process: UUID) -> [SQL] {
        [
            """
            UPDATE delivery_attempts SET count = count - 1, counted_by = NULL
            WHERE message_id = ANY(\(ids)::uuid[]) AND counted_by = \(process)
            """,
            "DELETE FROM delivery_attempts WHERE message_id = ANY(\(ids)::uuid[]) AND count <= 0",
        ]
    }

    /// Forgets the counts of messages that are handled.
    static func clearCounts(_ ids: [UUID]) -> SQL {
        "DELETE FROM delivery_attempts WHERE message_id = ANY(\(ids)::uuid[])"
    }
}
