/// A message does not fit its contract: it is not published, and a consumer parks it.
///
/// Another run cannot mend it, so a handler that lets it through fails for good.
public struct ContractViolation: Error, Sendable {
    /// The kind of violation. New kinds may be added: keep a `default`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name, as failures and metrics show it.
        public let description: String

        private init(_ name: String) { description = name }

        /// The data does not fit the JSON Schema of its version; see ``ContractViolation/violations``.
        public static let invalidData = Code("invalidData")
        /// The data is not JSON that every reader understands in the same way: it is no JSON, not UTF-8, has a name twice in
        /// an object, or a number beyond the range of a double.
        public static let malformedData = Code("malformedData")
        /// The message is larger than the limit.
        public static let tooLarge = Code("tooLarge")
        /// The contract that the program was built with does not have the version.
        public static let unknownVersion = Code("unknownVersion")
        /// Nothing handles the version, and no upcasters lead from it to one that is handled.
        public static let missingUpcaster = Code("missingUpcaster")
        /// Handlers of one worker work with different versions of one type.
        public static let conflictingHandlers = Code("conflictingHandlers")
        /// An upcaster threw, or made data that does not fit the newer version.
        public static let upcasting = Code("upcasting")
        /// A schema of the program itself cannot be used.
        public static let unusableSchema = Code("unusableSchema")
    }

    /// The kind of violation.
    public var code: Code
    /// The topic in whose contract the message stands; empty when it is not known.
    public var topic: String
    /// The type of the message: `order.created`.
    public var type: String
    /// The version that the data is of, or claims to be of; nil when that cannot be told.
    public var version: Int?
    /// One sentence for a person, with what to do next. It may show numbers of the data, never its texts.
    public var message: String
    /// What is wrong with the data, and where: at most ``maximumViolations`` things; empty when the data is not the matter.
    /// For malformed data the keyword is the code of the ``JSONError``.
    public var violations: [JSONSchemaViolation]
    /// The error below, if there was one.
    public var underlying: (any Error)?
    /// The source file that threw.
    public var file: String
    /// The line that threw.
    public var line: Int

    /// As many violations are listed at the most.
    public static let maximumViolations = 20

    package init(
        _ code: Code, topic: String = "", type: String, version: Int?, _ message: String,
        violations: [JSONSchemaViolation] = [], underlying: (any Error)? = nil, file: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.topic = topic
        self.type = type
        self.version = version
        self.message = message
        self.violations = violations
        self.underlying = underlying
        self.file = file
        self.line = line
    }

    /// The places in the data that are wrong (RFC 6901).
    public var pointers: [JSONPointer] { violations.map(\.pointer) }

    /// `order.created version 1 (commerce.orders)`.
    public var subject: String {
        type + (version.map { " version \($0)" } ?? "") + (topic.isEmpty ? "" : " (\(topic))")
    }
}

extension ContractViolation: CustomStringConvertible {
    /// `invalidData: order.created version 1 (commerce.orders) does not fit its contract: /totalCents must be at least 0, is -5
    /// [minimum at #/$defs/Cents]`.
    public var description: String {
        var text = "\(code): \(subject) \(message)"
        if !violations.isEmpty {
            let rules = violations.map { "\($0) [\($0.keyword)\($0.schema.isEmpty ? "" : " at \($0.schema)")]" }
            text += ": " + rules.joined(separator: "; ")
        }
        return underlying.map { "\(text) (\($0))" } ?? text
    }
}
