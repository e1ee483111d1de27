import Postgres

/// Whether all migrations that a worker needs have run: the quick question that a starting worker asks, in two round trips.
///
/// It compares versions and checksums. What exactly differs, and what to do about it, says `millrace migrate`.
struct MigrationCheck {
    let worker: Worker

    /// - Throws: ``MigrationsPending``; `PostgresError` when the database cannot be asked.
    func verify(_ db: some PostgresExecutor) async throws {
        let sets = try worker.histories()
        let schema = worker.settings.schema
        let names = sets.map(\.table)
        let present = try await db.query(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = \(schema) AND tablename = ANY(\(names))",
            as: String.self)
        for (table, migrations) in sets where !present.contains(table) {
            throw MigrationsPending(worker: worker.name, scripts: migrations.map(\.script))
        }
        let histories = try await db.pipeline(
            sets.map { table, _ in
                "SELECT script::text, checksum FROM \(identifier: schema).\(identifier: table) WHERE success"
            })
        for ((_, migrations), history) in zip(sets, histories) {
            let applied = try history.map { try $0.decode(String.self, Int32?.self) }
            let pending = migrations.filter { migration in
                !applied.contains { $0.0 == migration.script && $0.1 == migration.checksum }
            }
            if !pending.isEmpty { throw MigrationsPending(worker: worker.name, scripts: pending.map(\.script)) }
        }
    }
}

/// A worker was started on a database that is not ready for it.
struct MigrationsPending: Error, CustomStringConvertible {
    let worker: String
    let scripts: [String]

    var description: String {
        "the database is not prepared for this worker: \(scripts.prefix(5).joined(separator: ", ")) "
            + "\(scripts.count == 1 ? "has" : "have") not run as this worker knows \(scripts.count == 1 ? "it" : "them"). "
            + "Run: millrace migrate \(worker)"
    }
}
