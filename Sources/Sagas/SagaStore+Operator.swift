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
    /// The request is left to the worker because only the worker has the saga's definition, and with it the commands. It carries
    /// where the instance stands now: if it has moved on by the time the worker comes to it, a request to skip or retry is refused,
    /// so that repeating it does no harm.
    ///
    /// - Parameters:
    ///   - step: the name of the step that is meant; at another one the request is refused. nil means whatever step is at hand.
    ///   - by: who asks; stands in the timeline.
    ///   - reason: why; stands in the timeline.
    /// - Returns: the instance as it was when the request was handed in.
    /// - Throws: ``SagaError`` `.unknownInstance`; `.refused` when the instance is final, is at another step than `step`, or is
    ///   being compensated already and `.compensate` is asked for; ``PostgresError``.
    @discardableResult
    public func request(
        _ operation: SagaOperation, _ id: UUID, at step: String? = nil, by: String, reason: String = ""
    ) async throws -> SagaSummary {
        let words = [by, reason].filter { !$0.isEmpty }.joined(separator: ": ")
        let note = SagaNote(.requested, step: nil, "\(operation.rawValue): \(words)")
        return try await postgres.withTransaction { db in
            let (before, number) = try await Self.standing(of: id, on: db)
            try Self.check(operation, before, at: step)
            let seen = SagaSighting(status: before.status, step: number)
            _ = try await db.pipeline([
                SagaWrite.remember(note, of: id, step: before.step),
                Self.timer(
                    key: before.key, payload: SagaTimers.payload(id, operation, seen: seen, reason: words),
                    correlation: before.correlationID),
                TimerWake.statement,
            ])
            return before
        }
    }

    private static func standing(of id: UUID, on db: PostgresTransaction) async throws -> (SagaSummary, step: Int) {
        let found = try await db.execute("SELECT \(summaryColumns), step FROM saga_instances WHERE id = \(id)").first
        guard let row = found else { throw SagaError(.unknownInstance, "there is no saga instance \(id)") }
        return (try summary(row), try row.decode(Int.self, at: 11))
    }

    /// Only a help for the operator: the worker decides by the status that the instance has then.
    private static func check(_ operation: SagaOperation, _ before: SagaSummary, at step: String?) throws(SagaError) {
        if before.status.isFinal {
            throw SagaError(.refused, "instance \(before.id) is \(before.status.rawValue); nothing is left to do")
        }
        if let step, step != before.step {
            throw SagaError(.refused, "instance \(before.id) is \(before.status.rawValue) at \"\(before.step)\", not at \"\(step)\"")
        }
        if operation == .compensate, before.status != .running {
            throw SagaError(.refused, "instance \(before.id) is being compensated already; retry or skip the step at hand")
        }
    }

    private static func timer(key: String, payload: [UInt8], correlation: UUID?) -> SQL {
        """
        INSERT INTO timers (id, kind, partition_key, due_at, payload, correlation_id) \
        VALUES (\(UUID.v7()), \(SagaTimers.request), \(key), now(), \(payload), \(correlation))
        """
    }
}
