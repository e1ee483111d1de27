/// Why a schema cannot be used.
public struct JSONSchemaError: Error, Sendable {
    /// The kind of failure. New kinds may be added: keep a `default`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name, as logs show it.
        public let description: String

        private init(_ name: String) { description = name }

        /// The schema does not fit its meta-schema.
        public static let invalidSchema = Code("invalidSchema")
        /// A `$ref` or `$dynamicRef` leads to nothing that is known.
        public static let unresolvedReference = Code("unresolvedReference")
        /// A subschema is applied to the same value again by its own references, so it would never come to an end.
        public static let endlessReference = Code("endlessReference")
        /// `$id`, `$ref` or an anchor is not what it must be, or is there twice.
        public static let invalidIdentifier = Code("invalidIdentifier")
        /// `$schema` names a draft or meta-schema that is not known, or one with a vocabulary that is not.
        public static let unknownDialect = Code("unknownDialect")
        /// A regular expression is not one, by ECMA-262.
        public static let invalidPattern = Code("invalidPattern")
        /// A regular expression is correct, but has something that cannot be matched in linear time (a look-around or a
        /// back-reference), or that is not provided for.
        public static let unsupportedPattern = Code("unsupportedPattern")
        /// The schema is larger or deeper than its limits.
        public static let limitExceeded = Code("limitExceeded")
    }

    /// The kind of failure.
    public var code: Code
    /// The document: its URI, empty when it has none.
    public var document: String
    /// Where in the document.
    public var pointer: JSONPointer
    /// One sentence for a person.
    public var message: String
    /// What the meta-schema has against the schema, when the code is `invalidSchema`.
    public var violations: [JSONSchemaViolation]
    /// The error below, if there was one.
    public var underlying: (any Error)?
    /// The source file that threw.
    public var file: String
    /// The line that threw.
    public var line: Int

    init(
        _ code: Code, in document: String = "", at pointer: JSONPointer, _ message: String,
        violations: [JSONSchemaViolation] = [], underlying: (any Error)? = nil, file: String = #fileID,
        line: Int = #line
    ) {
        self.code = code
        self.document = document
        self.pointer = pointer
        self.message = message
        self.violations = violations
        self.underlying = underlying
        self.file = file
        self.line = line
    }
}

extension JSONSchemaError: CustomStringConvertible {
    /// `invalidSchema: must be an object (at #/properties/a)`.
    public var description: String { "\(code): \(message) (at \(document)#\(pointer))" }
}
