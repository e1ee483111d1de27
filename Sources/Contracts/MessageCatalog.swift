/// The contract of one version of a message, as the generated module `Topics` embeds it.
public struct MessageSchema: Sendable {
    /// What kind of message.
    public enum Kind: String, Sendable {
        /// A fact; it is published to its topic.
        case event
        /// A request; it is sent to ``WellKnown/commandsExchange``.
        case command
    }

    /// What kind of message.
    public let kind: Kind
    /// The topic in whose contract it stands.
    public let topic: String
    /// The worker that owns the topic.
    public let owner: String
    /// The name on the wire.
    public let type: String
    /// The number of the version, from 1.
    public let version: Int
    /// Whether it is the newest version, the one that is published.
    public let isCurrent: Bool
    /// The property whose value is the partition key.
    public let partitionKey: String
    /// A JSON pointer to who the data is about; nil when nothing of it is personal.
    public let personalSubject: String?
    /// JSON pointers to what is personal; `*` is every element of an array.
    public let personalFields: [String]
    /// The JSON Schema (2020-12) of the data, as JSON text that stands by itself. It lies in the program's constants:
    /// nothing is read or parsed until it is used.
    public let schema: StaticString

    /// Makes a contract.
    public init(
        _ kind: Kind, topic: String, owner: String, type: String, version: Int, isCurrent: Bool, partitionKey: String,
        personalSubject: String? = nil, personalFields: [String] = [], schema: StaticString
    ) {
        self.kind = kind
        self.topic = topic
        self.owner = owner
        self.type = type
        self.version = version
        self.isCurrent = isCurrent
        self.partitionKey = partitionKey
        self.personalSubject = personalSubject
        self.personalFields = personalFields
        self.schema = schema
    }

    /// What the envelope's `dataschema` says of it: `millrace:order.created:1`.
    public var identifier: String { WellKnown.schemaIdentifier(type, version: version) }

    /// The schema as bytes, without a copy.
    public var schemaBytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: schema.utf8Start, count: schema.utf8CodeUnitCount)
    }
}

/// The contracts that a program was built with. The plugin `TopicsPlugin` generates `MessageCatalog.topics`, and each
/// generated type knows it as ``Message/catalog``.
public struct MessageCatalog: Sendable {
    /// All versions of all messages, topic by topic, older versions first.
    public let schemas: [MessageSchema]

    private let positions: [Key: Int]
    private let numbers: [String: [Int]]
    let cache = CompiledContracts()

    struct Key: Hashable, Sendable {
        var type: String
        var version: Int
    }

    /// Puts contracts together; of several for one version of a type the first stays.
    public init(_ schemas: [MessageSchema]) {
        self.schemas = schemas
        positions = Dictionary(
            schemas.enumerated().map { (Key(type: $1.type, version: $1.version), $0) }, uniquingKeysWith: { first, _ in first })
        numbers = Dictionary(grouping: schemas, by: \.type).mapValues { Set($0.map(\.version)).sorted() }
    }

    /// The contract of a version of a message.
    public subscript(type type: String, version version: Int) -> MessageSchema? {
        positions[Key(type: type, version: version)].map { schemas[$0] }
    }

    /// All versions of a message, oldest first.
    public func versions(of type: String) -> [MessageSchema] {
        (numbers[type] ?? []).compactMap { self[type: type, version: $0] }
    }

    /// The newest version of a message, nil when the catalogue does not have it.
    public func newestVersion(of type: String) -> Int? { numbers[type]?.last }

    /// All types.
    public var types: some Collection<String> { numbers.keys }
}
