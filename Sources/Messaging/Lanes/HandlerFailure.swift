import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A handler threw. Says which one.
struct HandlerFailure: Error, CustomStringConvertible {
    let handler: String
    let error: any Error
    /// The messages whose handlers have failed by themselves, see ``Blame/isOwn(_:)``. Several may, side by side.
    var thrown: Set<UUID> = []

    var description: String { "\(handler): \(error)" }
}

/// An error that knows where it was thrown. Failures of one type at one place are grouped; conform your errors to have
/// the file and line in the group's place.
public protocol LocatedError: Error {
    /// The source file, `#fileID`.
    var file: String { get }
    /// The line.
    var line: Int { get }
}

extension Permanent: LocatedError {}
extension MessagingError: LocatedError {}

/// Sorts errors: whose fault is it?
enum Blame {
    /// Whether the database, not the message, is the cause: it cannot be reached, or it cannot write. Such a failure
    /// never counts against the message; the worker waits and runs it again.
    static func isInfrastructure(_ error: any Error) -> Bool {
        if let failure = error as? HandlerFailure { return isInfrastructure(failure.error) }
        guard let error = error as? PostgresError else { return false }
        if error.isConnectionFailure || error.code == .poolTimeout || error.code == .poolClosed { return true }
        if error.code == .aborted, let cause = error.underlying { return isInfrastructure(cause) }
        guard let state = error.sqlState else { return false }
        // 53: out of disk, memory or connections. 58: I/O. 25006: a standby was promoted away from us.
        return state.hasPrefix("53") || state.hasPrefix("58") || state == "25006"
    }

    /// Whether what a handler threw is its own failure: not that of a statement of another one in the same transaction, and not a
    /// refusal of what was assumed.
    static func isOwn(_ error: any Error) -> Bool {
        if isInfrastructure(error) { return false }
        guard let error = error as? PostgresError else { return true }
        return error.code != .aborted && !InboxStatements.isRefusal(error)
    }

    /// Whether what was assumed of messages, or by their handlers, did not hold.
    static func isRefusal(_ error: any Error) -> Bool {
        if let failure = error as? HandlerFailure { return isRefusal(failure.error) }
        return (error as? PostgresError).map(InboxStatements.isRefusal) ?? false
    }

    static func isPermanent(_ error: any Error) -> Bool {
        if let failure = error as? HandlerFailure { return isPermanent(failure.error) }
        return error is Permanent || error is ContractViolation
    }
}
