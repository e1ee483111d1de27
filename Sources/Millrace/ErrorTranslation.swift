import AMQP
import Contracts
import Edge
import Messaging
import Postgres

/// What errors of the modules below mean for an HTTP client.
enum ErrorTranslation {
    /// The problem, or nil for an error that is a defect.
    static func problem(for error: any Error) -> Problem? {
        switch error {
        case let error as PostgresError where error.isConnectionFailure || Self.isBusy(error):
            .unavailable("The database cannot be reached; try again")
        case let error as AMQPError where error.isConnectionFailure:
            .unavailable("The broker cannot be reached; try again")
        case let error as MessagingError where error.code == .stopped:
            .unavailable("The server is shutting down")
        case let error as JSONProblems:
            invalid(error)
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
