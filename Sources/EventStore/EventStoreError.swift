/// Why a stream could not be read or written.
public struct EventStoreError: Error, Sendable {
    /// The kind of failure. New kinds may be added: keep a `default`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name, as logs and metrics show it.
        public let description: String

        private init(_ name: String) { description = name }

        /// Someone else has written to the stream; see ``EventStoreError/expected`` and ``EventStoreError/actual``.
        public static let conflict = Code("conflict")
        /// A stored event, or a new one, has a type that the aggregate does not know.
        public static let unknownEvent = Code("unknownEvent")
        /// A stored event has an old version, and there is no upcaster for it.
        public static let missingUpcaster = Code("missingUpcaster")
        /// An upcaster threw.
        public static let upcasting = Code("upcasting")
        /// An event or a state could not be written as JSON.
        public static let encoding = Code("encoding")
        /// A stored event does not fit its type.
        public static let decoding = Code("decoding")
        /// The calls make no sense: an empty stream name, an aggregate that was not loaded.
        public static let usage = Code("usage")
    }

    /// The kind of failure.
    public var code: Code
    /// One sentence for a person; it never contains the data of events.
    public var message: String
    /// For a conflict: the version that the writer had read.
    public var expected: Int?
    /// For a conflict: the version that the stream has.
    public var actual: Int?
    /// The error below, if there was one.
    public var underlying: (any Error)?
    /// The source file that threw.
    public var file: String
    /// The line that threw.
    public var line: Int

    init(
        _ code: Code, _ message: String, expected: Int? = nil, actual: Int? = nil, underlying: (any Error)? = nil,
        file: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.expected = expected
        self.actual = actual
        self.underlying = underlying
        self.file = file
        self.line = line
    }

    static func conflict(stream: String, expected: Int, actual: Int) -> EventStoreError {
        EventStoreError(
            .conflict, "\(stream) is at version \(actual), not \(expected)", expected: expected, actual: actual)
    }
}

extension EventStoreError: CustomStringConvertible {
    /// `conflict: order-… is at version 3, not 2`, with the error below.
    public var description: String { "\(code): \(message)" + (underlying.map { " (\($0))" } ?? "") }
}
