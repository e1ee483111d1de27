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
        fingerprint = Self.hex(Self.hash("\(errorType)|\(place)".utf8))
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
        return cut.utf8.contains(0) ? String(cut.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : Character($0) }) : cut
    }

    /// FNV-1a, 64 bits: stable over processes and versions, unlike `Hasher`.
    static func hash(_ bytes: some Sequence<UInt8>, basis: UInt64 = 0xcbf2_9ce4_8422_2325) -> UInt64 {
        var hash = basis
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return hash
    }

    static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
