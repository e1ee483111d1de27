import Contracts
import Postgres

/// A handler threw. Says which one.
struct HandlerFailure: Error, CustomStringConvertible {
    let handler: String
    let error: any Error

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

    static func isPermanent(_ error: any Error) -> Bool {
        if let failure = error as? HandlerFailure { return isPermanent(failure.error) }
        return error is Permanent || error is ContractViolation
    }
}
