import AMQP
import Contracts
import Postgres

/// An error as the parking table keeps it.
package struct FailureDescription: Sendable, Hashable {
    /// Sixteen hexadecimal digits that failures of one type at one place share.
    package let fingerprint: String
    package let errorType: String
    package let message: String
    package let place: String

    package init(_ error: any Error, handler: String) {
        var handler = handler
        var error = error
        if let failure = error as? HandlerFailure {
            handler = failure.handler
            error = failure.error
        }
        let location = Self.location(error)
        if let permanent = error as? Permanent, let below = permanent.underlying { error = below }
        errorType = Self.typeName(error)
        place = location.map { "\(handler) (\($0))" } ?? handler
        message = Self.cleaned(String(describing: error), limit: 4_000)
        var hash = FNV1a()
        hash.combine("\(errorType)|\(place)".utf8)
        fingerprint = Self.hex(hash.value)
    }

    private static func typeName(_ error: any Error) -> String {
        switch error {
        case let error as PostgresError: error.sqlState.map { "PostgresError.\($0)" } ?? "PostgresError.\(error.code)"
        case let error as ContractError: "ContractError.\(error.code)"
        case let error as ContractViolation: "ContractViolation.\(error.code)"
        case let error as MessagingError: "MessagingError.\(error.code)"
        case let error as AMQPError: "AMQPError.\(error.code)"
        default: String(describing: type(of: error))
        }
    }

    private static func location(_ error: any Error) -> String? {
        switch error {
        case let error as any LocatedError: "\(error.file):\(error.line)"
        case let error as PostgresError: "\(error.file):\(error.line)"
        case let error as ContractError: "\(error.file):\(error.line)"
        case let error as AMQPError: "\(error.file):\(error.line)"
        // Which rule of the contract: that is what failures of one kind have in common.
        case let error as ContractViolation:
            error.violations.first.map { $0.schema.isEmpty ? $0.keyword : "\($0.keyword) at \($0.schema)" }
        default: nil
        }
    }

    /// PostgreSQL's text has no NUL.
    static func cleaned(_ text: String, limit: Int) -> String {
        let cut = text.utf8.count > limit ? String(text.prefix(limit)) + "…" : text
        return cut.storable
    }

    static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
