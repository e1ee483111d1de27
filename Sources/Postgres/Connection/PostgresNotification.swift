/// A message of `NOTIFY`.
public struct PostgresNotification: Sendable, Hashable {
    /// The channel.
    public let channel: String
    /// Its text, at most 8,000 bytes; empty when none was given.
    public let payload: String
    /// The server process that sent it.
    public let processID: Int32
}
