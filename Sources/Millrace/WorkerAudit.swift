import Edge
import Logging
import Postgres

/// A worker's counts and checks: the framework's, and the worker's own.
struct WorkerAudit {
    let worker: Worker
    let logger: Logger

    init(_ worker: Worker, logger: Logger) {
        self.worker = worker
        self.logger = logger
    }

    /// Counts, all in one snapshot of the database.
    func counts() async throws -> [String: Int] {
        try await WorkerClients.postgres(worker, logger: logger).executeThenClose { postgres in
            try await postgres.withTransaction(isolation: .repeatableRead) { try await self.counts($0) }
        }
    }

    private func counts(_ db: PostgresTransaction) async throws -> [String: Int] {
        var counts = try await messagingCounts(db)
        if !worker.sagas.isEmpty { counts.merge(try await sagaCounts(db)) { first, _ in first } }
        for audit in worker.audits {
            for (key, value) in try await audit(db) {
                guard counts.updateValue(value, forKey: key) == nil else {
                    throw UsageError("the audit has two values for '\(key)'")
                }
            }
        }
        return counts
    }

    private func messagingCounts(_ db: PostgresTransaction) async throws -> [String: Int] {
        let row = try await db.queryOne(
            """
            SELECT (SELECT count(*) FROM inbox) AS handled, (SELECT count(*) FROM outbox) AS unsent,
                (SELECT count(*) FROM parked) AS parked, (SELECT count(*) FROM timers) AS timers
            """,
            as: MessagingRow.self)
        guard let row else { return [:] }
        return [
            "inbox.handled": row.handled, "outbox.unsent": row.unsent, "parked": row.parked, "timers.pending": row.timers,
        ]
    }

    private func sagaCounts(_ db: PostgresTransaction) async throws -> [String: Int] {
        let rows = try await db.query(
            "SELECT status::text AS status, count(*) AS count FROM saga_instances GROUP BY status", as: SagaRow.self)
        func sum(_ isCounted: (String) -> Bool) -> Int {
            rows.reduce(0) { $0 + (isCounted($1.status) ? $1.count : 0) }
        }
        return [
            "sagas.total": sum { _ in true },
            "sagas.completed": sum { $0 == "completed" },
            "sagas.compensated": sum { $0 == "compensated" },
            "sagas.unfinished": sum { $0 != "completed" && $0 != "compensated" },
            "sagas.stuck": sum { $0 == "stuck" },
        ]
    }

    static func json(_ counts: [String: Int]) -> [UInt8] {
        var json = JSONObjectWriter()
        for (key, value) in counts.sorted(by: { $0.key < $1.key }) { json.integer(key, value) }
        return json.finished()
    }

    private struct MessagingRow: Decodable, Sendable {
        var handled: Int
        var unsent: Int
        var parked: Int
        var timers: Int
    }

    private struct SagaRow: Decodable, Sendable {
        var status: String
        var count: Int
    }
}
