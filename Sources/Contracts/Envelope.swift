#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A message on its way: CloudEvents 1.0 in structured JSON (<https://cloudevents.io>, JSON Event Format 1.0).
///
/// Beside the attributes of CloudEvents it has Millrace's extensions `correlationid` and `causationid`, and the
/// documented extensions `partitionkey`, `sequence` and `traceparent`.
public struct Envelope: Sendable, Equatable {
    /// Identifies the message: a message that is delivered twice has the same id twice.
    public var id: UUID
    /// Who says it: `/workers/orders`.
    public var source: String
    /// What kind of message: `order.created`; also the routing key.
    public var type: String
    /// What it is about, usually the key of the entity.
    public var subject: String?
    /// When it was made, to the microsecond.
    public var time: Date
    /// The schema of the data: `millrace:order.created:1`.
    public var dataschema: String?
    /// The request that everything with this value belongs to.
    public var correlationID: UUID?
    /// The message that caused this one.
    public var causationID: UUID?
    /// Messages of one key are handled in order.
    public var partitionKey: String?
    /// The place of the event among all events of its source, counted from 1 without gaps.
    public var sequence: Int64?
    /// The W3C trace context; see ``TraceParent``.
    public var traceparent: String?
    /// All other attributes. Names are lower-case letters and digits ("sagastep"); see ``isExtensionName(_:)``.
    public var extensions: [String: String]
    /// The JSON of the message, byte for byte as it was sent. Empty when there is none.
    public var data: [UInt8] { didSet { parsed = ParsedData() } }
    private var parsed = ParsedData()

    /// Makes an envelope from its parts.
    ///
    /// - Parameters:
    ///   - time: is rounded to the microsecond.
    ///   - data: must be one JSON value, or empty; it is not checked here.
    public init(
        id: UUID = .v7(), source: String, type: String, subject: String? = nil, time: Date = .now,
        dataschema: String? = nil, correlationID: UUID? = nil, causationID: UUID? = nil,
        partitionKey: String? = nil, sequence: Int64? = nil, traceparent: String? = nil,
        extensions: [String: String] = [:], data: [UInt8] = []
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.subject = subject
        self.time = RFC3339.date(microseconds: RFC3339.microseconds(of: time))
        self.dataschema = dataschema
        self.correlationID = correlationID
        self.causationID = causationID
        self.partitionKey = partitionKey
        self.sequence = sequence
        self.traceparent = traceparent
        self.extensions = extensions
        self.data = data
    }

    /// Puts a message into an envelope: the subject is its partition key, the schema that of its type.
    ///
    /// - Throws: `.encoding` when the message cannot be written as JSON, `.invalidAttribute` when the source or
    ///   the partition key is empty, or an extension has a name that is not allowed.
    public init<M: Message>(
        _ message: M, id: UUID = .v7(), source: String, time: Date = .now, correlationID: UUID? = nil,
        causationID: UUID? = nil, traceparent: String? = nil, extensions: [String: String] = [:]
    ) throws(ContractError) {
        let key = message.partitionKey
        guard !key.isEmpty else {
            throw ContractError(.invalidAttribute, "\(M.type) has an empty partition key")
        }
        guard !source.isEmpty else { throw ContractError(.invalidAttribute, "source is empty") }
        for name in extensions.keys where !Self.isExtensionName(name) {
            throw ContractError(.invalidAttribute, "\"\(name)\" is not a name for an extension attribute")
        }
        self.init(
            id: id, source: source, type: M.type, subject: key, time: time, dataschema: M.schemaIdentifier,
            correlationID: correlationID, causationID: causationID, partitionKey: key, traceparent: traceparent,
            extensions: extensions, data: try ContractJSON.encode(message))
    }

    /// Whether `name` can be the name of an extension: lower-case ASCII letters and digits, at least one, and not
    /// one of the attributes that have a property of their own (CloudEvents 1.0, section 3.1).
    public static func isExtensionName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy(isAttributeByte) && !ownNames.contains(name)
    }

    /// The data as a message.
    ///
    /// - Throws: `.typeMismatch` when the envelope's type is another; `.decoding` when the data does not fit.
    public func decode<M: Message>(_ type: M.Type = M.self) throws(ContractError) -> M {
        guard self.type == M.type else {
            throw ContractError(.typeMismatch, "the envelope holds \(self.type), not \(M.type)")
        }
        if let document { return try ContractJSON.decode(M.self, from: document) }
        return try ContractJSON.decode(M.self, from: data)
    }

    /// What ``data`` says, if somebody has parsed it: ``decode(_:)`` does not do it again.
    package var document: JSONValue? { parsed.document }

    /// Keeps what ``data`` was parsed to.
    package mutating func keep(_ document: JSONValue) { parsed.document = document }

    /// The names that ``extensions`` cannot have.
    static let ownNames: Set<String> = [
        "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "correlationid",
        "causationid", "partitionkey", "sequence", "traceparent", "data",
    ]

    @inline(__always)
    static func isAttributeByte(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10
    }
}

/// What data was parsed to. It follows from the data, so it does not count when envelopes are compared.
private struct ParsedData: Sendable, Equatable {
    var document: JSONValue?

    static func == (lhs: ParsedData, rhs: ParsedData) -> Bool { true }
}
