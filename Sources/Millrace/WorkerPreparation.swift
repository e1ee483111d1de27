package import Logging
import Messaging
package import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Creates what a worker needs in the database and the broker. Doing it again changes nothing.
package struct WorkerPreparation {
    let worker: Worker
    let logger: Logger

    package init(_ worker: Worker, logger: Logger) {
        self.worker = worker
        self.logger = logger
    }

    func prepare() async throws {
        try await WorkerClients.postgres(worker, logger: logger).executeThenClose(prepareDatabase)
        if worker.settings.environment["AMQP_URL"]?.isEmpty ?? true {
            logger.notice("AMQP_URL is not set: the broker was not prepared")
        } else {
            try await prepareBroker()
        }
    }

    /// The schema, the framework's tables and the worker's own.
    package func prepareDatabase(_ postgres: PostgresClient) async throws {
        try await createSchema(postgres)
        for history in try worker.histories() { try await migrate(worker.migrator(history, postgres, logger: logger)) }
    }

    private func migrate(_ migrator: Migrator) async throws {
        do throws(PostgresError) {
            try await migrator.migrate()
        } catch {
            guard error.code == .migration, error.message.contains("repair") else { throw error }
            var refusal = error
            refusal.message += "\nTo look: millrace migrate \(worker.name) --info. To repair: millrace migrate \(worker.name) --repair"
            throw refusal
        }
    }

    /// A role that may not create schemas finds its own in place, so existence is asked first.
    private func createSchema(_ postgres: PostgresClient) async throws {
        let schema = worker.settings.schema
        let existing = try await postgres.execute("SELECT FROM pg_namespace WHERE nspname = \(schema)")
        if existing.isEmpty { try await postgres.execute("CREATE SCHEMA IF NOT EXISTS \(identifier: schema)") }
    }

    private func prepareBroker() async throws {
        let clients = try WorkerClients(worker, logger: logger)
        try await clients.amqp.executeThenClose { _ in try await clients.messaging.declareTopology() }
        await clients.postgres.close()
        logger.info("The broker is prepared", metadata: ["queue": "\(worker.messaging.queue)"])
    }
}

extension Worker {
    /// A table that records migrations, and the migrations.
    typealias History = (table: String, migrations: [Migration])

    /// All that hold any: those of the framework, then the worker's own.
    /// - Throws: as ``ownMigrations()``.
    func histories() throws -> [History] {
        let own: History = (FrameworkMigrations.ownHistoryTable, try ownMigrations())
        return (frameworkMigrations.map { ($0.historyTable, $0.migrations) } + [own]).filter { !$0.migrations.isEmpty }
    }

    func migrator(_ history: History, _ postgres: PostgresClient, logger: Logger) -> Migrator {
        Migrator(
            client: postgres, schema: settings.schema, historyTable: history.table, migrations: history.migrations, logger: logger)
    }

    /// The worker's own migrations, from its folder.
    /// - Throws: ``SettingsError`` if the worker has no folder where `MILLRACE_HOME` says; `PostgresError` for files that
    ///   are no migrations.
    func ownMigrations() throws -> [Migration] {
        let folder = settings.migrationsFolder(worker: name)
        if FileManager.default.fileExists(atPath: folder) { return try Migration.load(directory: folder) }
        let home = "\(settings.home)/workers/\(name)"
        guard FileManager.default.fileExists(atPath: home) else {
            throw SettingsError("there is no folder \(home): set MILLRACE_HOME to the folder that holds workers/")
        }
        return []
    }
}
