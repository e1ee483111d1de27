#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A parked message.
public struct Failure: Sendable, Codable, Hashable {
    /// What becomes of it.
    public enum Status: String, Sendable, Codable {
        /// It is run again when its time has come.
        case retrying
        /// It waits for an earlier one of its key.
        case waiting
        /// It waits for an operator.
        case failed
    }

    /// Its place in the order of parking; the order of its key.
    public let position: Int64
    /// The message's id.
    public let id: UUID
    /// The message's key; nil when it has none or could not be parsed.
    public let partitionKey: String?
    /// The exchange it came from; `timers` for a timer.
    public let exchange: String
    /// The message's type; the routing key when it could not be parsed.
    public let type: String
    /// What becomes of it.
    public let status: Status
    /// How often it has run since it was parked.
    public let attempts: Int
    /// When it is run next.
    public let nextAttemptAt: Date?
    /// Failures of one kind at one place share it.
    public let fingerprint: String?
    /// The type of the error.
    public let errorType: String?
    /// The error.
    public let errorMessage: String?
    /// The handler, with file and line when the error tells them.
    public let errorPlace: String?
    /// When it was parked.
    public let parkedAt: Date
    /// The message as it came. Empty in lists.
    public var body: [UInt8]
}

/// Failures with one fingerprint.
public struct FailureGroup: Sendable, Codable, Hashable {
    /// What they share; nil for messages that only wait for an earlier one.
    public let fingerprint: String?
    /// The type of their error.
    public let errorType: String?
    /// The place of their error.
    public let errorPlace: String?
    /// One of their errors.
    public let example: String?
    /// How many.
    public let count: Int
    /// How many of them wait for an operator.
    public let failed: Int
    /// When the first was parked.
    public let first: Date
    /// When the last was parked.
    public let last: Date
}

/// Which failures an operation is about. All given conditions must hold.
public struct FailureFilter: Sendable, Hashable {
    /// The message's id.
    public var id: UUID?
    /// The fingerprint of a group.
    public var fingerprint: String?
    /// The message's type.
    public var type: String?
    /// The message's key.
    public var partitionKey: String?
    /// What becomes of it.
    public var status: Failure.Status?
    /// A part of the error's text or type, upper and lower case alike.
    public var errorContains: String?

    /// Makes a filter; without conditions it matches all.
    public init(
        id: UUID? = nil, fingerprint: String? = nil, type: String? = nil, partitionKey: String? = nil,
        status: Failure.Status? = nil, errorContains: String? = nil
    ) {
        self.id = id
        self.fingerprint = fingerprint
        self.type = type
        self.partitionKey = partitionKey
        self.status = status
        self.errorContains = errorContains
    }

    /// All failures.
    public static let all = FailureFilter()
    /// One.
    public static func one(_ id: UUID) -> FailureFilter { FailureFilter(id: id) }
    /// A group.
    public static func group(_ fingerprint: String) -> FailureFilter { FailureFilter(fingerprint: fingerprint) }
}
