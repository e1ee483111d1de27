import Postgres

/// Writes the messages of a transaction into the outbox.
enum OutboxWriter {
    /// One statement for all messages, in their order. It answers with the id and the number of each.
    ///
    /// Events get consecutive numbers from the row of their source in `outbox_sequence`. The row stays locked until the
    /// transaction ends, so numbers are given in the order of commits, and those of a rolled-back transaction are given
    /// again: there are no gaps. Commands have no number; a transaction with commands alone does not touch the row. It has
    /// its transaction id before the first row has an id, which ``RelayFeed/Horizon`` relies on.
    static func insert(_ entries: [OutboxEntry], source: String) -> SQL {
        if let entry = entries.first, entries.count == 1 { return insert(entry, source: source) }
        var numbers: [Int64] = []
        numbers.reserveCapacity(entries.count)
        var events: Int64 = 0
        for entry in entries {
            if entry.isEvent { events += 1 }
            numbers.append(entry.isEvent ? events : 0)
        }
        let ids = entries.map(\.messageID)
        let exchanges = entries.map(\.exchange)
        let routingKeys = entries.map(\.routingKey)
        let partitionKeys = entries.map(\.partitionKey)
        let payloads = entries.map(\.payload)
        if events == 0 {
            return """
                INSERT INTO outbox (message_id, exchange, routing_key, partition_key, payload)
                SELECT m.id, m.exchange, m.routing_key, NULLIF(m.partition_key, ''), m.payload
                FROM pg_current_xact_id() AS x, unnest(\(ids)::uuid[], \(exchanges)::text[], \(routingKeys)::text[],
                     \(partitionKeys)::text[], \(payloads)::bytea[])
                     WITH ORDINALITY AS m(id, exchange, routing_key, partition_key, payload, place)
                ORDER BY m.place
                RETURNING id, sequence
                """
        }
        return """
            WITH numbered AS (
                INSERT INTO outbox_sequence AS s (source, last) VALUES (\(source), \(events))
                ON CONFLICT (source) DO UPDATE SET last = s.last + excluded.last
                RETURNING s.last - \(events)::bigint AS base
            )
            INSERT INTO outbox (message_id, exchange, routing_key, partition_key, payload, sequence)
            SELECT m.id, m.exchange, m.routing_key, NULLIF(m.partition_key, ''), m.payload,
                   CASE WHEN m.number > 0 THEN n.base + m.number END
            FROM numbered n
            CROSS JOIN unnest(\(ids)::uuid[], \(exchanges)::text[], \(routingKeys)::text[], \(partitionKeys)::text[],
                              \(payloads)::bytea[], \(numbers)::bigint[])
                 WITH ORDINALITY AS m(id, exchange, routing_key, partition_key, payload, number, place)
            ORDER BY m.place
            RETURNING id, sequence
            """
    }

    /// The same for one message, with less for the server to do: the usual case while there is little load.
    private static func insert(_ entry: OutboxEntry, source: String) -> SQL {
        let row: SQL = """
            \(entry.messageID)::uuid, \(entry.exchange)::text, \(entry.routingKey)::text, \
            NULLIF(\(entry.partitionKey)::text, ''), \(entry.payload)::bytea
            """
        if !entry.isEvent {
            return """
                INSERT INTO outbox (message_id, exchange, routing_key, partition_key, payload)
                SELECT \(row) FROM pg_current_xact_id() AS x
                RETURNING id, sequence
                """
        }
        return """
            WITH numbered AS (
                INSERT INTO outbox_sequence AS s (source, last) VALUES (\(source), 1)
                ON CONFLICT (source) DO UPDATE SET last = s.last + 1
                RETURNING s.last
            )
            INSERT INTO outbox (message_id, exchange, routing_key, partition_key, payload, sequence)
            SELECT \(row), n.last FROM numbered n
            RETURNING id, sequence
            """
    }
}
