import Edge
import Logging
import Postgres

/// The histories of a worker's migrations, the framework's and its own, for `millrace migrate --info` and the others.
///
/// It runs in the worker's process, which alone knows all of its migrations, and with the worker's own role.
struct WorkerMigrations {
    /// A migration, and what is to be said of it.
    private struct Row {
        let history: String
        let script: String
        let state: String
        var info: MigrationInfo?
    }

    let worker: Worker
    let logger: Logger

    init(_ worker: Worker, logger: Logger) {
        self.worker = worker
        self.logger = logger
    }

    /// Does it.
    /// - Returns: the migrations concerned, as JSON.
    /// - Throws: `PostgresError` of code `.migration` when `validate` finds a contradiction or there can be no baseline.
    func perform(_ task: MigrationTask) async throws -> [UInt8] {
        let rows = try await WorkerClients.postgres(worker, logger: logger).executeThenClose { try await perform(task, on: $0) }
        return Self.json(rows)
    }

    private func perform(_ task: MigrationTask, on postgres: PostgresClient) async throws -> [Row] {
        if case .baseline(let version) = task {
            let own: Worker.History = (FrameworkMigrations.ownHistoryTable, try worker.ownMigrations())
            try await worker.migrator(own, postgres, logger: logger).baseline(version: version)
            return [Row(history: own.table, script: version, state: "baseline")]
        }
        var rows: [Row] = []
        for history in try worker.histories() {
            let migrator = worker.migrator(history, postgres, logger: logger)
            switch task {
            case .info: rows += Self.rows(history.table, try await migrator.info())
            case .validate: try await migrator.validate()
            case .repair: rows += Self.rows(history.table, try await migrator.repair())
            case .baseline: break
            }
        }
        return rows
    }

    private static func rows(_ history: String, _ infos: [MigrationInfo]) -> [Row] {
        infos.map { Row(history: history, script: $0.script, state: $0.state.rawValue, info: $0) }
    }

    private static func rows(_ history: String, _ report: RepairReport) -> [Row] {
        report.removed.map { Row(history: history, script: $0, state: "removed") }
            + report.aligned.map { Row(history: history, script: $0, state: "aligned") }
            + report.deleted.map { Row(history: history, script: $0, state: "deleted") }
    }

    private static func json(_ rows: [Row]) -> [UInt8] {
        var json = JSONObjectWriter()
        json.array("migrations", rows) { row, item in
            item.string("history", row.history)
            item.string("script", row.script)
            item.string("state", row.state)
            item.string("version", row.info?.version?.text)
            item.string("description", row.info?.description)
            item.date("appliedAt", row.info?.entry?.installedOn)
        }
        return json.finished()
    }
}
