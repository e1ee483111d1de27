public import ContractFiles
public import Contracts

/// A difference between two states of the contracts.
public struct ContractFinding: Sendable, Hashable {
    /// How much it matters.
    public enum Severity: String, Sendable, Hashable {
        /// Data or a deployed process that worked before does not work any more.
        case breaking
        /// It breaks only who does not know the new version of a message; that is what versions are for.
        case newVersion
        /// It breaks nothing.
        case harmless
    }

    /// The topic.
    public var topic: String
    /// The message; nil when the whole topic is meant.
    public var type: String?
    /// The version; nil when all are meant.
    public var version: Int?
    /// Where in the data.
    public var pointer: JSONPointer
    /// The rule: `required-added`, `message-removed`.
    public var rule: SchemaChange.Rule
    /// What it breaks.
    public var breaks: Directions
    /// How much it matters.
    public var severity: Severity
    /// What has changed, for a person.
    public var message: String
    /// The workers that take the message in; who has to be updated or asked.
    public var consumers: [String]
    /// Where it stands now, or where it stood when it is gone.
    public var location: SourceLocation
}

/// Who takes a message in.
public struct ContractConsumers: Sendable {
    private let find: @Sendable (MessageContract) -> [String]

    /// - Parameter find: the workers that consume a message, from their manifests or sources.
    public init(_ find: @escaping @Sendable (MessageContract) -> [String]) { self.find = find }

    /// No worker is known.
    public static let unknown = ContractConsumers { _ in [] }

    func of(_ message: MessageContract) -> [String] { find(message) }
}
