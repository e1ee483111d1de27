#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A timer whose time has come.
public struct FiredTimer: Sendable {
    /// The id it was scheduled with.
    public let id: UUID
    /// The kind it was scheduled with.
    public let kind: String
    /// The key it was scheduled with.
    public let key: String
    /// When it was due, on the database's clock. After a failure, when the retry was due.
    public let dueAt: Date
    /// The payload it was scheduled with.
    public let payload: [UInt8]
    /// Which run this is, counted from 1.
    public let attempt: Int
    /// The correlation of the message that scheduled it.
    public let correlationID: UUID?
    /// The id of the message that scheduled it.
    public let causationID: UUID?
}

/// A timer to write.
struct TimerEntry: Sendable {
    var id: UUID
    var kind: String
    var key: String
    var after: Duration
    var payload: [UInt8]
    var correlationID: UUID?
    var causationID: UUID?
    var traceparent: String?
}
