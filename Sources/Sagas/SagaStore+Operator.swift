import Contracts
import Messaging
import Postgres

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension SagaStore {
    /// Hands in an operator's request. The worker, which is woken, carries it out at once, or when it runs again; the instance's
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
                TimerWake.statement,
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
}
