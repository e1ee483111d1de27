/// What went wrong in a saga's definition, its tables, or an operator's request.
public struct SagaError: Error, Sendable, CustomStringConvertible {
    /// The kind of error; new ones may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name of the code.
        public let description: String

        init(_ name: String) { description = name }

        /// The definition cannot work; the message lists every problem with its remedy. Found at start.
        public static let invalidDefinition = Code("invalidDefinition")
        /// An instance was stored by a definition with other steps.
        public static let definitionChanged = Code("definitionChanged")
        /// A row of the saga tables, or a timer's payload, cannot be read.
        public static let corrupt = Code("corrupt")
        /// The state, or a command made from it, cannot be written as JSON or read back.
        public static let coding = Code("coding")
        /// There is no instance with this id.
        public static let unknownInstance = Code("unknownInstance")
        /// The operator's request does not fit the instance's status.
        public static let refused = Code("refused")
    }

    /// The kind of error.
    public let code: Code
    /// What happened and what to do, in words.
    public let message: String
    /// The error below this one.
    public let underlying: (any Error)?
    /// Where the error was made.
    public let file: String
    /// Where the error was made.
    public let line: Int

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

    /// Code, message and underlying error in one line.
    public var description: String {
        var text = "saga \(code): \(message)"
        if let underlying { text += " (\(underlying))" }
        return text
    }
}
