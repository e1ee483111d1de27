#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The contracts of all topics of a system.
public struct TopicCatalog: Sendable {
    /// The topics, by name.
    public let topics: [TopicFile]

    private let messagesByType: [String: MessageContract]

    /// Where messages of a type are published.
    public struct Route: Sendable, Hashable {
        /// The exchange.
        public var exchange: String
        /// The routing key, which is the type of the message.
        public var routingKey: String
    }

    /// Reads all `*.yaml` of a folder.
    ///
    /// - Throws: ``ContractFileError`` with everything that is wrong in any of the files, in a single file and
    ///   between them; a message type must be unique in the whole system, because commands share one exchange.
    public static func load(directory: String) throws(ContractFileError) -> TopicCatalog {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        } catch {
            throw ContractFileError("the folder cannot be read: \(error)", at: SourceLocation(file: directory, line: 1, column: 1))
        }
        let contracts = names.filter { !$0.hasPrefix(".") && ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) }
        return try load(files: contracts.map { directory.hasSuffix("/") ? directory + $0 : "\(directory)/\($0)" })
    }

    /// Reads these files.
    /// - Throws: as ``load(directory:)``.
    public static func load(files: [String]) throws(ContractFileError) -> TopicCatalog {
        var topics: [TopicFile] = []
        var problems: [ContractFileError.Problem] = []
        for path in files {
            do {
                topics.append(try TopicFile.load(path: path))
            } catch {
                problems += error.problems
            }
        }
        return try TopicCatalog(topics, problems: problems)
    }

    /// Puts topics together.
    /// - Throws: ``ContractFileError`` when a topic or a message type is there twice.
    public init(_ topics: [TopicFile]) throws(ContractFileError) { try self.init(topics, problems: []) }

    private init(_ topics: [TopicFile], problems: [ContractFileError.Problem]) throws(ContractFileError) {
        var problems = problems
        var messages: [String: MessageContract] = [:]
        var files: [String: String] = [:]
        for topic in topics {
            if let other = files.updateValue(topic.path, forKey: topic.topic) {
                problems.append(
                    .init(
                        location: SourceLocation(file: topic.path, line: 1, column: 1),
                        message: "the topic \"\(topic.topic)\" is also in \(other)"))
            }
            for message in topic.messages {
                if let other = messages.updateValue(message, forKey: message.type) {
                    problems.append(
                        .init(
                            location: message.location,
                            message: "the type \"\(message.type)\" is also at \(other.location); types are unique in a system"))
                }
            }
        }
        guard problems.isEmpty else { throw ContractFileError(problems: problems) }
        self.topics = topics.sorted { $0.topic < $1.topic }
        messagesByType = messages
    }

    /// The contract of a topic.
    public subscript(topic topic: String) -> TopicFile? { topics.first { $0.topic == topic } }

    /// The contract of a message.
    public subscript(type type: String) -> MessageContract? { messagesByType[type] }

    /// All messages, topic by topic.
    public var messages: [MessageContract] { topics.flatMap(\.messages) }

    /// What to bind a queue to, to see everything of a topic.
    /// - Parameter commands: also the commands to its owner.
    /// - Returns: nil when there is no such topic.
    public func routes(of topic: String, commands: Bool = true) -> [Route]? {
        guard let file = self[topic: topic] else { return nil }
        return (commands ? file.messages : file.events).map { Route(exchange: $0.exchange, routingKey: $0.type) }
    }
}

extension ContractFileError {
    init(_ message: String, at location: SourceLocation) {
        self.init(problems: [Problem(location: location, message: message)])
    }
}
