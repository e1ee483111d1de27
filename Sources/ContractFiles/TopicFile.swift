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
    /// What the schemas refer to with `#/$defs/Name`, in the order of the file.
    public var definitions: [Definition]
    /// Where the topic's name stands.
    public var location: SourceLocation

    /// A schema with a name, which the schemas of the file share.
    public struct Definition: Sendable {
        /// The name: `OrderItem`.
        public var name: String
        /// The schema as it is written, with its references.
        public var schema: JSONValue
        /// Where the parts of the schema stand.
        public var places: SourcePlaces
    }

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
    /// What to use instead; nil when the message is not deprecated.
    public var deprecation: String?
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
    /// What of the data is about a person; nil when nothing is.
    public var personal: PersonalData?
    /// What to use instead; nil when the version is not deprecated.
    public var deprecation: String?
    /// Where it stands.
    public var location: SourceLocation
    /// Where the parts of the schema stand; those of the file's `$defs` are at the definitions.
    public var schemaPlaces: SourcePlaces
    /// Where the parts of the example stand.
    public var examplePlaces: SourcePlaces
}

/// Which parts of a message are about a person, so that they can be erased.
public struct PersonalData: Sendable, Hashable {
    /// The property that says who the person is: `/customerId`. It is never erased.
    public var subject: JSONPointer
    /// What is erased with the person's key: `/email`, `/recipients/*/name`. A `*` is every element of an array.
    public var fields: [JSONPointer]
}

/// Where the parts of a value stand in a file.
public struct SourcePlaces: Sendable, Hashable {
    /// Where the value itself stands.
    public let root: SourceLocation
    private var places: [JSONPointer: SourceLocation] = [:]

    init(root: SourceLocation) { self.root = root }

    mutating func add(_ pointer: JSONPointer, at location: SourceLocation) { places[pointer] = location }

    /// The place of a part, or of the nearest part around it that is known.
    public subscript(pointer: JSONPointer) -> SourceLocation {
        var tokens = pointer.tokens
        while !tokens.isEmpty {
            if let place = places[tokens.reduce(JSONPointer()) { $0.appending($1) }] { return place }
            tokens.removeLast()
        }
        return root
    }
}

/// A place in a file.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    /// The path, as it was given.
    public var file: String
    /// The line, from 1.
    public var line: Int
    /// The column, from 1, in code points.
    public var column: Int

    /// Makes a place.
    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

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

        /// Makes a problem.
        public init(location: SourceLocation, message: String) {
            self.location = location
            self.message = message
        }

        /// `topics/commerce.orders.yaml:12:5: error: …`
        public var description: String { "\(location): error: \(message)" }
    }

    /// The problems, in the order of the files; never empty.
    public var problems: [Problem]

    /// Makes an error of at least one problem.
    public init(problems: [Problem]) { self.problems = problems }

    /// One line per problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
