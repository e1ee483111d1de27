import Journal
import Logging
import Postgres
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension JournalBench {
    /// Puts an entry there past the recorder.
    func insert(
        position: Int64, topic: String? = nil, source: String = "/tests", sequence: Int64? = nil, recordedAt: Date, body: [UInt8] = []
    ) async throws {
        try await postgres.execute(
            """
            INSERT INTO entries (position, event_id, topic, type, source, sequence, event_time, recorded_at, body)
            VALUES (\(position), gen_random_uuid(), \(topic ?? self.topic), 'thing.done', \(source), \(sequence), now(), \(recordedAt), \(body))
            """)
    }
}

@Suite("Append-only", .timeLimit(.minutes(4)))
struct AppendOnlyTests {
    private static let changes: [SQL] = [
        "UPDATE entries SET topic = 'other'", "UPDATE entries SET body = '' WHERE position = 7", "DELETE FROM entries",
        "DELETE FROM entries WHERE position = 7", "TRUNCATE entries",
        """
        INSERT INTO entries (position, event_id, topic, type, source, event_time, recorded_at, body)
        SELECT position, event_id, topic, type, source, event_time, recorded_at, body FROM entries
        ON CONFLICT (position) DO UPDATE SET topic = 'other'
        """,
    ]

    private func refusal(_ change: SQL, _ db: some PostgresExecutor) async -> PostgresError? {
        do {
            try await db.execute(change)
            return nil
        } catch {
            return error
        }
    }

    /// The tests' role is a superuser, who needs no rights. Fails without the trigger, and (the replica) when it is not ALWAYS.
    @Test("UPDATE, DELETE and TRUNCATE are refused to everybody, in a session that plays a replica too")
    func superuser() async throws {
        try await JournalBench.with { bench in
            try await bench.insert(position: 1, recordedAt: .now, body: [1])
            for change in Self.changes {
                #expect(await refusal(change, bench.postgres)?.message.contains("append-only") == true, "\(change)")
            }
            try await bench.postgres.withConnection { connection in
                try await connection.execute("SET session_replication_role = replica")
                for change in Self.changes {
                    #expect(await refusal(change, connection)?.message.contains("append-only") == true, "\(change)")
                }
                try await connection.execute("RESET session_replication_role")
            }
            #expect(try await bench.bodies() == [[1]])
        }
    }

    /// Fails without the REVOKE.
    @Test("the owner has no right to change entries, and records all the same")
    func owner() async throws {
        var configuration = try await TestPostgres.schema("journal_owner")
        let schema = try #require(configuration.searchPath)
        let role = "owner_of_\(schema)"
        let admin = PostgresClient(configuration: configuration, logger: TestPostgres.logger)
        try await admin.execute("CREATE ROLE \(identifier: role) LOGIN PASSWORD 'secret'")
        try await admin.execute("ALTER SCHEMA \(identifier: schema) OWNER TO \(identifier: role)")
        configuration.user = role
        configuration.password = "secret"
        let owner = PostgresClient(configuration: configuration, logger: TestPostgres.logger)
        try await Migrator(client: owner, historyTable: JournalSchema.historyTable, migrations: JournalSchema.migrations).migrate()
        try await owner.execute(
            """
            INSERT INTO entries (position, event_id, topic, type, source, event_time, recorded_at, body)
            VALUES (1, gen_random_uuid(), 't', 'x', '/s', now(), now(), 'x')
            """)
        for change in Self.changes {
            let error = await refusal(change, owner)
            #expect(error?.sqlState == "42501" && error?.message.contains("permission denied") == true, "\(change)")
        }
        #expect(try await owner.query("SELECT count(*) FROM entries", as: Int.self) == [1])
        await owner.close()
        try await admin.execute("DROP SCHEMA \(identifier: schema) CASCADE")
        try await admin.execute("DROP ROLE \(identifier: role)")
        await admin.close()
    }
}
