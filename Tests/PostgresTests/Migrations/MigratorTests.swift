import Logging
import Postgres
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Migrations: against PostgreSQL", .timeLimit(.minutes(4)))
struct MigratorTests {
    private static let first = Migration(
        version: "1", description: "first table",
        sql: "CREATE TABLE a (id int);\nINSERT INTO a VALUES (1);\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;")
    private static let second = Migration(version: "1.1", description: "second", sql: "INSERT INTO a VALUES (2)")

    private func migrator(
        _ client: PostgresClient, _ schema: String, _ migrations: [Migration], _ options: Migrator.Options = .init()
    ) -> Migrator {
        Migrator(client: client, schema: schema, migrations: migrations, options: options)
    }

    private func rows(_ client: PostgresClient) async throws -> [Int] {
        try await client.query("SELECT id FROM a ORDER BY id", as: Int.self)
    }

    @Test("applies what is pending once, makes the schema, and keeps Flyway's table")
    func migrate() async throws {
        try await TestSchema.with(creating: false) { (client, schema) async throws in
            let report = try await migrator(client, schema, [Self.second, Self.first]).migrate()
            #expect(report.applied == ["V1__first_table.sql", "V1.1__second.sql"])
            #expect(report.version?.text == "1.1")
            #expect(try await migrator(client, schema, [Self.first, Self.second]).migrate().applied.isEmpty)
            #expect(try await rows(client) == [1, 2])

            let columns = try await client.query(
                """
                SELECT concat_ws(' ', column_name, data_type, character_maximum_length, is_nullable, column_default)
                FROM information_schema.columns WHERE table_schema = \(schema) AND table_name = 'flyway_schema_history'
                ORDER BY ordinal_position
                """, as: String.self)
            #expect(
                columns == [
                    "installed_rank integer NO", "version character varying 50 YES", "description character varying 200 NO",
                    "type character varying 20 NO", "script character varying 1000 NO", "checksum integer YES",
                    "installed_by character varying 100 NO", "installed_on timestamp without time zone NO now()",
                    "execution_time integer NO", "success boolean NO",
                ])
            let indexes = try await client.query(
                "SELECT indexname::text FROM pg_indexes WHERE schemaname = \(schema) ORDER BY 1", as: String.self)
            #expect(indexes == ["flyway_schema_history_pk", "flyway_schema_history_s_idx"])

            let entries = try await migrator(client, schema, [Self.first, Self.second]).info().compactMap(\.entry)
            #expect(entries.map(\.rank) == [1, 2])
            #expect(entries.map(\.version) == ["1", "1.1"])
            #expect(entries.map(\.type) == ["SQL", "SQL"])
            #expect(entries.map(\.checksum) == [Self.first.checksum, Self.second.checksum])
            #expect(entries.allSatisfy { $0.success && abs($0.installedOn.timeIntervalSinceNow) < 600 })
        }
    }

    /// The kill of a client process ends its session; here the session that sleeps in a migration is ended directly.
    private func killSleeper(_ client: PostgresClient, _ schema: String) async throws {
        while try await client.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE query LIKE 'SELECT pg_sleep(60)%' AND query LIKE \("%" + schema + "%") AND state = 'active'
            """
        ).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// Fails when the script and its entry do not share a transaction.
    @Test("a migration that fails leaves nothing behind, names its script and line, and can be mended")
    func failure() async throws {
        try await TestSchema.with { (client, schema) async throws in
            let bad = Migration(version: "2", description: "bad", sql: "INSERT INTO a VALUES (3);\n\nINSERT INTO nowhere VALUES (1);")
            let error = await #expect(throws: PostgresError.self) {
                try await migrator(client, schema, [Self.first, bad]).migrate()
            }
            #expect(error?.code == .migration)
            #expect(error?.sqlState == "42P01")
            #expect(error?.message.contains("V2__bad.sql, line 3") == true, "\(error?.message ?? "")")
            #expect(try await rows(client) == [1])
            let mended = Migration(version: "2", description: "bad", sql: "INSERT INTO a VALUES (4)")
            #expect(try await migrator(client, schema, [Self.first, mended]).migrate().applied == ["V2__bad.sql"])
            #expect(try await rows(client) == [1, 4])
        }
    }

    @Test("what only the commit finds out is a failure of the migration")
    func deferred() async throws {
        try await TestSchema.with { (client, schema) async throws in
            let bad = Migration(
                version: "2", description: "deferred",
                sql: """
                    ALTER TABLE a ADD PRIMARY KEY (id);
                    CREATE TABLE b (id int REFERENCES a DEFERRABLE INITIALLY DEFERRED);
                    INSERT INTO b VALUES (99);
                    """)
            let error = await #expect(throws: PostgresError.self) {
                try await migrator(client, schema, [Self.first, bad]).migrate()
            }
            #expect(error?.code == .migration)
            #expect(error?.message.contains("V2__deferred.sql") == true, "\(error?.message ?? "")")
            #expect(try await migrator(client, schema, [Self.first, bad]).info().last?.state == .pending)
        }
    }

    @Test("changed and missing scripts are refused until they are repaired")
    func repair() async throws {
        try await TestSchema.with { (client, schema) async throws in
            try await migrator(client, schema, [Self.first, Self.second]).migrate()
            let changed = Migration(version: "1.1", description: "second", sql: "INSERT INTO a VALUES (2) -- better")
            let third = Migration(version: "3", description: "third", sql: "INSERT INTO a VALUES (3)")
            let mender = migrator(client, schema, [changed, third])
            let error = await #expect(throws: PostgresError.self) { try await mender.migrate() }
            #expect(error?.code == .migration)
            #expect(error?.message.contains("V1.1__second.sql was changed") == true)
            #expect(error?.message.contains("V1__first_table.sql") == true)
            await #expect(throws: PostgresError.self) { try await mender.validate() }
            #expect(try await rows(client) == [1, 2])

            let report = try await mender.repair()
            #expect(report.aligned == ["V1.1__second.sql"])
            #expect(report.deleted == ["V1__first_table.sql"])
            try await mender.validate()
            #expect(try await mender.migrate().applied == ["V3__third.sql"])
            #expect(try await rows(client) == [1, 2, 3])
        }
    }

    /// Fails when `repair` marks versions as deleted that are newer than all here: the newer release runs them again.
    @Test("repair by an old release leaves alone what a newer one has applied")
    func repairByOldRelease() async throws {
        try await TestSchema.with { (client, schema) async throws in
            let newer = migrator(client, schema, [Self.first, Self.second])
            try await newer.migrate()
            let old = migrator(client, schema, [Self.first])
            #expect(try await old.repair().deleted.isEmpty)
            #expect(try await old.info().last?.state == .newer)
            #expect(try await newer.migrate().applied.isEmpty)
            #expect(try await rows(client) == [1, 2])

            let refusal = await #expect(throws: PostgresError.self) { try await old.migrate() }
            #expect(refusal?.message.contains("add a later version, then run repair") == true, "\(refusal?.message ?? "")")
            let third = Migration(version: "2", description: "third", sql: "INSERT INTO a VALUES (3)")
            let mended = migrator(client, schema, [Self.first, third])
            #expect(try await mended.repair().deleted == ["V1.1__second.sql"])
            #expect(try await mended.migrate().applied == ["V2__third.sql"])
        }
    }

    /// Fails when `repair` marks repeatable scripts of a newer release as deleted: they would have to run again before it can start.
    @Test("repair by an old release leaves alone the repeatable scripts of a newer one, and of no newer one not")
    func repairOfRepeatableByOldRelease() async throws {
        try await TestSchema.with { (client, schema) async throws in
            let view = Migration(repeatable: "a view", sql: "SELECT 1")
            try await migrator(client, schema, [Self.first, Self.second, view]).migrate()
            #expect(try await migrator(client, schema, [Self.first]).repair().deleted.isEmpty)
            #expect(try await migrator(client, schema, [Self.first, Self.second]).repair().deleted == ["R__a_view.sql"])
        }
    }

    /// Fails when `repair` takes an entry without checksum for complete, and when it leaves the type as it is.
    @Test("repair fills in a checksum, and accepts a script in the place of something else")
    func repairCompletes() async throws {
        try await TestSchema.with { (client, schema) async throws in
            let view = Migration(repeatable: "view", sql: "CREATE OR REPLACE VIEW v AS SELECT 1 AS x")
            let all = migrator(client, schema, [Self.first, Self.second, view])
            try await all.migrate()
            try await client.execute("UPDATE flyway_schema_history SET checksum = NULL WHERE version = '1'")
            try await all.validate()
            #expect(try await all.repair().aligned == ["V1__first_table.sql"])
            #expect(try await all.info().first?.entry?.checksum == Self.first.checksum)
            #expect(try await all.repair().aligned.isEmpty)

            try await client.execute("UPDATE flyway_schema_history SET type = 'JDBC', checksum = NULL WHERE version = '1.1'")
            let error = await #expect(throws: PostgresError.self) { try await all.validate() }
            #expect(error?.message.contains("as JDBC") == true, "\(error?.message ?? "")")
            #expect(try await all.repair().aligned == ["V1.1__second.sql"])
            try await all.validate()
            #expect(try await all.migrate().applied.isEmpty)
        }
    }

    @Test("repeatable migrations run again when their text changes")
    func repeatable() async throws {
        try await TestSchema.with { (client, schema) async throws in
            func view(_ text: String) -> Migration {
                Migration(repeatable: "view", sql: "CREATE OR REPLACE VIEW v AS SELECT \(text) AS x")
            }
            #expect(try await migrator(client, schema, [Self.first, view("1")]).migrate().applied.last == "R__view.sql")
            #expect(try await migrator(client, schema, [Self.first, view("1")]).migrate().applied.isEmpty)
            #expect(try await migrator(client, schema, [Self.first, view("2")]).migrate().applied == ["R__view.sql"])
            #expect(try await client.query("SELECT x FROM v", as: Int.self) == [2])
            // Back to an earlier text: what counts is what was applied last.
            #expect(try await migrator(client, schema, [Self.first, view("1")]).migrate().applied == ["R__view.sql"])
        }
    }

    /// Fails when the entry is written as done before the run of a migration without a transaction.
    @Test("without a transaction a migration that stops halfway is named until it is repaired")
    func stepwise() async throws {
        try await TestSchema.with { (client, schema) async throws in
            let index = Migration(
                version: "2", description: "index",
                sql: "-- executeInTransaction=false\nCREATE INDEX CONCURRENTLY a_id ON a (id);\nINSERT INTO a VALUES (9)")
            #expect(try await migrator(client, schema, [Self.first, index]).migrate().applied.count == 2)
            let bad = Migration(
                version: "3", description: "half",
                sql: "-- executeInTransaction=false\nINSERT INTO a VALUES (10);\nINSERT INTO nowhere VALUES (1)")
            let all = migrator(client, schema, [Self.first, index, bad])
            let first = await #expect(throws: PostgresError.self) { try await all.migrate() }
            #expect(first?.message.contains("V3__half.sql, line 3") == true, "\(first?.message ?? "")")
            #expect(try await rows(client) == [1, 9, 10])
            let second = await #expect(throws: PostgresError.self) { try await all.migrate() }
            #expect(second?.message.contains("V3__half.sql is half done") == true, "\(second?.message ?? "")")
            #expect(try await rows(client) == [1, 9, 10])
            #expect(try await all.repair().removed == ["V3__half.sql"])
            #expect(try await all.info().last?.state == .pending)
        }
    }

    /// Fails when the lock is not taken: the second process then runs into the first one's tables.
    @Test("processes that migrate at the same time take turns")
    func concurrent() async throws {
        try await TestSchema.with(creating: false) { (client, schema) async throws in
            let migrations = (1...5).map {
                Migration(version: "\($0)", description: "t\($0)", sql: "SELECT pg_sleep(0.02); CREATE TABLE t\($0) (id int)")
            }
            let applied = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        let other = PostgresClient(
                            configuration: try await TestSchema.configuration(schema: schema), logger: Logger(label: "test"))
                        let report = try await Migrator(client: other, schema: schema, migrations: migrations).migrate()
                        await other.close()
                        return report.applied
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied.sorted() == (1...5).map { "V\($0)__t\($0).sql" })
        }
    }

    /// Waiting must not happen inside of the server: `CREATE INDEX CONCURRENTLY` waits for every
    /// older snapshot, also that of a session which waits for the lock. Fails (hangs) when the lock
    /// is taken by `pg_advisory_lock`.
    @Test("an index that is built concurrently does not deadlock with a process that waits for its turn")
    func concurrentIndex() async throws {
        try await TestSchema.with { (client, schema) async throws in
            let index = Migration(
                version: "2", description: "index",
                sql: "-- executeInTransaction=false\nSELECT pg_sleep(0.3);\nCREATE INDEX CONCURRENTLY a_id ON a (id)")
            try await migrator(client, schema, [Self.first]).migrate()
            let all = migrator(client, schema, [Self.first, index])
            async let one = all.migrate()
            async let two = all.migrate()
            let applied = try await one.applied + two.applied
            #expect(applied == ["V2__index.sql"])
        }
    }

    /// Fails when the script and its entry do not share a transaction.
    @Test("a process that is killed while it migrates leaves a clean state")
    func killed() async throws {
        try await TestSchema.with { (client, schema) async throws in
            try await migrator(client, schema, [Self.first]).migrate()
            let slow = Migration(
                version: "2", description: "slow", sql: "INSERT INTO a VALUES (2); SELECT pg_sleep(60) /* \(schema) */;")
            let failed = Task { try await migrator(client, schema, [Self.first, slow]).migrate() }
            try await killSleeper(client, schema)
            let outcome = await failed.result
            #expect(throws: PostgresError.self) { _ = try outcome.get() }
            #expect(try await rows(client) == [1])
            let mended = Migration(version: "2", description: "slow", sql: "INSERT INTO a VALUES (2)")
            #expect(try await migrator(client, schema, [Self.first, mended]).migrate().applied == ["V2__slow.sql"])
            #expect(try await rows(client) == [1, 2])
        }
    }

    /// Fails when the entry is written only after the run, or as done before it.
    @Test("a process that is killed in a migration without a transaction leaves its name")
    func killedStepwise() async throws {
        try await TestSchema.with { (client, schema) async throws in
            try await migrator(client, schema, [Self.first]).migrate()
            let slow = Migration(
                version: "2", description: "slow",
                sql: "-- executeInTransaction=false\nINSERT INTO a VALUES (2); SELECT pg_sleep(60) /* \(schema) */;")
            let all = migrator(client, schema, [Self.first, slow])
            let failed = Task { try await all.migrate() }
            try await killSleeper(client, schema)
            let outcome = await failed.result
            #expect(throws: PostgresError.self) { _ = try outcome.get() }
            let error = await #expect(throws: PostgresError.self) { try await all.migrate() }
            #expect(error?.message.contains("V2__slow.sql is half done") == true, "\(error?.message ?? "")")
        }
    }

    @Test("a process that waits too long for its turn says so")
    func lockTimeout() async throws {
        try await TestSchema.with { (client, schema) async throws in
            try await client.withTransaction { transaction in
                try await transaction.execute("SELECT pg_advisory_xact_lock(\(Migrator.lockKey(schema: schema)))")
                var options = Migrator.Options()
                options.lockTimeout = .milliseconds(120)
                let error = await #expect(throws: PostgresError.self) {
                    try await migrator(client, schema, [Self.first], options).migrate()
                }
                #expect(error?.code == .migration)
                #expect(error?.message.contains("another process") == true)
            }
        }
    }

    @Test("a history can begin in the middle")
    func baseline() async throws {
        try await TestSchema.with { (client, schema) async throws in
            try await client.execute("CREATE TABLE a (id int)")
            let migrator = migrator(client, schema, [Self.first, Self.second])
            try await migrator.baseline(version: "1")
            try await migrator.baseline(version: "1.0")
            #expect(try await migrator.migrate().applied == ["V1.1__second.sql"])
            let error = await #expect(throws: PostgresError.self) { try await migrator.baseline(version: "2") }
            #expect(error?.code == .migration)
        }
    }

    /// Fails when the entry of the schema is not looked at.
    @Test("a schema that Flyway made has version 0 already")
    func baselineOfMadeSchema() async throws {
        try await TestSchema.with { (client, schema) async throws in
            let migrator = migrator(client, schema, [Self.first, Self.second])
            try await migrator.repair()
            try await client.execute(
                """
                INSERT INTO flyway_schema_history (installed_rank, description, type, script, installed_by, execution_time, success)
                VALUES (0, '<< Flyway Schema Creation >>', 'SCHEMA', 'x', 'flyway', 0, true)
                """)
            let error = await #expect(throws: PostgresError.self) { try await migrator.baseline(version: "0.0") }
            #expect(error?.code == .migration)
            #expect(error?.message.contains("version 0") == true, "\(error?.message ?? "")")
            try await client.execute("CREATE TABLE a (id int)")
            try await migrator.baseline(version: "1")
            try await migrator.baseline(version: "1", description: "other words")
            #expect(try await migrator.migrate().applied == ["V1.1__second.sql"])
        }
    }

    @Test("several histories live in one schema")
    func histories() async throws {
        try await TestSchema.with { (client, schema) async throws in
            try await migrator(client, schema, [Self.first]).migrate()
            let other = Migrator(
                client: client, schema: schema, historyTable: "framework_history",
                migrations: [Migration(version: "1", description: "b", sql: "CREATE TABLE b (id int)")])
            #expect(try await other.migrate().applied == ["V1__b.sql"])
            #expect(try await migrator(client, schema, [Self.first]).migrate().applied.isEmpty)
        }
    }

    @Test("what a script does to its session does not reach the next one")
    func session() async throws {
        try await TestSchema.with { (client, schema) async throws in
            let dump = Migration(
                version: "2", description: "dump",
                sql: "SELECT pg_catalog.set_config('search_path', '', false); CREATE TABLE \(schema).c (id int);")
            let after = Migration(version: "3", description: "after", sql: "CREATE TABLE d (id int)")
            #expect(try await migrator(client, schema, [Self.first, dump, after]).migrate().applied.count == 3)
            #expect(try await client.query("SELECT count(*) FROM d", as: Int.self) == [0])
        }
    }

    /// Fails when the schema is made by `CREATE SCHEMA IF NOT EXISTS`, which demands a right on the database.
    @Test("a role that may use nothing but its own schema can migrate it")
    func leastPrivilege() async throws {
        try await TestSchema.with { (client, schema) async throws in
            try await client.execute("CREATE ROLE \(identifier: schema) LOGIN PASSWORD 'migrator'")
            try await client.execute("ALTER SCHEMA \(identifier: schema) OWNER TO \(identifier: schema)")
            var configuration = try await TestSchema.configuration(schema: schema)
            configuration.user = schema
            configuration.password = "migrator"
            let worker = PostgresClient(configuration: configuration, logger: Logger(label: "test"))
            let report = try await Migrator(client: worker, migrations: [Self.first, Self.second]).migrate()
            await worker.close()
            #expect(report.applied.count == 2)
            let entries = try await migrator(client, schema, [Self.first, Self.second]).info().compactMap(\.entry)
            #expect(entries.map(\.installedBy) == [schema, schema])
            try await client.execute("DROP OWNED BY \(identifier: schema)")
            try await client.execute("DROP ROLE \(identifier: schema)")
        }
    }

    @Test("a schema whose name needs quotes")
    func quoted() async throws {
        try await TestSchema.with { (client, schema) async throws in
            let odd = schema + " \"Odd\""
            try await Migrator(client: client, schema: odd, migrations: [Self.first, Self.second]).migrate()
            #expect(
                try await client.query("SELECT id FROM \(identifier: odd).a ORDER BY id", as: Int.self) == [1, 2])
            try await client.execute("DROP SCHEMA \(identifier: odd) CASCADE")
        }
    }
}
