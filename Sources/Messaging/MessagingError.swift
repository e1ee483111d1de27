/// What went wrong in the messaging itself, as opposed to in a handler.
public struct MessagingError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure. New kinds may be added: keep a `default`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name, as logs and metrics show it.
        public let description: String

        /// Makes a code of one's own.
        public init(_ name: String) { description = name }

        /// The messaging is shutting down or was never started.
        public static let stopped = Code("stopped")
        /// A context was used after its transaction had ended.
        public static let contextEnded = Code("contextEnded")
        /// No handler is registered for the message's type.
        public static let noHandler = Code("noHandler")
        /// The process died while it ran the message, too often.
        public static let crashed = Code("crashed")
        /// The bytes are not an envelope.
        public static let unparseable = Code("unparseable")
        /// No such parked message.
        public static let notFound = Code("notFound")
        /// A topic of another worker does not exist, and this worker's user may not make it.
        public static let topicMissing = Code("topicMissing")
        /// The call cannot be carried out as asked.
        public static let usage = Code("usage")
    }

    /// The kind of failure.
    public var code: Code
    /// One sentence for a person.
    public var message: String
    /// The error below, if there was one.
    public var underlying: (any Error)?
    /// The source file that threw.
    public var file: String
    /// The line that threw.
    public var line: Int

    /// Makes an error.
    public init(
        _ code: Code, _ message: String, underlying: (any Error)? = nil, file: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.underlying = underlying
        self.file = file
        self.line = line
    }

    /// `stopped: the worker is shutting down`, with the error below.
    public var description: String {
        underlying.map { "\(code): \(message) (\($0))" } ?? "\(code): \(message)"
    }
}
