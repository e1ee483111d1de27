import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An event that is to be recorded: what is asked for by columns, and the bytes, which alone are the truth.
struct JournalRecord: Sendable {
    let envelope: Envelope
    let topic: String
    let body: [UInt8]

    /// Records events, in their order. An event that the journal has, from whatever time, is left out. Texts that the database cannot
    /// store are changed in the columns; the body has them.
    ///
    /// Who records at the same time waits at the row of the sequencer for the other's end. If both have one event, which the inbox
    /// prevents as long as it remembers, the second fails by its id, and finds it recorded when it tries again. Without the row of
    /// the sequencer there is no position, which fails too.
    static func insert(_ records: [JournalRecord]) -> SQL {
        let ids = records.map(\.envelope.id)
        let topics = records.map { $0.topic.storable }
        let types = records.map { $0.envelope.type.storable }
        let sources = records.map { $0.envelope.source.storable }
        let subjects = records.map { $0.envelope.subject?.storable }
        let keys = records.map { $0.envelope.partitionKey?.storable }
        let sequences = records.map(\.envelope.sequence)
        let times = records.map(\.envelope.time)
        let bodies = records.map(\.body)
        return """
            WITH fresh AS MATERIALIZED (
                SELECT d.*, row_number() OVER (ORDER BY d.place) AS number
                FROM unnest(\(ids)::uuid[], \(topics)::text[], \(types)::text[], \(sources)::text[], \(subjects)::text[],
                            \(keys)::text[], \(sequences)::bigint[], \(times)::timestamptz[], \(bodies)::bytea[])
                     WITH ORDINALITY
                     AS d(event_id, topic, type, source, subject, partition_key, sequence, event_time, body, place)
                WHERE NOT EXISTS (SELECT FROM entries e WHERE e.event_id = d.event_id)
            ), counted AS (
                SELECT count(*) AS count FROM fresh
            ), moved AS (
                UPDATE sequencer s
                SET last = s.last + c.count, recorded_at = greatest(s.recorded_at, clock_timestamp())
                FROM counted c WHERE c.count > 0
                RETURNING s.last - c.count AS base, s.recorded_at
            )
            INSERT INTO entries (position, event_id, topic, type, source, subject, partition_key, sequence, event_time,
                                 recorded_at, body)
            SELECT m.base + f.number, f.event_id, f.topic, f.type, f.source, f.subject, f.partition_key, f.sequence,
                   f.event_time, m.recorded_at, f.body
            FROM fresh f LEFT JOIN moved m ON true
            ORDER BY f.number
            """
    }
}
