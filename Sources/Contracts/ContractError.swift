/// What went wrong with an envelope, a message or a contract.
public struct ContractError: Error, Sendable {
    /// The kind of failure. New kinds may be added: keep a `default`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name, as logs and metrics show it.
        public let description: String

        /// Makes a code of one's own.
        /// - Parameter name: lower camel case.
        public init(_ name: String) { description = name }

        /// The bytes are not a JSON object, or not JSON.
        public static let malformed = Code("malformed")
        /// The document is larger than the limit.
        public static let tooLarge = Code("tooLarge")
        /// A required attribute is not there.
        public static let missingAttribute = Code("missingAttribute")
        /// An attribute has a wrong name, type or value.
        public static let invalidAttribute = Code("invalidAttribute")
        /// Correct by CloudEvents, but not something Millrace reads (`data_base64`, another `specversion`).
        public static let unsupported = Code("unsupported")
        /// A message could not be turned into JSON.
        public static let encoding = Code("encoding")
        /// The data does not fit the message's type.
        public static let decoding = Code("decoding")
        /// The envelope holds another type of message than the one asked for.
        public static let typeMismatch = Code("typeMismatch")
    }

    /// The kind of failure.
    public var code: Code
    /// One sentence for a person; it never contains the data of the message.
    public var message: String
    /// Where in the document, in bytes from its start, when it is known.
    public var offset: Int?
    /// The error below, if there was one.
    public var underlying: (any Error)?
    /// The source file that threw.
    public var file: String
    /// The line that threw.
    public var line: Int

    /// Makes an error.
    public init(
        _ code: Code, _ message: String, offset: Int? = nil, underlying: (any Error)? = nil,
        file: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.offset = offset
        self.underlying = underlying
        self.file = file
        self.line = line
    }
}

extension ContractError: CustomStringConvertible {
    /// `malformed: expected "," at byte 17`, with the error below.
    public var description: String {
        var text = "\(code): \(message)"
        if let offset { text += " at byte \(offset)" }
        if let underlying { text += " (\(underlying))" }
        return text
    }
}

extension ContractError {
    /// What a failure to read JSON means for a contract.
    init(_ error: JSONError, file: String = #fileID, line: Int = #line) {
        self.init(
            error.code == .tooLarge ? .tooLarge : .malformed, error.message, offset: error.offset,
            underlying: nil, file: file, line: line)
    }
}
