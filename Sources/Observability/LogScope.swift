#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What the present task works on. Every log line written inside ``withScope(_:_:)`` carries these fields, so that all
/// lines of one order, over all workers, can be found by one id.
public struct LogScope: Sendable {
    /// The id that all messages of one flow share.
    public var correlation: UUID?
    /// The W3C trace parent; its trace id is logged.
    public var traceparent: String?
    /// The id of the message that is handled.
    public var messageID: UUID?
    /// The type of the message that is handled, as `stock.reserve`.
    public var messageType: String?

    /// Creates a scope.
    public init(correlation: UUID? = nil, traceparent: String? = nil, messageID: UUID? = nil, messageType: String? = nil) {
        self.correlation = correlation
        self.traceparent = traceparent
        self.messageID = messageID
        self.messageType = messageType
    }

    /// The scope of the present task, if it has one.
    @TaskLocal public static var current: LogScope?

    /// Runs `body` so that its log lines carry `scope`.
    public static func withScope<R>(
        _ scope: LogScope, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> R
    ) async rethrows -> R {
        try await $current.withValue(scope, operation: body)
    }

    func write(into line: inout JSONLine) {
        if let correlation { line.member("correlation", correlation.uuidString.lowercased()) }
        if let traceparent { line.member("trace", String(traceparent.dropFirst(3).prefix(32))) }
        if let messageType { line.member("message_type", messageType) }
        if let messageID { line.member("message_id", messageID.uuidString.lowercased()) }
    }
}
