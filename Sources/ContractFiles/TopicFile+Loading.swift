import Contracts
import Yams

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension TopicFile {
    /// Reads a contract file. The file must be named after its topic.
    /// - Throws: ``ContractFileError`` with everything that is wrong.
    public static func load(path: String) throws(ContractFileError) -> TopicFile {
        let start = SourceLocation(file: path, line: 1, column: 1)
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw ContractFileError("the file cannot be read: \(error)", at: start)
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ContractFileError("the file is not UTF-8", at: start)
        }
        return try parse(text, path: path)
    }

    /// Reads a contract from text.
    /// - Parameter path: what errors name; its last part must be the topic and `.yaml`.
    /// - Throws: ``ContractFileError`` with everything that is wrong.
    public static func parse(_ text: String, path: String) throws(ContractFileError) -> TopicFile {
        var reader = YAMLReader(path: path)
        let file = reader.compose(text).flatMap { reader.topicFile($0) }
        guard reader.problems.isEmpty, let file else {
            throw ContractFileError(problems: reader.problems.sorted { $0.location.isBefore($1.location) })
        }
        return file
    }
}

extension SourceLocation {
    func isBefore(_ other: SourceLocation) -> Bool { (line, column) < (other.line, other.column) }
}

/// What the parts of a contract file are.
extension YAMLReader {
    mutating func topicFile(_ root: Node) -> TopicFile? {
        let words = ["topic", "owner", "description", "partitionKey", "events", "commands", "$defs"]
        guard let fields = mapping(root, of: "a contract file", words: words) else { return nil }
        let topic = name(fields, "topic", at: root, like: "commerce.orders", Self.isDotted)
        let owner = name(fields, "owner", at: root, like: "orders", Self.isWorkerName)
        let description = text(fields, "description", at: root)
        let partitionKey = name(fields, "partitionKey", at: root, like: "orderId", Self.isPropertyName)
        if let topic, let node = fields["topic"], fileName != "\(topic).yaml" {
            note("the file of the topic \"\(topic)\" must be named \(topic).yaml, not \(fileName)", at: node)
        }
        let before = problems.count
        let definitions = definitions(fields["$defs"])
        let context = MessageContext(
            topic: topic ?? "", partitionKey: partitionKey ?? "", areDefinitionsGood: problems.count == before,
            definitions: Dictionary(definitions.map { ($0.name, $0.schema) }, uniquingKeysWith: { first, _ in first }),
            definitionPlaces: Dictionary(definitions.map { ($0.name, $0.places) }, uniquingKeysWith: { first, _ in first }))
        let events = messages(fields["events"], .event, context)
        let commands = messages(fields["commands"], .command, context)
        if fields["events"] == nil, fields["commands"] == nil { note("there are neither events nor commands", at: root) }
        for command in commands where events.contains(where: { $0.type == command.type }) {
            note("\"\(command.type)\" is an event already", at: command.location)
        }
        guard let topic, let owner, let description else { return nil }
        return TopicFile(
            path: path, topic: topic, owner: owner, description: description, events: events, commands: commands,
            definitions: definitions, location: location(fields["topic"] ?? root))
    }

    /// What a message needs to know of its file.
    struct MessageContext {
        var topic: String
        var partitionKey: String
        /// Whether nothing is wrong with the definitions, so that schemas with them can be tried.
        var areDefinitionsGood: Bool
        var definitions: [String: JSONValue]
        var definitionPlaces: [String: SourcePlaces]
    }

    private mutating func definitions(_ node: Node?) -> [TopicFile.Definition] {
        guard let node, let pairs = pairs(node, of: "$defs") else { return [] }
        let names = Set(pairs.map(\.key))
        return pairs.compactMap { pair in
            if !Self.isDefinitionName(pair.key) {
                note("\"\(pair.key)\" is not a name for a definition; they look like \"OrderItem\"", at: pair.keyNode)
            }
            checkSchema(pair.value, definitions: names)
            guard let schema = json(pair.value) else { return nil }
            return TopicFile.Definition(name: pair.key, schema: schema, places: places(of: pair.value, at: pair.keyNode))
        }
    }

    private mutating func messages(
        _ node: Node?, _ kind: MessageContract.Kind, _ context: MessageContext
    ) -> [MessageContract] {
        guard let node, let pairs = pairs(node, of: "\(kind.rawValue)s") else { return [] }
        return pairs.compactMap { message($0, kind, context) }
    }
}
