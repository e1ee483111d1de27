internal import Postgres

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// An event as it was recorded.
public struct JournalEntry: Sendable, Equatable {
    /// Its place, from 1 without gaps.
    public let position: Int64
    /// The topic it came from.
    public let topic: String
    /// Its type.
    public let type: String
    /// When it was recorded, by the database's clock. Never before that of the entry before.
    public let recordedAt: Date
    /// The envelope, byte for byte as it was delivered.
    public let body: [UInt8]

    static let columns: SQL = "e.position, e.topic, e.type, e.recorded_at, e.body"

    init(_ row: PostgresRow) throws(PostgresError) {
        position = try row.decode(Int64.self, at: 0)
        topic = try row.decode(String.self, at: 1)
        type = try row.decode(String.self, at: 2)
        recordedAt = try row.decode(Date.self, at: 3)
        body = try row.decode([UInt8].self, at: 4)
    }
}
