/// What a pool is doing and has done.
public struct PoolStatistics: Sendable, Hashable {
    /// Connections that are open, used or not.
    public var open = 0
    /// Open connections nobody uses.
    public var idle = 0
    /// Connections in use, or being checked before use.
    public var leased = 0
    /// Connections being opened.
    public var connecting = 0
    /// Callers that wait for a connection.
    public var waiting = 0
    /// Connections handed out since the start.
    public var acquired: UInt64 = 0
    /// Callers that gave up for lack of time since the start.
    public var timeouts: UInt64 = 0
    /// Connections opened since the start.
    public var opened: UInt64 = 0
    /// Connections that ended since the start, for whatever reason.
    public var closed: UInt64 = 0
    /// Attempts to connect that failed since the start.
    public var connectFailures: UInt64 = 0

    /// All zero.
    public init() {}
}
