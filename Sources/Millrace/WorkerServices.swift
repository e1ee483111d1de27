public import Logging
public import Messaging
public import Postgres

/// What a running worker has at hand, for its routes and its own services.
public struct WorkerServices: Sendable {
    /// The worker's name.
    public let name: String
    /// What the environment says.
    public let settings: WorkerSettings
    /// The worker's own schema.
    public let db: PostgresClient
    /// Publishes and sends, each in a transaction with rows of state.
    public let messaging: Messaging
    /// The worker's logger.
    public let logger: Logger
    /// Readiness, and the reasons against it.
    public let health: WorkerHealth
}
