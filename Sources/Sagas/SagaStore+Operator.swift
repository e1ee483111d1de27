import Contracts
import Messaging
import Postgres

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension SagaStore {
    /// Hands in an operator's request. The worker carries it out within about a second, once it runs; the instance's
    /// timeline shows the request, and then what came of it.
    ///
    /// The request is left to the worker because only the worker has the saga's definition, and with it the commands.
    ///
    /// - Parameters:
    ///   - by: who asks; stands in the timeline.
    ///   - reason: why; stands in the timeline.
    /// - Returns: the instance as it was when the request was handed in.
    /// - Throws: ``SagaError`` `.unknownInstance`; `.refused` when the instance is final, or is being compensated already
    ///   and `.compensate` is asked for; ``PostgresError``.
    @discardableResult
    public func request(
        _ operation: SagaOperation, _ id: UUID, by: String, reason: String = ""
    ) async throws -> SagaSummary {
        let words = [by, reason].filter { !$0.isEmpty }.joined(separator: ": ")
        guard let before = try await show(id)?.summary else {
            throw SagaError(.unknownInstance, "there is no saga instance \(id)")
        }
        // Only a help for the operator: the worker decides by the status that the instance has then.
        if before.status.isFinal {
            throw SagaError(.refused, "instance \(id) is \(before.status.rawValue); nothing is left to do")
        }
        if operation == .compensate, before.status != .running {
            throw SagaError(.refused, "instance \(id) is being compensated already; retry or skip the step at hand")
        }
        let note = SagaNote(.requested, step: nil, "\(operation.rawValue): \(words)")
        _ = try await postgres.withTransaction { db in
            try await db.pipeline([
                SagaWrite.remember(note, of: id, step: before.step),
                Self.timer(
                    key: before.key, payload: SagaTimers.payload(id, operation, reason: words),
                    correlation: before.correlationID),
            ])
        }
        return before
    }

    private static func timer(key: String, payload: [UInt8], correlation: UUID?) -> SQL {
        """
        INSERT INTO timers (id, kind, partition_key, due_at, payload, correlation_id) \
        VALUES (\(UUID.v7()), \(SagaTimers.request), \(key), now(), \(payload), \(correlation))
        """
    }

    /// Removes instances that came to their end before a time, with their timelines, a thousand in a transaction.
    ///
    /// - Returns: how many instances were removed.
    /// - Throws: ``PostgresError``.
    public func purge(finishedBefore time: Date) async throws -> Int {
        var removed = 0
        while true {
            let count = try await postgres.withTransaction { db in try await Self.purge(finishedBefore: time, on: db) }
            removed += count
            if count == 0 { return removed }
        }
    }

    private static func purge(finishedBefore time: Date, on db: PostgresTransaction) async throws -> Int {
        let rows = try await db.execute(
            """
            DELETE FROM saga_instances WHERE id IN (SELECT id FROM saga_instances \
            WHERE status IN ('completed', 'compensated') AND updated_at < \(time) ORDER BY id LIMIT 1000) RETURNING id
            """)
        let ids = try rows.map { try $0.decode(UUID.self, at: 0) }
        guard let first = ids.min(by: { $0.lowercased < $1.lowercased }),
            let last = ids.max(by: { $0.lowercased < $1.lowercased })
        else { return 0 }
        let (low, high) = (neighbours(of: first).first, neighbours(of: last).last)
        try await db.pipeline([
            "DELETE FROM saga_steps WHERE command_id BETWEEN \(low) AND \(high) AND saga_id = ANY(\(ids))",
            "DELETE FROM saga_history WHERE saga_id = ANY(\(ids))",
        ])
        return ids.count
    }
}
