package import Postgres

/// Whether all migrations that a worker needs have run: the quick question that a starting worker asks, in two round trips.
///
/// It compares as `millrace migrate` does, which says more of each migration, and refuses on more: a script that is missing here,
/// as those of a newer release are, does not keep a worker from running.
package struct MigrationCheck {
    let worker: Worker

    package init(_ worker: Worker) {
        self.worker = worker
    }

    /// - Returns: repeatable scripts of which another text has run after the one that is here. A newer release does that; one that was
    ///   taken back leaves it so.
    /// - Throws: ``MigrationsPending``; `PostgresError` when the database cannot be asked.
    package func verify(_ db: some PostgresExecutor) async throws -> [String] {
        let sets = try worker.histories()
        let schema = worker.settings.schema
        let names = sets.map(\.table)
        let present = try await db.query(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = \(schema) AND tablename = ANY(\(names))",
            as: String.self)
        let queries = present.map { MigrationHistory(schema: schema, table: $0).query }
        let results = try await queries.isEmpty ? [] : db.pipeline(queries)
        var entries: [String: [MigrationEntry]] = [:]
        for (table, rows) in zip(present, results) { entries[table] = try MigrationHistory.entries(of: rows) }
        let plans = sets.map { table, migrations in MigrationPlan(migrations: migrations, entries: entries[table] ?? []) }
        let obstacles = plans.flatMap(\.obstacles)
        if !obstacles.isEmpty { throw MigrationsPending(worker: worker.name, obstacles: obstacles) }
        return plans.flatMap(\.superseded)
    }
}

/// A worker was started on a database that is not ready for it.
package struct MigrationsPending: Error, CustomStringConvertible {
    let worker: String
    /// The migrations that are not as the worker needs them.
    let obstacles: [MigrationInfo]

    /// Which they are, and what to do next about each kind. What `migrate` would refuse comes first.
    package var description: String {
        let migrate = "millrace migrate \(worker)"
        let parts = [
            part(
                [.failed], "is half done", "are half done",
                "If nobody is running it now, undo or complete it by hand, then run: \(migrate) --repair"),
            part(
                [.changed], "is not what was applied", "are not what was applied",
                "To see what differs: \(migrate) --validate. To accept it: \(migrate) --repair"),
            part(
                [.outOfOrder], "has not run, although a later version has", "have not run, although a later version has",
                "To see what to do: \(migrate) --validate"),
            part(
                [.pending, .outdated], "has not run as this worker knows it", "have not run as this worker knows them",
                "Run: \(migrate)"),
        ]
        return "the database is not prepared for this worker: " + parts.compactMap { $0 }.joined(separator: ". ")
    }

    private func part(_ states: Set<MigrationInfo.State>, _ one: String, _ several: String, _ remedy: String) -> String? {
        let scripts = obstacles.filter { states.contains($0.state) }.map(\.script)
        if scripts.isEmpty { return nil }
        return "\(scripts.prefix(5).joined(separator: ", ")) \(scripts.count == 1 ? one : several). \(remedy)"
    }
}
