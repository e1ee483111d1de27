public import Postgres

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// How far a projection has come with the events of one source.
///
/// It is the last event that was applied. Earlier ones may still be missing when they are parked; those are in the table
/// `parked`. It is written in the transaction that applies the event, so it is exact.
public struct ProjectionCheckpoint: Table, Equatable {
    /// The name of the projection.
    public var name: String
    /// The version of its rows.
    public var version: Int
    /// The worker whose events these are: `/workers/orders`.
    public var source: String
    /// The number of the event among all of its source; `nil` if its source does not number.
    public var sequence: Int64?
    /// The id of the event.
    public var eventID: UUID
    /// When the event happened, as its envelope says.
    public var eventTime: Date
    /// When it was applied.
    public var updatedAt: Date

    /// The table.
    public static let table = "projections"
    /// Its columns.
    public static let columns: Columns<Self> = [
        .init(\.name, "name"), .init(\.version, "version"), .init(\.source, "source"), .init(\.sequence, "sequence"),
        .init(\.eventID, "event_id"), .init(\.eventTime, "event_time"), .init(\.updatedAt, "updated_at"),
    ]

    /// The checkpoints of a worker's schema, by name, version and source.
    ///
    /// - Parameters:
    ///   - name: only those of this projection.
    ///   - executor: a connection whose search path is the worker's schema.
    /// - Throws: `PostgresError`.
    public static func all(
        of name: String? = nil, on executor: some PostgresExecutor
    ) async throws(PostgresError) -> [ProjectionCheckpoint] {
        var query = executor.select(ProjectionCheckpoint.self).order(by: \.name).order(by: \.version).order(by: \.source)
        if let name { query = query.where(\.name == name) }
        return try await query.all()
    }
}
