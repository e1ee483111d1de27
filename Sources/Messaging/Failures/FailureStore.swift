import Contracts
public import Postgres

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// The parked messages of a worker, for its operator.
public struct FailureStore: Sendable {
    let postgres: PostgresClient
    let schema: String?

    /// Makes a store.
    ///
    /// - Parameter schema: the worker's schema; nil takes the connection's search path.
    public init(postgres: PostgresClient, schema: String? = nil) {
        self.postgres = postgres
        self.schema = schema
    }

    /// The failures that match, grouped by fingerprint, the largest group first.
    public func groups(matching filter: FailureFilter = .all) async throws -> [FailureGroup] {
        try await postgres.query(
            """
            SELECT fingerprint, error_type, error_place, min(error_message) AS example, count(*)::bigint AS count,
                   count(*) FILTER (WHERE status = 'failed')::bigint AS failed,
                   min(parked_at) AS first, max(parked_at) AS last
            FROM \(table("parked")) WHERE \(condition(filter))
            GROUP BY fingerprint, error_type, error_place ORDER BY count(*) DESC, fingerprint
            """)
    }

    /// The failures that match, oldest first, without their bodies.
    ///
    /// - Parameter limit: at most so many, at least 1.
    public func list(matching filter: FailureFilter = .all, limit: Int = 100) async throws -> [Failure] {
        let rows = try await postgres.execute(
            """
            SELECT \(Self.columns), ''::bytea FROM \(table("parked")) WHERE \(condition(filter))
            ORDER BY position LIMIT \(max(1, limit))
            """)
        return try rows.map { try Failure(row: $0) }
    }

    /// One failure with its body; nil when there is none of this id.
    public func show(_ id: UUID) async throws -> Failure? {
        try await postgres.execute(
            "SELECT \(Self.columns), body FROM \(table("parked")) WHERE message_id = \(id)"
        ).first.map { try Failure(row: $0) }
    }

    /// How many match.
    public func count(matching filter: FailureFilter = .all) async throws -> Int {
        let row = try await postgres.execute(
            "SELECT count(*)::bigint FROM \(table("parked")) WHERE \(condition(filter))"
        ).first
        return try row?.decode(Int.self, at: 0) ?? 0
    }

    /// Lets the failures that match run again, with all attempts before them. Those that wait for an earlier one of
    /// their key go on waiting for it.
    ///
    /// - Parameter rate: so many per second; all at once when nil.
    /// - Returns: how many will run.
    @discardableResult
    public func retry(matching filter: FailureFilter, rate: Double? = nil) async throws -> Int {
        let gap = rate.map { $0 > 0 ? 1 / $0 : 0 } ?? 0
        let result = try await postgres.execute(
            """
            WITH chosen AS (
                SELECT position, row_number() OVER (ORDER BY position) - 1 AS place
                FROM \(table("parked")) WHERE status <> 'waiting' AND \(condition(filter))
            )
            UPDATE \(table("parked")) p
            SET status = 'retrying', attempts = 0, crashes = 0, counted_by = NULL,
                next_attempt_at = clock_timestamp() + c.place * \(gap)::float8 * interval '1 second'
            FROM chosen c WHERE p.position = c.position AND p.status <> 'waiting'
            """)
        return result.affectedRows
    }

    /// Discards the failures that match: they are never handled, unless a saga's operator has one of its commands sent again. What
    /// waited behind them becomes due.
    ///
    /// - Returns: how many were discarded.
    @discardableResult
    public func discard(matching filter: FailureFilter) async throws -> Int {
        try await postgres.withTransaction { transaction in
            let rows = try await transaction.execute(
                """
                WITH gone AS (
                    DELETE FROM \(table("parked")) WHERE \(condition(filter)) RETURNING message_id, partition_key, exchange),
                known AS (
                    INSERT INTO \(table("discarded")) (message_id) SELECT message_id FROM gone WHERE exchange <> \(ParkedExchange.timers)
                    ON CONFLICT (message_id) DO UPDATE SET is_forgotten = false, discarded_at = excluded.discarded_at)
                SELECT partition_key FROM gone
                """)
            var keys: Set<String> = []
            for row in rows {
                if let key = try row.decode(String?.self, at: 0) { keys.insert(key) }
            }
            if !keys.isEmpty { transaction.enqueue(promote(keys: Array(keys))) }
            return rows.count
        }
    }

    /// Replaces the data of a failure: a copy with a new id takes its place in the order of its key and is run at once;
    /// its causation is the original, which is discarded in the same transaction. A saga's command keeps its id, by which the saga
    /// knows the answer.
    ///
    /// - Returns: the id of the copy.
    /// - Throws: ``MessagingError`` `.notFound`, or `.usage` when the original is no envelope: see ``edit(_:body:)``.
    public func edit(_ id: UUID, data: [UInt8]) async throws -> UUID {
        try await replace(id) { original in
            guard var envelope = try? Envelope(decoding: original) else {
                throw MessagingError(.usage, "message \(id) is not an envelope; give the whole envelope instead")
            }
            envelope.data = data
            return envelope
        }
    }

    /// Replaces the whole envelope of a failure, which may be one that could not be parsed. See ``edit(_:data:)``.
    ///
    /// - Throws: ``MessagingError`` `.notFound`; ``ContractError`` when `body` is not an envelope.
    public func edit(_ id: UUID, body: [UInt8]) async throws -> UUID {
        let envelope = try Envelope(decoding: body)
        return try await replace(id) { _ in envelope }
    }

    private func replace(_ id: UUID, _ make: @Sendable ([UInt8]) throws -> Envelope) async throws -> UUID {
        try await postgres.withTransaction { transaction in
            let row = try await transaction.execute(
                """
                DELETE FROM \(table("parked")) WHERE message_id = \(id) AND exchange <> \(ParkedExchange.timers)
                RETURNING position, body, exchange, status
                """
            ).first
            guard let row else { throw MessagingError(.notFound, "no parked message \(id)") }
            let (position, original, exchange, status) = try row.decode(Int64.self, [UInt8].self, String.self, String.self)
            var copy = try make(original)
            let isAwaited = copy.extensions["sagastep"] != nil
            copy.id = isAwaited ? id : .v7()
            if !isAwaited { copy.causationID = id }
            copy.correlationID = copy.correlationID ?? id
            let waits = status == Failure.Status.waiting.rawValue
            transaction.enqueue("INSERT INTO \(table("inbox")) (message_id) VALUES (\(copy.id)) ON CONFLICT DO NOTHING")
            transaction.enqueue(
                """
                INSERT INTO \(table("parked"))
                    (position, message_id, partition_key, exchange, routing_key, type, body, status, next_attempt_at)
                VALUES (\(position), \(copy.id), \(copy.partitionKey), \(exchange), \(copy.type), \(copy.type),
                        \(copy.encoded()), \(waits ? "waiting" : "retrying"),
                        CASE WHEN \(waits) THEN NULL ELSE clock_timestamp() END)
                """)
            return copy.id
        }
    }

    static let columns: SQL = """
        position, message_id, partition_key, exchange, type, status, attempts, next_attempt_at, fingerprint, \
        error_type, error_message, error_place, parked_at
        """

    private func table(_ name: String) -> SQL {
        if let schema { return "\(identifier: schema).\(identifier: name)" }
        return "\(identifier: name)"
    }

    private func promote(keys: [String]) -> SQL { ParkedStatements.promote(keys: keys, table: table("parked")) }

    private func condition(_ filter: FailureFilter) -> SQL {
        var parts: [SQL] = ["true"]
        if let id = filter.id { parts.append("message_id = \(id)") }
        if let fingerprint = filter.fingerprint { parts.append("fingerprint = \(fingerprint)") }
        if let type = filter.type { parts.append("type = \(type)") }
        if let key = filter.partitionKey { parts.append("partition_key = \(key)") }
        if let status = filter.status { parts.append("status = \(status.rawValue)") }
        if let text = filter.errorContains {
            parts.append("position(lower(\(text)) IN lower(coalesce(error_type, '') || ' ' || coalesce(error_message, ''))) > 0")
        }
        return parts.joined(separator: " AND ")
    }
}

extension Failure {
    /// Reads ``FailureStore``'s columns and the body.
    init(row: PostgresRow) throws {
        position = try row.decode(Int64.self, at: 0)
        id = try row.decode(UUID.self, at: 1)
        partitionKey = try row.decode(String?.self, at: 2)
        exchange = try row.decode(String.self, at: 3)
        type = try row.decode(String.self, at: 4)
        status = Status(rawValue: try row.decode(String.self, at: 5)) ?? .failed
        attempts = Int(try row.decode(Int32.self, at: 6))
        nextAttemptAt = try row.decode(Date?.self, at: 7)
        fingerprint = try row.decode(String?.self, at: 8)
        errorType = try row.decode(String?.self, at: 9)
        errorMessage = try row.decode(String?.self, at: 10)
        errorPlace = try row.decode(String?.self, at: 11)
        parkedAt = try row.decode(Date.self, at: 12)
        body = try row.decode([UInt8].self, at: 13)
    }
}
