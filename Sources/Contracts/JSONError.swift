/// Why bytes are not the JSON that was asked for.
public struct JSONError: Error, Sendable, Equatable {
    /// The kind of failure. New kinds may be added: keep a `default`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name, as logs and problem documents show it.
        public let description: String

        private init(_ name: String) { description = name }

        /// The document ends too early.
        public static let unexpectedEnd = Code("unexpectedEnd")
        /// A byte that cannot stand where it stands.
        public static let unexpectedByte = Code("unexpectedByte")
        /// Something follows the value.
        public static let trailingBytes = Code("trailingBytes")
        /// The bytes are not UTF-8.
        public static let invalidUTF8 = Code("invalidUTF8")
        /// A backslash with something after it that is no escape.
        public static let invalidEscape = Code("invalidEscape")
        /// Half of a surrogate pair: no Unicode text has it.
        public static let loneSurrogate = Code("loneSurrogate")
        /// A control character that is not escaped.
        public static let controlCharacter = Code("controlCharacter")
        /// Digits that are no number in JSON: `01`, `1.`, `-`.
        public static let invalidNumber = Code("invalidNumber")
        /// A number beyond the range of a double, where the limits do not allow it.
        public static let numberOutOfRange = Code("numberOutOfRange")
        /// An object has two members of one name.
        public static let duplicateKey = Code("duplicateKey")
        /// Arrays and objects are nested deeper than the limit.
        public static let tooDeep = Code("tooDeep")
        /// The document has more bytes than the limit.
        public static let tooLarge = Code("tooLarge")
    }

    /// The kind of failure.
    public var code: Code
    /// Where, in bytes from the start of the document.
    public var offset: Int
    /// The value that was being read (RFC 6901); empty for the whole document.
    public var pointer: JSONPointer
    /// One sentence for a person.
    public var message: String

    init(_ code: Code, at offset: Int, _ message: String, pointer: JSONPointer = JSONPointer()) {
        self.code = code
        self.offset = offset
        self.pointer = pointer
        self.message = message
    }
}

extension JSONError: CustomStringConvertible {
    /// `expected a comma at byte 17 (/items/0)`.
    public var description: String {
        "\(message) at byte \(offset)" + (pointer.isRoot ? "" : " (\(pointer))")
    }
}

/// How much JSON a reader takes.
public struct JSONLimits: Sendable, Equatable {
    /// The most bytes of a document.
    public var maximumBytes: Int
    /// How deep arrays and objects may be nested; at most 512, so that no document can exhaust the stack.
    public var maximumDepth: Int
    /// Whether ``JSONValue/parse(_:limits:)-([UInt8],_)`` takes a number like `1e400`, which most readers cannot hold.
    public var allowsNumbersBeyondDouble: Bool

    /// Makes limits.
    /// - Parameters:
    ///   - maximumBytes: the default is 16 MiB.
    ///   - maximumDepth: the default is 64; values above 512 become 512.
    ///   - allowsNumbersBeyondDouble: the default is true.
    public init(maximumBytes: Int = 16 << 20, maximumDepth: Int = 64, allowsNumbersBeyondDouble: Bool = true) {
        self.maximumBytes = maximumBytes
        self.allowsNumbersBeyondDouble = allowsNumbersBeyondDouble
        self.maximumDepth = min(max(maximumDepth, 0), 512)
    }
}
