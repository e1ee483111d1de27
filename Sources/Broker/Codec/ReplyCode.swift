/// The reply codes of AMQP 0-9-1 (section 1.1, "constants") that this broker sends.
package enum ReplyCode: UInt16, Sendable {
    case success = 200
    case contentTooLarge = 311
    case noRoute = 312
    case noConsumers = 313
    case connectionForced = 320
    case invalidPath = 402
    case accessRefused = 403
    case notFound = 404
    case resourceLocked = 405
    case preconditionFailed = 406
    case frameError = 501
    case syntaxError = 502
    case commandInvalid = 503
    case channelError = 504
    case unexpectedFrame = 505
    case resourceError = 506
    case notAllowed = 530
    case notImplemented = 540
    case internalError = 541

    /// A hard error closes the connection, a soft one the channel.
    package var closesConnection: Bool {
        switch self {
        case .contentTooLarge, .noRoute, .noConsumers, .accessRefused, .notFound, .resourceLocked, .preconditionFailed: false
        default: true
        }
    }

    /// The word that RabbitMQ puts before the explanation, such as `NOT_FOUND`; clients match on it.
    package var name: String {
        switch self {
        case .success: "SUCCESS"
        case .contentTooLarge: "CONTENT_TOO_LARGE"
        case .noRoute: "NO_ROUTE"
        case .noConsumers: "NO_CONSUMERS"
        case .connectionForced: "CONNECTION_FORCED"
        case .invalidPath: "INVALID_PATH"
        case .accessRefused: "ACCESS_REFUSED"
        case .notFound: "NOT_FOUND"
        case .resourceLocked: "RESOURCE_LOCKED"
        case .preconditionFailed: "PRECONDITION_FAILED"
        case .frameError: "FRAME_ERROR"
        case .syntaxError: "SYNTAX_ERROR"
        case .commandInvalid: "COMMAND_INVALID"
        case .channelError: "CHANNEL_ERROR"
        case .unexpectedFrame: "UNEXPECTED_FRAME"
        case .resourceError: "RESOURCE_ERROR"
        case .notAllowed: "NOT_ALLOWED"
        case .notImplemented: "NOT_IMPLEMENTED"
        case .internalError: "INTERNAL_ERROR"
        }
    }
}

/// What closes a channel or a connection: the code, and the text that follows its name on the wire.
///
/// The connection knows the class and method that failed and adds them.
package struct ProtocolFault: Error, Equatable, Sendable {
    package let code: ReplyCode
    /// Without the leading name: `no queue 'orders' in vhost '/'`.
    package let explanation: String
    /// Set where a soft code must close the connection all the same (RabbitMQ does so in a few places).
    package let forcesConnectionClose: Bool

    package init(_ code: ReplyCode, _ explanation: String, forcesConnectionClose: Bool = false) {
        self.code = code
        self.explanation = explanation
        self.forcesConnectionClose = forcesConnectionClose
    }

    /// The reply text of the close method, cut to the 255 bytes of a short string by the encoder.
    package var replyText: String { "\(code.name) - \(explanation)" }
    package var closesConnection: Bool { code.closesConnection || forcesConnectionClose }
}
