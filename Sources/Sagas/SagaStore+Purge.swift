import Contracts
import Messaging
import Postgres

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension SagaStore {
    /// So many instances in one transaction, so that none holds locks for long.
    static let purgeChunk = 1_000

    /// Removes instances that came to their end before a time, with their timelines, a thousand in a transaction. It looks at every
    /// instance there is; ``SagaRetention`` does the same without that.
    ///
    /// - Returns: how many instances were removed.
    /// - Throws: ``PostgresError``.
    public func purge(finishedBefore time: Date) async throws -> Int {
        var removed = 0
        while true {
            let count = try await purgeChunk(finishedBefore: time, startedBefore: nil)
            removed += count
            if count < Self.purgeChunk { return removed }
        }
    }

    /// Removes the oldest instances that came to their end before a time.
    ///
    /// - Parameter startedBefore: looks only at instances whose id is older. Ids begin as those of the events that started the
    ///   instances, and these begin with the time (UUID version 7), so the primary key finds them and no other index is needed.
    /// - Returns: how many were removed; fewer than ``purgeChunk`` if there are no more.
    func purgeChunk(finishedBefore time: Date, startedBefore: Date?) async throws -> Int {
        try await postgres.withTransaction { db in
            let bound: SQL = if let startedBefore { "AND id < \(UUID.v7(at: startedBefore))" } else { "" }
            let rows = try await db.execute(
                """
                DELETE FROM saga_instances WHERE id IN (SELECT id FROM saga_instances \
                WHERE status IN ('completed', 'compensated') AND updated_at < \(time) 
                """ + bound + """
                     ORDER BY id LIMIT \(Self.purgeChunk)) AND status IN ('completed', 'compensated') RETURNING id
                    """)
            try await Self.removeTraces(of: rows.map { try $0.decode(UUID.self, at: 0) }, on: db)
            return rows.count
        }
    }

    /// The steps and the history of instances that are gone.
    private static func removeTraces(of ids: [UUID], on db: PostgresTransaction) async throws {
        guard let first = ids.min(by: { $0.lowercased < $1.lowercased }),
            let last = ids.max(by: { $0.lowercased < $1.lowercased })
        else { return }
        let (low, high) = (neighbours(of: first).first, neighbours(of: last).last)
        try await db.pipeline([
            "DELETE FROM saga_steps WHERE command_id BETWEEN \(low) AND \(high) AND saga_id = ANY(\(ids))",
            "DELETE FROM saga_history WHERE saga_id = ANY(\(ids))",
        ])
    }
}
