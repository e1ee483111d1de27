import Contracts
import Messaging
public import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Streams of events in the tables of ``EventStoreSchema``. For aggregates see ``AggregateRepository``.
///
/// All methods run in the transaction that they are given; nothing is stored until it commits.
public enum EventStore {
    /// Adds events to a stream, all or none, if nobody else has written to it since it was read.
    ///
    /// One round trip; calls for different streams made at the same time share it. After a conflict the transaction
    /// can go on.
    ///
    /// - Parameters:
    ///   - stream: not empty.
    ///   - expected: the version of the last event that the writer knows, 0 for a new stream.
    /// - Returns: the new version of the stream.
    /// - Throws: ``EventStoreError`` `.conflict` with both versions; `PostgresError`.
    @discardableResult
    public static func append(
        _ events: [NewEvent], to stream: String, expected: Int, metadata: EventMetadata = EventMetadata(),
        in db: PostgresTransaction
    ) async throws -> Int {
        guard !stream.isEmpty, expected >= 0, expected <= Int(Int32.max) - events.count else {
            throw EventStoreError(.usage, "a stream needs a name and a version from 0")
        }
        guard !events.isEmpty else { return expected }
        let insert = try insertion(events, stream: stream, expected: expected, metadata: metadata)
        let stored = try await db.execute(insert).affectedRows
        guard stored == events.count else {
            throw try await conflict(events, stream: stream, expected: expected, stored: stored, in: db)
        }
        return expected + events.count
    }

    /// The same in an eager run of a handler: nothing is awaited, and a conflict refuses the run.
    static func appendEagerly(
        _ events: [NewEvent], to stream: String, expected: Int, metadata: EventMetadata, in context: MessageContext
    ) throws -> Int {
        guard expected <= Int(Int32.max) - events.count else { throw EventStoreError(.usage, "the stream is full") }
        let insert = try insertion(events, stream: stream, expected: expected, metadata: metadata)
        context.db.enqueue(
            "WITH stored AS (" + insert + " RETURNING 1) SELECT CASE WHEN count(*) < \(events.count) THEN " + MessageContext.refusal
                + " END FROM stored")
        return expected + events.count
    }

    /// Refuses what a handler does on the assumption that a stream is as long as it was.
    static func expect(_ version: Int, of stream: String, in context: MessageContext) {
        context.db.enqueue(
            """
            SELECT CASE WHEN coalesce(max(version), 0) <> \(Int32(clamping: version)) THEN \(MessageContext.refusal) END
            FROM events WHERE stream = \(stream)
            """)
    }

    /// The events of a stream, oldest first.
    /// - Parameter after: only those with a higher version.
    public static func load(
        _ stream: String, after: Int = 0, in db: some PostgresExecutor
    ) async throws -> [StoredEvent] {
        let result = try await db.execute(
            """
            SELECT stream, version, id, type, schema_version, data, metadata, recorded_at FROM events
            WHERE stream = \(stream) AND version > \(after) ORDER BY version
            """)
        return try result.map { try StoredEvent($0) }
    }

    /// The events of many streams in one round trip, oldest first. Streams without events are not in the result.
    public static func load(_ streams: [String], in db: some PostgresExecutor) async throws -> [String: [StoredEvent]] {
        guard !streams.isEmpty else { return [:] }
        let result = try await db.execute(
            """
            SELECT stream, version, id, type, schema_version, data, metadata, recorded_at FROM events
            WHERE stream = ANY(\(streams)) ORDER BY stream, version
            """)
        return Dictionary(grouping: try result.map { try StoredEvent($0) }, by: \.stream)
    }

    /// The names of streams, in order, for walking over all of them page by page.
    ///
    /// - Parameters:
    ///   - prefix: what they begin with: `order-`.
    ///   - after: the last name of the page before.
    ///   - limit: the most names of a page.
    public static func streams(
        prefix: String, after: String = "", limit: Int = 500, in db: some PostgresExecutor
    ) async throws -> [String] {
        // Each event 1 is one stream; the comparison in bytes uses no other order than the prefix itself has.
        let result = try await db.execute(
            """
            SELECT stream FROM events
            WHERE version = 1 AND starts_with(stream, \(prefix)) AND stream > \(after) ORDER BY stream LIMIT \(limit)
            """)
        return try result.map { try $0.decode(String.self, at: 0) }
    }

    // MARK: Inside

    /// The version is looked at in the statement itself. Should another transaction append between that look and the
    /// insert, the primary key stops it, and ON CONFLICT keeps this transaction usable.
    private static func insertion(
        _ events: [NewEvent], stream: String, expected: Int, metadata: EventMetadata
    ) throws -> SQL {
        let metadata = String(decoding: try ContractJSON.encode(metadata), as: UTF8.self)
        if events.count == 1 {
            let event = events[0]
            return """
                INSERT INTO events (stream, version, id, type, schema_version, data, metadata)
                SELECT \(stream)::text, \(Int32(expected + 1))::int, \(event.id)::uuid, \(event.type)::text,
                    \(Int32(event.schemaVersion))::int, \(String(decoding: event.data, as: UTF8.self))::text::json,
                    \(metadata)::text::json
                WHERE \(Int32(expected))::int = coalesce((SELECT max(version) FROM events WHERE stream = \(stream)::text), 0)
                ON CONFLICT (stream, version) DO NOTHING
                """
        }
        return """
            INSERT INTO events (stream, version, id, type, schema_version, data, metadata)
            SELECT \(stream)::text, \(Int32(expected))::int + n::int, id, type, schema_version, data::json, \(metadata)::text::json
            FROM unnest(\(events.map(\.id))::uuid[], \(events.map(\.type))::text[],
                \(events.map { Int32($0.schemaVersion) })::int[],
                \(events.map { String(decoding: $0.data, as: UTF8.self) })::text[])
                WITH ORDINALITY AS new (id, type, schema_version, data, n)
            WHERE \(Int32(expected))::int = coalesce((SELECT max(version) FROM events WHERE stream = \(stream)::text), 0)
            ON CONFLICT (stream, version) DO NOTHING
            """
    }

    /// Takes back what a lost race has left, and finds the version that the stream has.
    private static func conflict(
        _ events: [NewEvent], stream: String, expected: Int, stored: Int, in db: PostgresTransaction
    ) async throws -> EventStoreError {
        if stored > 0 {
            // The winner has written fewer events than these: the ones behind its last went in.
            try await db.execute("DELETE FROM events WHERE stream = \(stream) AND id = ANY(\(events.map(\.id)))")
        }
        let result = try await db.execute(
            "SELECT coalesce(max(version), 0)::int8 FROM events WHERE stream = \(stream)")
        let actual = try result.first?.decode(Int.self, at: 0) ?? 0
        return .conflict(stream: stream, expected: expected, actual: actual)
    }
}

extension StoredEvent {
    init(_ row: PostgresRow) throws {
        let (stream, version, id, type, schemaVersion, data, metadata, recordedAt) = try row.decode(
            String.self, Int32.self, UUID.self, String.self, Int32.self, PostgresJSON.self, PostgresJSON.self, Date.self)
        self.init(
            stream: stream, version: Int(version), id: id, type: type, schemaVersion: Int(schemaVersion),
            data: data.bytes, metadata: try ContractJSON.decode(EventMetadata.self, from: metadata.bytes),
            recordedAt: recordedAt)
    }
}
