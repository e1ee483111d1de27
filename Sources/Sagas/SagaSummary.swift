#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// An instance at a glance.
public struct SagaSummary: Codable, Sendable, Equatable, Identifiable {
    /// The instance.
    public let id: UUID
    /// The saga's name.
    public let saga: String
    /// Where the instance stands.
    public let status: SagaStatus
    /// The name of the step whose answer is awaited, or was awaited last.
    public let step: String
    /// How often the compensation at hand has been sent; 0 while running.
    public let attempt: Int
    /// The partition key of the event that started it.
    public let key: String
    /// The correlation of everything that belongs to it.
    public let correlationID: UUID?
    /// The id of the event that started it.
    public let startedBy: UUID
    /// What went wrong last.
    public let lastError: String?
    /// When it was started, on the database's clock.
    public let createdAt: Date
    /// When it moved last, on the database's clock.
    public let updatedAt: Date
}

/// Everything that is stored of an instance.
public struct SagaDetails: Codable, Sendable, Equatable {
    /// The instance.
    public let summary: SagaSummary
    /// The state's JSON.
    public let state: String
    /// What happened, oldest first.
    public let timeline: [SagaTimelineEntry]
}

/// One line of an instance's timeline.
public struct SagaTimelineEntry: Codable, Sendable, Equatable {
    /// When, on the database's clock.
    public let at: Date
    /// What: `sent`, the outcome of a command (``SagaOutcome``), or the kind of a note (``SagaNote/Kind``).
    public let kind: String
    /// The step's name.
    public let step: String?
    /// Which of the step's commands.
    public let direction: SagaDirection?
    /// The command's id.
    public let commandID: UUID?
    /// In words.
    public let detail: String?
}

/// Which instances to list.
public struct SagaFilter: Sendable {
    /// Only this saga.
    public var saga: String?
    /// Only instances that stand so; empty for all.
    public var statuses: Set<SagaStatus>
    /// Only the instance of this partition key.
    public var key: String?
    /// Only instances older than this one: the last id of the page before.
    public var before: UUID?

    /// All instances, unless said otherwise.
    public init(saga: String? = nil, statuses: Set<SagaStatus> = [], key: String? = nil, before: UUID? = nil) {
        self.saga = saga
        self.statuses = statuses
        self.key = key
        self.before = before
    }
}
