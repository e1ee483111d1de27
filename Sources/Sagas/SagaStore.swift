import Contracts
public import Postgres

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Looks into a worker's sagas and hands in an operator's requests.
///
/// It needs nothing but a database client whose search path is the worker's schema.
public struct SagaStore: Sendable {
    let postgres: PostgresClient

    /// - Parameter postgres: a client whose search path is the worker's schema.
    public init(postgres: PostgresClient) { self.postgres = postgres }

    /// Lists instances, newest first.
    ///
    /// - Parameter limit: 1 to 1,000. For the next page set ``SagaFilter/before`` to the last id.
    /// - Throws: ``PostgresError``.
    public func list(_ filter: SagaFilter = SagaFilter(), limit: Int = 50) async throws -> [SagaSummary] {
        var sql: SQL = "SELECT \(Self.summaryColumns) FROM saga_instances WHERE true"
        if let saga = filter.saga { sql += " AND saga = \(saga)" }
        if let key = filter.key { sql += " AND key = \(key)" }
        if let before = filter.before { sql += " AND id < \(before)" }
        if !filter.statuses.isEmpty { sql += Self.condition(filter.statuses) }
        sql += " ORDER BY id DESC LIMIT \(min(max(limit, 1), 1_000))"
        return try await postgres.execute(sql).map { try Self.summary($0) }
    }

    /// The statuses as literals, so that the planner sees when the index of open instances serves.
    private static func condition(_ statuses: Set<SagaStatus>) -> SQL {
        let literals: [SQL] = statuses.sorted { $0.rawValue < $1.rawValue }.map {
            switch $0 {
            case .running: "'running'"
            case .compensating: "'compensating'"
            case .completed: "'completed'"
            case .compensated: "'compensated'"
            case .stuck: "'stuck'"
            }
        }
        return " AND status IN (\(literals.joined(separator: ", ")))"
    }

    /// Shows one instance with its timeline.
    ///
    /// - Returns: nil when there is none with this id.
    /// - Throws: ``PostgresError``.
    public func show(_ id: UUID) async throws -> SagaDetails? {
        try await postgres.withTransaction(isolation: .repeatableRead) { db in
            let found = try await db.execute(
                "SELECT \(Self.summaryColumns), state::text FROM saga_instances WHERE id = \(id)"
            ).first
            guard let row = found else { return nil }
            return SagaDetails(
                summary: try Self.summary(row), state: try row.decode(String.self, at: 11),
                timeline: try await Self.timeline(of: id, on: db))
        }
    }

    /// How many instances there are: `sagas.total`, `.completed`, `.compensated`, `.unfinished` (not final), `.stuck`.
    ///
    /// - Throws: ``PostgresError``.
    public static func audit(on db: any PostgresExecutor) async throws -> [String: Int] {
        let counts = try await db.execute("SELECT status, count(*) FROM saga_instances GROUP BY status")
        var byStatus: [SagaStatus: Int] = [:]
        for row in counts {
            let (status, count) = try row.decode(String.self, Int.self)
            if let status = SagaStatus(rawValue: status) { byStatus[status] = count }
        }
        return [
            "sagas.total": byStatus.values.reduce(0, +),
            "sagas.completed": byStatus[.completed, default: 0],
            "sagas.compensated": byStatus[.compensated, default: 0],
            "sagas.unfinished": byStatus.filter { !$0.key.isFinal }.values.reduce(0, +),
            "sagas.stuck": byStatus[.stuck, default: 0],
        ]
    }

    // MARK: Rows

    static var summaryColumns: SQL {
        "id, saga, status, step_name, attempt, key, correlation_id, started_by, last_error, created_at, updated_at"
    }

    static func summary(_ row: PostgresRow) throws -> SagaSummary {
        let (id, saga, status, step, attempt, key, correlation, startedBy, lastError, createdAt, updatedAt) =
            try row.decode(
                UUID.self, String.self, String.self, String.self, Int.self, String.self, UUID?.self, UUID.self,
                String?.self,
                Date.self, Date.self)
        guard let status = SagaStatus(rawValue: status) else {
            throw SagaError(.corrupt, "instance \(id) has the status \"\(status)\"")
        }
        return SagaSummary(
            id: id, saga: saga, status: status, step: step, attempt: attempt, key: key, correlationID: correlation,
            startedBy: startedBy, lastError: lastError, createdAt: createdAt, updatedAt: updatedAt)
    }
}
