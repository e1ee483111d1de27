import Messaging
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What one input changes in the tables, gathered so that it leaves as one statement.
struct SagaWrite: Sendable {
    struct Settled: Sendable {
        var command: UUID
        var outcome: SagaOutcome
        var detail: String?
    }

    struct Sent: Sendable {
        var command: UUID
        var step: Int
        var name: String
        var direction: SagaDirection
        var attempt: Int
    }

    let id: UUID
    let version: Int
    var progress: SagaProgress
    var stepName: String
    /// The JSON of the state; nil leaves it as it is.
    var state: String?
    /// Nil leaves the last error as it is.
    var error: String?
    var settled: Settled?
    var sent: Sent?
    var notes: [(note: SagaNote, step: String?)] = []

    /// Moves the instance, settles the answered command and records the next one.
    ///
    /// Messages of one batch share a transaction, in which `FOR UPDATE` does not keep two of them apart. The version
    /// does: a write that comes second fails as a serialization failure, and the messages are handled again.
    var statement: SQL {
        var sql: SQL = """
            WITH moved AS (UPDATE saga_instances SET status = \(progress.status.rawValue), progress = \(progress.letters), \
            step = \(progress.current), step_name = \(stepName), attempt = \(progress.attempt), version = version + 1, \
            state = coalesce(\(state)::json, state), last_error = coalesce(\(error), last_error), updated_at = now() \
            WHERE id = \(id) AND version = \(version) RETURNING id)
            """
        if let settled {
            sql += """
                , settled AS (UPDATE saga_steps SET status = \(settled.outcome.rawValue), answered_at = now(), \
                detail = \(settled.detail) WHERE command_id = \(settled.command))
                """
        }
        if let sent {
            sql += """
                , sent AS (INSERT INTO saga_steps (command_id, saga_id, step, name, direction, attempt) \
                VALUES (\(sent.command), \(id), \(sent.step), \(sent.name), \(sent.direction.rawValue), \(sent.attempt)) \
                ON CONFLICT (command_id) DO UPDATE SET attempt = excluded.attempt)
                """
        }
        return sql + " SELECT CASE WHEN count(*) = 1 THEN 1 ELSE saga_moved(\(id)) END FROM moved"
    }

    /// Begins an instance and records its first command. It answers 1, or 0 when the instance is there already, which an eager
    /// run refuses.
    static func begin(
        id: UUID, saga: String, definition: String, key: String, state: String, correlation: UUID?, startedBy: UUID,
        progress: SagaProgress, sent: Sent, isEager: Bool
    ) -> SQL {
        let answer: SQL =
            isEager ? "CASE WHEN count(*) = 0 THEN \(MessageContext.refusal) END" : "count(*)"
        return """
            WITH begun AS (INSERT INTO saga_instances \
            (id, saga, definition, key, state, status, progress, step, step_name, correlation_id, started_by) \
            VALUES (\(id), \(saga), \(definition), \(key), \(state)::json, \(progress.status.rawValue), \(progress.letters), \
            \(progress.current), \(sent.name), \(correlation), \(startedBy)) ON CONFLICT (id) DO NOTHING RETURNING id), \
            sent AS (INSERT INTO saga_steps (command_id, saga_id, step, name, direction) \
            SELECT \(sent.command), id, \(sent.step), \(sent.name), \(sent.direction.rawValue) FROM begun) \
            SELECT \(answer) FROM begun
            """
    }

    /// Remembers something about an instance.
    static func remember(_ note: SagaNote, of id: UUID, step: String?) -> SQL {
        """
        INSERT INTO saga_history (saga_id, kind, step, detail) \
        VALUES (\(id), \(note.kind.rawValue), \(step), \(note.detail))
        """
    }
}
