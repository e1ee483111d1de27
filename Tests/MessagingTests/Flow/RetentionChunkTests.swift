import Messaging
import Postgres
import Testing

@Suite(.timeLimit(.minutes(4)))
struct RetentionChunkTests {
    /// 4,500 rows are five chunks, and the next sweep is a long time away. Fails when a sweep ends with its first chunk
    /// (`remove` in Retention): a worker that handles more than a thousand messages a minute would never catch up.
    @Test func oneSweepTakesAsManyChunksAsThereAre() async throws {
        try await Rig.with { rig in
            try await rig.postgres.execute(
                "INSERT INTO inbox (message_id, received_at) SELECT gen_random_uuid(), now() - interval '8 days' FROM generate_series(1, 4500)"
            )
            let clock = ContinuousClock()
            let interval = Duration.seconds(6)
            try await rig.running(MessageHandlers(), { $0.retentionInterval = interval }) { _ in
                try await rig.eventually { try await rig.count("inbox") < 4_500 }
                let first = clock.now
                try await rig.eventually { try await rig.count("inbox") == 0 }
                // In chunks, so that no statement holds locks for long, but all in one sweep.
                #expect(clock.now - first < interval)
            }
        }
    }

    /// No statement holds locks for long. Fails, for the table concerned, without the `LIMIT` of its statement (Retention.sweep).
    @Test func noStatementTakesMoreThanAChunk() async throws {
        let tables = ["inbox", "delivery_attempts", "discarded", "fences"]
        try await Rig.with { rig in
            let old = "now() - interval '100 days' FROM generate_series(1, 2500) n" as SQL
            try await rig.postgres.execute("INSERT INTO inbox (message_id, received_at) SELECT gen_random_uuid(), " + old)
            try await rig.postgres.execute("INSERT INTO delivery_attempts (message_id, count, at) SELECT gen_random_uuid(), 1, " + old)
            try await rig.postgres.execute("INSERT INTO discarded (message_id, discarded_at) SELECT gen_random_uuid(), " + old)
            try await rig.postgres.execute("INSERT INTO fences (key, created_at) SELECT n::text, " + old)
            try await rig.postgres.execute(
                "CREATE TABLE removals (n bigint GENERATED ALWAYS AS IDENTITY, source text NOT NULL, removed bigint NOT NULL)")
            try await rig.postgres.execute(
                """
                CREATE FUNCTION count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    INSERT INTO removals (source, removed) SELECT TG_TABLE_NAME, count(*) FROM gone;
                    RETURN NULL;
                END
                $$
                """)
            for table in tables {
                try await rig.postgres.execute(
                    """
                    CREATE TRIGGER counted AFTER DELETE ON \(identifier: table) REFERENCING OLD TABLE AS gone
                    FOR EACH STATEMENT EXECUTE FUNCTION count_removed()
                    """)
            }
            try await rig.running(MessageHandlers(), { $0.retentionInterval = .milliseconds(20) }) { _ in
                try await rig.eventually { try await rig.number("SELECT coalesce(sum(removed), 0)::bigint FROM removals") == 10_000 }
            }
            var removed: [String: [Int64]] = [:]
            for row in try await rig.postgres.execute("SELECT source, removed FROM removals WHERE removed > 0 ORDER BY n") {
                let (source, count) = try row.decode(String.self, Int64.self)
                removed[source, default: []].append(count)
            }
            #expect(removed == Dictionary(uniqueKeysWithValues: tables.map { ($0, [1_000, 1_000, 500]) }))
        }
    }
}
