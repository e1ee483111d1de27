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

    /// Whether ``checks(keys:steps:)`` finds anything, which is seldom so. Must come after ``record(_:)``: that may wait for another
    /// process that handles the same messages, and what it parked must be seen. (PostgreSQL plans this once; the longer question anew
    /// each time.)
    static func mustLook(keys: [String], steps: [String]) -> SQL { "SELECT " + somethingWaits(keys: keys, steps: steps) }

    /// Those of the keys that have parked messages, and those of the steps that have a fence; the second column tells them
    /// apart.
    static func checks(keys: [String], steps: [String]) -> SQL {
        let parked: SQL = "SELECT DISTINCT partition_key, false FROM parked WHERE partition_key = ANY(\(keys)::text[])"
        if steps.isEmpty { return parked }
        return parked + " UNION ALL SELECT key, true FROM fences WHERE key = ANY(\(steps)::text[])"
    }

    /// ``record(_:)``, which fails if any was known.
    static func recordNew(_ ids: [UUID]) -> SQL {
        """
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

    private static func somethingWaits(keys: [String], steps: [String]) -> SQL {
        let parked: SQL = "EXISTS (SELECT FROM parked WHERE partition_key = ANY(\(keys)::text[]))"
        if steps.isEmpty { return parked }
        return parked + " OR EXISTS (SELECT FROM fences WHERE key = ANY(\(steps)::text[]))"
    }

    /// Those of the steps that have a fence.
    static func fences(_ keys: [String]) -> SQL { "SELECT key FROM fences WHERE key = ANY(\(keys)::text[])" }

    /// Puts up fences.
    static func addFences(_ keys: [String]) -> SQL {
        "INSERT INTO fences (key) SELECT DISTINCT key FROM unnest(\(keys)::text[]) AS u(key) ON CONFLICT DO NOTHING"
    }

    /// Counts messages for the first time; returns those that had no count.
    static func countFirst(_ ids: [UUID]) -> SQL {
        """
        INSERT INTO delivery_attempts (message_id, count) SELECT id, 1 FROM unnest(\(ids)::uuid[]) AS u(id) ORDER BY id
        ON CONFLICT DO NOTHING RETURNING message_id
        """
    }

    /// Counts one message more; returns the count.
    static func count(_ id: UUID) -> SQL {
        """
        INSERT INTO delivery_attempts AS d (message_id, count) VALUES (\(id), 1)
        ON CONFLICT (message_id) DO UPDATE SET count = d.count + 1, at = now() RETURNING count
        """
    }

    /// Takes one count of each message back. Another instance may have handled it meanwhile, or count it too.
    static func takeBackCounts(_ ids: [UUID]) -> [SQL] {
        [
            "UPDATE delivery_attempts SET count = count - 1 WHERE message_id = ANY(\(ids)::uuid[])",
            "DELETE FROM delivery_attempts WHERE message_id = ANY(\(ids)::uuid[]) AND count <= 0",
        ]
    }

    /// Forgets the counts of messages that are handled.
    static func clearCounts(_ ids: [UUID]) -> SQL {
        "DELETE FROM delivery_attempts WHERE message_id = ANY(\(ids)::uuid[])"
    }
}
