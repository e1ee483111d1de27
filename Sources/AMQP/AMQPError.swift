/// What went wrong between this process and the broker.
///
/// Every throwing call of the module throws this type and no other. Where the broker said why, its own reply
/// code and text are kept.
public struct AMQPError: Error {
    /// The kind of failure. More may be added: always keep a default branch.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String {
            case connectionFailed, connectionClosed, channelClosed, blocked, timeout, `protocol`, invalidURI, tls, cancelled, usage
        }
        private let value: Value
        private init(_ value: Value) { self.value = value }

        /// No connection could be made: nobody listens, the name is unknown, or the broker refused the login.
        public static let connectionFailed = Code(.connectionFailed)
        /// The connection was there and is gone, or the client was closed.
        public static let connectionClosed = Code(.connectionClosed)
        /// The broker closed the channel: see ``AMQPError/replyCode``, for example 404 or 406.
        public static let channelClosed = Code(.channelClosed)
        /// The broker refuses messages for want of memory or disk.
        public static let blocked = Code(.blocked)
        /// No answer within the configured time.
        public static let timeout = Code(.timeout)
        /// The peer broke the protocol.
        public static let `protocol` = Code(.protocol)
        /// The URL is not an AMQP URI.
        public static let invalidURI = Code(.invalidURI)
        /// The TLS handshake or the verification of the peer failed, or a certificate file is unusable.
        public static let tls = Code(.tls)
        /// The calling task was cancelled.
        public static let cancelled = Code(.cancelled)
        /// The call itself is wrong, for example a name that is too long for the protocol.
        public static let usage = Code(.usage)

        /// The name of the code.
        public var description: String { value.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// The broker's reply code (AMQP 0-9-1, section 1.2), if it gave one.
    public var replyCode: UInt16?
    /// The broker's reply text, if it gave one.
    public var replyText: String?
    /// What happened, for a person.
    public var message: String
    /// The failure beneath this one, if any.
    public var underlying: (any Error)?
    /// The file that raised the error.
    public var file: String
    /// The line that raised the error.
    public var line: Int

    /// Makes an error. `file` and `line` default to the place of the call.
    public init(
        _ code: Code, _ message: String, replyCode: UInt16? = nil, replyText: String? = nil,
        underlying: (any Error)? = nil, file: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.replyCode = replyCode
        self.replyText = replyText
        self.underlying = underlying
        self.file = file
        self.line = line
    }

    /// True if the connection is the cause: the same call may succeed after a reconnect.
    public var isConnectionFailure: Bool {
        code == .connectionFailed || code == .connectionClosed || code == .tls || code == .protocol
            || (code == .timeout && (underlying as? AMQPError)?.isConnectionFailure == true)
    }

    /// True if trying again without changing anything cannot help: wrong credentials, no such vhost, a peer that is not who it should be.
    package var isConfigurationFailure: Bool {
        code == .tls || (code == .connectionFailed && (replyCode == 403 || replyCode == 530))
    }
}

extension AMQPError: CustomStringConvertible {
    /// The code, the message and the broker's reply in one line.
    public var description: String {
        var text = "\(code): \(message)"
        if let replyCode { text += " (\(replyCode) \(replyText ?? ""))" }
        if let underlying { text += ": \(underlying)" }
        return text
    }
}

extension AMQPError {
    static func clientClosed(file: String = #fileID, line: Int = #line) -> AMQPError {
        AMQPError(.connectionClosed, "the client was closed", file: file, line: line)
    }

    static func publisherClosed(file: String = #fileID, line: Int = #line) -> AMQPError {
        AMQPError(.connectionClosed, "the publisher was closed", file: file, line: line)
    }
}
