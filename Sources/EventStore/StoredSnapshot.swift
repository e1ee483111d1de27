import Contracts
import Postgres

/// A state at a version of its stream.
struct StoredSnapshot: Sendable {
    var stream: String
    var version: Int
    var state: [UInt8]
}

extension EventStore {
    /// Events and snapshots of many streams, each with the events after its snapshot only, in one round trip.
    static func loadWithSnapshots(
        _ streams: [String], stateVersion: Int, in db: some PostgresExecutor
    ) async throws -> (events: [String: [StoredEvent]], snapshots: [String: StoredSnapshot]) {
        guard !streams.isEmpty else { return ([:], [:]) }
        let result = try await db.execute(
            """
            WITH taken AS MATERIALIZED (
                SELECT stream, version, state, recorded_at FROM snapshots
                WHERE stream = ANY(\(streams)) AND state_version = \(Int32(stateVersion))
            )
            SELECT stream, version, '00000000-0000-0000-0000-000000000000'::uuid, ''::text, 0::int, state, '{}'::json, recorded_at
            FROM taken
            UNION ALL
            SELECT e.stream, e.version, e.id, e.type, e.schema_version, e.data, e.metadata, e.recorded_at
            FROM events e LEFT JOIN taken t ON t.stream = e.stream
            WHERE e.stream = ANY(\(streams)) AND e.version > coalesce(t.version, 0)
            ORDER BY 1, 2
            """)
        var events: [String: [StoredEvent]] = [:]
        var snapshots: [String: StoredSnapshot] = [:]
        for row in result {
            let event = try StoredEvent(row)
            if event.schemaVersion == 0 {
                snapshots[event.stream] = StoredSnapshot(stream: event.stream, version: event.version, state: event.data)
            } else {
                events[event.stream, default: []].append(event)
            }
        }
        return (events, snapshots)
    }

    /// Stores a snapshot unless there is a newer one of the same kind; sent along with whatever comes next.
    static func enqueueSnapshot(_ snapshot: StoredSnapshot, stateVersion: Int, in db: PostgresTransaction) throws {
        db.enqueue(
            """
            INSERT INTO snapshots (stream, version, state_version, state)
            VALUES (\(snapshot.stream), \(Int32(snapshot.version)), \(Int32(stateVersion)),
                \(String(decoding: snapshot.state, as: UTF8.self))::text::json)
            ON CONFLICT (stream) DO UPDATE
            SET version = excluded.version, state_version = excluded.state_version, state = excluded.state, recorded_at = now()
            WHERE snapshots.version < excluded.version OR snapshots.state_version <> excluded.state_version
            """)
    }
}
