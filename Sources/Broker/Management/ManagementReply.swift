import Contracts
import NIOHTTP1

/// An answer of the management API.
struct ManagementReply {
    var status: HTTPResponseStatus
    var headers: [(String, String)] = []
    var body: [UInt8] = []

    static func json(_ value: JSONValue, status: HTTPResponseStatus = .ok) -> ManagementReply {
        ManagementReply(status: status, headers: [("content-type", "application/json")], body: value.encoded())
    }

    static func text(_ text: String, type: String) -> ManagementReply {
        ManagementReply(status: .ok, headers: [("content-type", type)], body: Array(text.utf8))
    }

    static let noContent = ManagementReply(status: .noContent)
    static let created = ManagementReply(status: .created)

    /// What `PUT` answers.
    static func put(isNew: Bool) -> ManagementReply { isNew ? created : noContent }

    static func failure(_ failure: ManagementFailure) -> ManagementReply {
        var reply = json(["error": .string(failure.error), "reason": .string(failure.reason)], status: failure.status)
        if failure.status == .unauthorized {
            reply.headers.append(("www-authenticate", "Basic realm=\"Millrace management\""))
        }
        return reply
    }
}

/// How a route answers.
enum ManagementOutcome {
    case now(ManagementReply)
    /// Calls what it is given once, on the loop.
    case later((_ answer: @escaping (ManagementReply) -> Void) -> Void)

    static func json(_ value: JSONValue) -> ManagementOutcome { .now(.json(value)) }
}

/// A request that is refused, in RabbitMQ's form: `{"error": …, "reason": …}`.
struct ManagementFailure: Error {
    var status: HTTPResponseStatus
    var error: String
    var reason: String

    static func badRequest(_ reason: String) -> ManagementFailure { .init(status: .badRequest, error: "bad_request", reason: reason) }
    static let notFound = ManagementFailure(status: .notFound, error: "Object Not Found", reason: "Not Found")
    static let methodNotAllowed = ManagementFailure(
        status: .methodNotAllowed, error: "Method Not Allowed", reason: "this path does not have that method")
    /// RabbitMQ answers 401, not 403, to those who have logged in and may not do this.
    static func notAuthorised(_ reason: String) -> ManagementFailure {
        .init(status: .unauthorized, error: "not_authorised", reason: reason)
    }
    static let accessRefused = notAuthorised("User not authorised to access object")
    static let hostRefused = notAuthorised("User not authorised to access virtual host")
    /// RabbitMQ spells this one with a z.
    static let loginFailed = ManagementFailure(status: .unauthorized, error: "not_authorized", reason: "Login failed")
    static let tooLarge = ManagementFailure(
        status: .payloadTooLarge, error: "payload_too_large", reason: "the body is larger than the limit managementBodyBytes")

    /// What the broker's core has said.
    init(_ fault: ProtocolFault) {
        switch fault.code {
        case .notFound: self = .init(status: .notFound, error: "not_found", reason: fault.replyText)
        case .accessRefused: self = .notAuthorised(fault.replyText)
        default: self = .badRequest("\(fault.code.rawValue) \(fault.replyText)")
        }
    }

    init(_ error: AccessError) {
        switch error.code {
        case .noSuchUser, .noSuchPermission: self = .notFound
        case .storage, .noMemory: self = .init(status: .internalServerError, error: "internal_error", reason: error.message)
        default: self = .badRequest(error.description)
        }
    }

    init(status: HTTPResponseStatus, error: String, reason: String) {
        self.status = status
        self.error = error
        self.reason = reason
    }

    /// Any error as an answer.
    static func from(_ error: any Error) -> ManagementFailure {
        switch error {
        case let failure as ManagementFailure: failure
        case let fault as ProtocolFault: ManagementFailure(fault)
        case let error as AccessError: ManagementFailure(error)
        case let error as NamePatternError: .badRequest("the regular expression cannot be used: \(error)")
        case let error as StoreError: .init(status: .internalServerError, error: "internal_error", reason: "\(error)")
        default: .init(status: .internalServerError, error: "internal_error", reason: "\(error)")
        }
    }
}
