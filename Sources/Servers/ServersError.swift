/// A failure to start, watch or stop a process or a private server.
public struct ServersError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure. New kinds may be added, so a `switch` needs a default.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private let name: String
        private init(_ name: String) { self.name = name }
        /// The name of the code, as it is printed.
        public var description: String { name }

        /// A program that has to run is not installed or not executable.
        public static let programMissing = Code("programMissing")
        /// The operating system refused to start the process.
        public static let spawnFailed = Code("spawnFailed")
        /// The process ended before it was ready.
        public static let exitedEarly = Code("exitedEarly")
        /// The server was not ready in time.
        public static let timeout = Code("timeout")
        /// A file or folder could not be written, read or owned.
        public static let fileSystem = Code("fileSystem")
        /// There is no account the server could run as.
        public static let noAccount = Code("noAccount")
        /// The call makes no sense in this state.
        public static let usage = Code("usage")
    }

    /// The kind of failure.
    public var code: Code
    /// What happened, in words for the person at the terminal.
    public var message: String
    /// The error this one was made from, if there is one.
    public var underlying: (any Error)?
    /// The source file that raised the error.
    public var file: String
    /// The line in `file`.
    public var line: Int

    /// Makes an error; `file` and `line` are the caller's.
    public init(
        _ code: Code, _ message: String, underlying: (any Error)? = nil,
        file: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.underlying = underlying
        self.file = file
        self.line = line
    }

    /// The message, then the cause.
    public var description: String {
        guard let underlying else { return message }
        return "\(message): \(underlying)"
    }
}
