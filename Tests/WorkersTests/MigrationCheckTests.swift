import Foundation
import Millrace
import Postgres
import Servers
import TestSupport
import Testing

/// What a worker finds at its start, without the process and without a broker.
@Suite("The check of a starting worker", .timeLimit(.minutes(4)))
struct MigrationCheckTests {
    /// The worker `shop` with a folder of migrations and a schema of its own.
    private struct Shop {
        let worker: Worker
        let folder: String
        let db: PostgresClient

        func write(_ script: String, _ sql: String) throws {
            try sql.write(toFile: "\(folder)/\(script)", atomically: true, encoding: .utf8)
        }

        /// `V1__step.sql` and so on; each makes a table.
        func writeSteps(_ count: Int) throws {
            for number in 1...count { try write("V\(number)__step.sql", "CREATE TABLE t\(number) (n int)") }
        }

        func move(_ script: String, to path: String) throws {
            try FileManager.default.moveItem(atPath: "\(folder)/\(script)", toPath: "\(folder)/\(path)")
        }

        func remove(_ script: String) throws { try FileManager.default.removeItem(atPath: "\(folder)/\(script)") }

        func prepare() async throws { try await WorkerPreparation(worker, logger: TestPostgres.logger).prepareDatabase(db) }

        func migrator() throws -> Migrator {
            Migrator(client: db, schema: worker.settings.schema, migrations: try Migration.load(directory: folder))
        }

        /// Scripts of which another text has run since.
        func superseded() async throws -> [String] { try await MigrationCheck(worker).verify(db) }

        /// Why the worker does not start; nil if it does.
        func refusal() async throws -> String? {
            do {
                _ = try await superseded()
                return nil
            } catch let error as MigrationsPending {
                return error.description
            }
        }
    }

    private func withShop(_ body: (Shop) async throws -> Void) async throws {
        let home = try TemporaryDirectory.make(prefix: "millrace-project")
        defer { TemporaryDirectory.remove(home) }
        let folder = home + "/workers/shop/migrations"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let configuration = try await TestPostgres.schema("check")
        let environment = ["MILLRACE_SCHEMA": configuration.searchPath ?? "", "MILLRACE_HOME": home]
        let worker = Worker(name: "shop", settings: try WorkerSettings(worker: "shop", environment: environment))
        let db = PostgresClient(configuration: configuration, logger: TestPostgres.logger)
        let shop = Shop(worker: worker, folder: folder, db: db)
        do {
            try await body(shop)
        } catch {
            await db.close()
            throw error
        }
        await db.close()
    }

    private static let unprepared = "the database is not prepared for this worker: "

    /// Fails when the tables that are not there are left out.
    @Test("an empty schema is refused until it is migrated")
    func empty() async throws {
        try await withShop { shop in
            #expect(try await shop.refusal()?.hasSuffix("have not run as this worker knows them. Run: millrace migrate shop") == true)
            try await shop.prepare()
            #expect(try await shop.refusal() == nil)
            try shop.write("V1__a.sql", "CREATE TABLE a (n int)")
            #expect(
                try await shop.refusal() == Self.unprepared
                    + "V1__a.sql has not run as this worker knows it. Run: millrace migrate shop")
            try await shop.prepare()
            #expect(try await shop.refusal() == nil)
        }
    }

    /// Fails when each script must have an entry: the first has none.
    @Test("a history that began with a baseline is accepted")
    func baseline() async throws {
        try await withShop { shop in
            try shop.write("V1__there.sql", "SELECT nobody FROM nothing")
            try shop.write("V2__made.sql", "CREATE TABLE made (n int)")
            try await shop.migrator().baseline(version: "1")
            try await shop.prepare()
            #expect(try await shop.refusal() == nil)
        }
    }

    /// Fails when an entry must have the script's path and checksum.
    @Test("a script that was moved, one with an accepted new name, and one without checksum are accepted")
    func sameMigration() async throws {
        try await withShop { shop in
            try shop.writeSteps(3)
            try await shop.prepare()
            try FileManager.default.createDirectory(atPath: shop.folder + "/first", withIntermediateDirectories: true)
            try shop.move("V1__step.sql", to: "first/V1__step.sql")
            #expect(try await shop.refusal() == nil)
            try shop.move("V2__step.sql", to: "V2__renamed.sql")
            #expect(try await shop.refusal()?.contains("V2__renamed.sql is not what was applied") == true)
            #expect(try await shop.migrator().repair().aligned == ["V2__renamed.sql"])
            #expect(try await shop.refusal() == nil)
            try await shop.db.execute("UPDATE flyway_schema_history SET checksum = NULL WHERE version = '3'")
            #expect(try await shop.refusal() == nil)
        }
    }

    /// Fails when the check refuses what `migrate` refuses.
    @Test("what a newer release has applied, and what was removed, does not keep a worker from running")
    func newer() async throws {
        try await withShop { shop in
            try shop.writeSteps(3)
            try await shop.prepare()
            try shop.remove("V3__step.sql")
            #expect(try await shop.refusal() == nil)
            try await shop.db.execute("UPDATE flyway_schema_history SET success = false WHERE version = '3'")
            #expect(try await shop.refusal() == nil)
            try shop.remove("V1__step.sql")
            #expect(try await shop.refusal() == nil)
        }
    }

    /// While an old and a new release are both deployed: whoever was there first must be able to start again. Fails when only the
    /// last entry of a repeatable script counts.
    @Test("a repeatable migration of which a newer release has run its own text does not keep a worker from running, an unknown text does")
    func textOfANewerRelease() async throws {
        try await withShop { shop in
            for text in ["1", "2"] {
                try shop.write("R__view.sql", "CREATE OR REPLACE VIEW v AS SELECT \(text) AS n")
                try await shop.prepare()
            }
            #expect(try await shop.superseded().isEmpty)
            try shop.write("R__view.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 AS n")
            #expect(try await shop.superseded() == ["R__view.sql"])
            // The newer one is at work just now, outside of a transaction, or was killed there.
            try await shop.db.execute(
                "UPDATE flyway_schema_history SET success = false WHERE installed_rank = (SELECT max(installed_rank) FROM flyway_schema_history)"
            )
            #expect(try await shop.refusal() == nil)
            try await shop.db.execute("UPDATE flyway_schema_history SET success = true")
            try shop.write("R__view.sql", "CREATE OR REPLACE VIEW v AS SELECT 3 AS n")
            #expect(
                try await shop.refusal() == Self.unprepared
                    + "R__view.sql has not run as this worker knows it. Run: millrace migrate shop")
            try await shop.prepare()
            #expect(try await shop.refusal() == nil)
        }
    }

    /// Fails when an entry counts although it was marked as deleted.
    @Test("a script that was marked as deleted and came back is refused")
    func cameBack() async throws {
        try await withShop { shop in
            try shop.writeSteps(3)
            try await shop.prepare()
            try shop.remove("V2__step.sql")
            #expect(try await shop.migrator().repair().deleted == ["V2__step.sql"])
            try shop.write("V2__step.sql", "CREATE TABLE t2 (n int)")
            #expect(
                try await shop.refusal() == Self.unprepared
                    + "V2__step.sql has not run, although a later version has. To see what to do: millrace migrate shop --validate")
            // What Flyway 7 does to the newest one.
            try await shop.db.execute(
                """
                INSERT INTO flyway_schema_history
                SELECT 9, version, description, 'DELETE', script, checksum, installed_by, installed_on, 0, true
                FROM flyway_schema_history WHERE version = '3'
                """)
            #expect(
                try await shop.refusal() == Self.unprepared
                    + "V2__step.sql, V3__step.sql have not run as this worker knows them. Run: millrace migrate shop")
        }
    }

    /// Fails when a state is left out of what is refused, or its remedy is that of another one.
    @Test("each refusal says what to do next, what `migrate` refuses first")
    func remedies() async throws {
        try await withShop { shop in
            try shop.writeSteps(2)
            try await shop.prepare()
            try shop.write("V1__step.sql", "CREATE TABLE t1 (n int, m int)")
            try shop.write("V3__step.sql", "CREATE TABLE t3 (n int)")
            try await shop.db.execute("UPDATE flyway_schema_history SET success = false WHERE version = '2'")
            #expect(
                try await shop.refusal() == Self.unprepared
                    + "V2__step.sql is half done. If nobody is running it now, undo or complete it by hand, then run: "
                    + "millrace migrate shop --repair. V1__step.sql is not what was applied. To see what differs: "
                    + "millrace migrate shop --validate. To accept it: millrace migrate shop --repair. "
                    + "V3__step.sql has not run as this worker knows it. Run: millrace migrate shop")
        }
    }
}
