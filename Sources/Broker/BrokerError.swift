/// Why a broker could not start, or stopped by itself.
public struct BrokerError: Error, CustomStringConvertible {
    /// What failed. More codes may come.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private let name: String

        /// The configuration cannot be used.
        public static let configuration = Code(name: "configuration")
        /// An address could not be listened at.
        public static let listen = Code(name: "listen")
        /// The data folder could not be read, or a write or sync failed.
        public static let storage = Code(name: "storage")
        /// The broker was started twice, or was stopped already.
        public static let state = Code(name: "state")

        /// The name of the code.
        public var description: String { name }
    }

    /// What failed.
    public let code: Code
    /// What happened, and what to do.
    public let message: String
    /// The error behind it.
    public let underlying: (any Error)?
    /// Where the error was made.
    public let file: String
    /// Where the error was made.
    public let line: Int

    init(_ code: Code, _ message: String, underlying: (any Error)? = nil, file: String = #fileID, line: Int = #line) {
        self.code = code
        self.message = message
        self.underlying = underlying
        self.file = file
        self.line = line
    }

    /// The message with the error behind it.
    public var description: String { underlying.map { "\(message): \($0)" } ?? message }
}
