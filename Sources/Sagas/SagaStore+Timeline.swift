import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension SagaStore {
    /// Both lists of what happened, put in order.
    static func timeline(of id: UUID, on db: PostgresTransaction) async throws -> [SagaTimelineEntry] {
        // The ids of an instance's commands begin like its own (`UUID.derived` keeps the first 58 bits), so they lie close
        // together in the primary key, and the table needs no second index.
        let (first, last) = neighbours(of: id)
        let results = try await db.pipeline([
            """
            SELECT command_id, name, direction, attempt, status, sent_at, answered_at, detail FROM saga_steps \
            WHERE saga_id = \(id) AND command_id BETWEEN \(first) AND \(last) ORDER BY sent_at, step
            """,
            "SELECT at, kind, step, detail FROM saga_history WHERE saga_id = \(id) ORDER BY position",
        ])
        var entries: [SagaTimelineEntry] = []
        for row in results[0] { entries += try commandEntries(row) }
        for row in results[1] {
            let (at, kind, step, detail) = try row.decode(Date.self, String.self, String?.self, String.self)
            entries.append(
                SagaTimelineEntry(at: at, kind: kind, step: step, direction: nil, commandID: nil, detail: detail))
        }
        // What one transaction wrote has one time: an answer comes before the command that it led to.
        return entries.enumerated().sorted { a, b in
            a.element.at != b.element.at
                ? a.element.at < b.element.at
                : rank(a.element) != rank(b.element) ? rank(a.element) < rank(b.element) : a.offset < b.offset
        }.map(\.element)
    }

    private static func rank(_ entry: SagaTimelineEntry) -> Int { entry.kind == SagaOutcome.sent.rawValue ? 1 : 0 }

    private static func commandEntries(_ row: PostgresRow) throws -> [SagaTimelineEntry] {
        let (command, name, direction, attempt, status, sentAt, answeredAt, detail) = try row.decode(
            UUID.self, String.self, String.self, Int.self, String.self, Date.self, Date?.self, String?.self)
        func entry(_ at: Date, _ kind: String, _ detail: String?) -> SagaTimelineEntry {
            SagaTimelineEntry(
                at: at, kind: kind, step: name, direction: SagaDirection(rawValue: direction), commandID: command,
                detail: detail)
        }
        let sent = entry(sentAt, SagaOutcome.sent.rawValue, attempt > 1 ? "sending \(attempt) was the last" : nil)
        return answeredAt.map { [sent, entry($0, status, detail)] } ?? [sent]
    }

    /// The first and the last id that share the first 48 bits with this one: for a version 7 id, its millisecond.
    static func neighbours(of id: UUID) -> (first: UUID, last: UUID) {
        let u = id.uuid
        return (
            UUID(uuid: (u.0, u.1, u.2, u.3, u.4, u.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
            UUID(uuid: (u.0, u.1, u.2, u.3, u.4, u.5, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))
        )
    }
}
