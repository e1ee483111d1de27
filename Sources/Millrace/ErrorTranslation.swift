import AMQP
import Contracts
package import Edge
import Messaging
import Postgres

/// What errors of the modules below mean for an HTTP client.
package enum ErrorTranslation {
    /// The problem, or nil for an error that is a defect.
    package static func problem(for error: any Error) -> Problem? {
        switch error {
        case let error as PostgresError where error.isConnectionFailure || Self.isBusy(error):
            .unavailable("The database cannot be reached; try again")
        case let error as AMQPError where error.isConnectionFailure:
            .unavailable("The broker cannot be reached; try again")
        case let error as MessagingError where error.code == .stopped:
            .unavailable("The server is shutting down")
        case let error as JSONProblems:
            invalid(error)
        case let error as ContractViolation where error.code == .tooLarge:
            Problem(
                .contentTooLarge, kind: "message-too-large", title: "The message is too large",
                detail: "What was asked for is too large to be sent to the worker that does it")
        case let error as ContractViolation where error.code == .invalidData:
            .invalid(error.violations.map { Problem.Detail(pointer: $0.pointer.text, detail: $0.message) })
        default:
            nil
        }
    }

    private static func isBusy(_ error: PostgresError) -> Bool {
        error.isRetryable || [.poolTimeout, .poolClosed, .timeout, .cancelled].contains(error.code)
    }

    private static func invalid(_ error: JSONProblems) -> Problem {
        .invalid(error.problems.map { Problem.Detail(pointer: $0.pointer.text, detail: $0.message) })
    }
}
