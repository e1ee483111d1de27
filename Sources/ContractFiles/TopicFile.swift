public import Contracts

/// The contract of one topic, as `topics/<topic>.yaml` says it.
public struct TopicFile: Sendable {
    /// The file it was read from.
    public var path: String
    /// The topic: `commerce.orders`.
    public var topic: String
    /// The worker that publishes its events and carries out its commands.
    public var owner: String
    /// What the topic is about.
    public var description: String
    /// What is published, in the order of the file.
    public var events: [MessageContract]
    /// What can be asked of the owner, in the order of the file.
    public var commands: [MessageContract]

    /// Events, then commands.
    public var messages: [MessageContract] { events + commands }
}

/// The contract of one event or command, with all of its versions.
public struct MessageContract: Sendable {
    /// What kind of message.
    public enum Kind: String, Sendable, CaseIterable {
        /// A fact; it is published to its topic.
        case event
        /// A request; it is sent to the exchange of commands.
        case command
    }

    /// What kind of message.
    public var kind: Kind
    /// The topic whose file it stands in.
    public var topic: String
    /// The name on the wire, also the routing key: `order.created`.
    public var type: String
    /// What it means.
    public var description: String
    /// The property whose value is the partition key.
    public var partitionKey: String
    /// The versions, oldest first; never empty.
    public var versions: [ContractVersion]
    /// Where it stands.
    public var location: SourceLocation

    /// The newest version: what is published today.
    public var current: ContractVersion { versions[versions.count - 1] }

    /// The exchange it is published to.
    public var exchange: String { kind == .event ? topic : WellKnown.commandsExchange }
}

/// One version of a message.
public struct ContractVersion: Sendable {
    /// The number, from 1.
    public var number: Int
    /// What is new in it, when the file says so.
    public var description: String?
    /// A JSON Schema (2020-12) that stands by itself: the file's `$defs` that it refers to are in it.
    public var schema: JSONValue
    /// Data as it looks.
    public var example: JSONValue
    /// Where it stands.
    public var location: SourceLocation
}

/// A place in a file.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    /// The path, as it was given.
    public var file: String
    /// The line, from 1.
    public var line: Int
    /// The column, from 1, in code points.
    public var column: Int

    /// `topics/commerce.orders.yaml:12:5`, as editors and compilers write it.
    public var description: String { "\(file):\(line):\(column)" }
}

/// Everything that is wrong with contract files.
public struct ContractFileError: Error, Sendable, CustomStringConvertible {
    /// One thing that is wrong.
    public struct Problem: Sendable, Hashable, CustomStringConvertible {
        /// Where.
        public var location: SourceLocation
        /// What.
        public var message: String

        /// `topics/commerce.orders.yaml:12:5: error: …`
        public var description: String { "\(location): error: \(message)" }
    }

    /// The problems, in the order of the files; never empty.
    public var problems: [Problem]

    /// One line per problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
