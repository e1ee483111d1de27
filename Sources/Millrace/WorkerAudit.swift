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
        try await db.queryOne(
            """
            SELECT (SELECT count(*) FROM inbox) AS "inbox.handled", (SELECT count(*) FROM outbox) AS "outbox.unsent",
                (SELECT count(*) FROM parked) AS parked, (SELECT count(*) FROM timers) AS "timers.pending",
                (SELECT coalesce(sum(last), 0)::bigint FROM outbox_sequence) AS "events.published"
            """,
            as: [String: Int].self) ?? [:]
    }

    private func sagaCounts(_ db: PostgresTransaction) async throws -> [String: Int] {
        try await db.queryOne(
            """
            SELECT count(*) AS "sagas.total",
                count(*) FILTER (WHERE status = 'completed') AS "sagas.completed",
                count(*) FILTER (WHERE status = 'compensated') AS "sagas.compensated",
                count(*) FILTER (WHERE status NOT IN ('completed', 'compensated')) AS "sagas.unfinished",
                count(*) FILTER (WHERE status = 'stuck') AS "sagas.stuck"
            FROM saga_instances
            """,
            as: [String: Int].self) ?? [:]
    }

    static func json(_ counts: [String: Int]) -> [UInt8] {
        var json = JSONObjectWriter()
        for (key, value) in counts.sorted(by: { $0.key < $1.key }) { json.integer(key, value) }
        return json.finished()
    }
}
