import Foundation
import Logging
import Postgres
import Servers
import TestSupport
import Testing

/// The process that migrates is killed with SIGKILL in the middle of a migration, again and again. The server goes on with the
/// statement that it has, and notices only then that nobody is there; the next process meanwhile wants to begin.
@Suite("A killed migration", .timeLimit(.minutes(8)), .enabled(if: ServersAvailability.postgres != nil))
struct KilledMigrationTests {
    private static let count = 5
    /// What a migration does in its middle: long enough to be seen on a busy machine.
    private static let pause = "pg_sleep(4)"

    /// A project with the worker `payments` and migrations that take a while in their middle.
    private func makeProject() throws -> String {
        let folder = try TemporaryDirectory.make(prefix: "millrace-project")
        let migrations = folder + "/workers/payments/migrations"
        try FileManager.default.createDirectory(atPath: migrations, withIntermediateDirectories: true)
        try "name: payments\nowns: [commerce.payments]\n".write(
            toFile: folder + "/workers/payments/worker.yaml", atomically: true, encoding: .utf8)
        for number in 1...Self.count {
            let text = """
                CREATE TABLE made_\(number) (n int);
                INSERT INTO made_\(number) VALUES (1);
                SELECT \(Self.pause), \(number) AS version;
                INSERT INTO made_\(number) VALUES (2);
                """
            try text.write(toFile: "\(migrations)/V\(number)__step.sql", atomically: true, encoding: .utf8)
        }
        return folder
    }

    /// Kills whoever runs migration `number`, while it runs.
    private func killed(_ child: ChildProcess, in number: Int, _ db: PostgresClient) async throws {
        let isThere = try await Fixture.eventually {
            try await db.query(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE query LIKE \("%\(Self.pause), \(number) AS%") AND state = 'active' AND pid <> pg_backend_pid()
                    AND datname = current_database()
                """,
                as: Int.self) != [0]
        }
        #expect(isThere, "migration \(number) did not run")
        child.kill()
        #expect(await child.wait() == .signaled(9))
    }

    private func check(_ db: PostgresClient, _ history: String) async throws {
        struct Row: Decodable, Sendable, Equatable {
            var installedRank: Int
            var version: String
            var success: Bool
        }
        let rows = try await db.query(
            "SELECT installed_rank::bigint, version, success FROM payments.flyway_schema_history ORDER BY installed_rank", as: Row.self)
        #expect(rows == (1...Self.count).map { Row(installedRank: $0, version: "\($0)", success: true) }, "\(history)")
        for number in 1...Self.count {
            let values = try await db.query("SELECT n::bigint FROM payments.\(identifier: "made_\(number)") ORDER BY n", as: Int.self)
            #expect(values == [1, 2], "\(history), migration \(number)")
        }
    }

    /// Fails when the row of the history is not written in the migration's own transaction (MigrationRun.applyInTransaction). The
    /// lock of the schema is not what this is about: without it PostgreSQL's own locks make the second process wait.
    @Test("the worker's own `prepare` is killed, and the next one ends what it began")
    func worker() async throws {
        let project = try makeProject()
        defer { TemporaryDirectory.remove(project) }
        let database = try await TestPostgres.database("killed")
        let db = PostgresClient(configuration: database, logger: Fixture.logger)
        let environment = [
            "DATABASE_URL": try PostgresConfiguration.url(try await TestPostgres.url(), database: database.database),
            "AMQP_URL": try await TestRabbitMQ.url(), "MILLRACE_SCHEMA": "payments", "MILLRACE_HOME": project, "PATH": "/usr/bin:/bin",
            "MILLRACE_QUEUE_TYPE": "classic",
        ]
        for number in 1...Self.count {
            // Each begins while the server still works for the one that was killed before.
            let child = try ChildProcess.spawn(
                .init(executable: Fixture.executable("payments"), arguments: ["prepare"], environment: environment))
            try await killed(child, in: number, db)
            if number < Self.count { try await letGo(db, number, environment) }
        }
        let last = try await ChildProcess.run(
            .init(executable: Fixture.executable("payments"), arguments: ["prepare"], environment: environment), timeout: .seconds(120))
        #expect(last.status == .exited(0), "\(last)")
        try await check(db, "worker")
        await db.close()
    }

    /// Migrates up to `number` and no further: a process that is killed in the next migration.
    private func letGo(_ db: PostgresClient, _ number: Int, _ environment: [String: String]) async throws {
        let child = try ChildProcess.spawn(
            .init(executable: Fixture.executable("payments"), arguments: ["prepare"], environment: environment))
        try await killed(child, in: number + 1, db)
    }

    /// Fails as the one above.
    @Test("`millrace migrate` is killed, and the next one ends what it began")
    func command() async throws {
        let project = try makeProject()
        defer { TemporaryDirectory.remove(project) }
        let database = try await TestPostgres.database("killed")
        let db = PostgresClient(configuration: database, logger: Fixture.logger)
        var environment = ProcessInfo.processInfo.environment
        environment["DATABASE_URL"] = try PostgresConfiguration.url(try await TestPostgres.url(), database: database.database)
        environment["AMQP_URL"] = try await TestRabbitMQ.url()
        environment["MILLRACE_HOME"] = project
        environment["MILLRACE_QUEUE_TYPE"] = "classic"
        for number in [1, 3] {
            let child = try ChildProcess.spawn(
                .init(executable: Fixture.millrace, arguments: ["migrate"], environment: environment))
            try await killed(child, in: number, db)
        }
        let last = try await ChildProcess.run(
            .init(executable: Fixture.millrace, arguments: ["migrate"], environment: environment), timeout: .seconds(120))
        #expect(last.status == .exited(0) && last.standardError.contains("migrated payments"), "\(last)")
        try await check(db, "command")
        await db.close()
    }
}
