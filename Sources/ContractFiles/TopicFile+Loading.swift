import Contracts
#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import Yams

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
        let definitions = definitions(fields["$defs"])
        let context = MessageContext(topic: topic ?? "", partitionKey: partitionKey ?? "", definitions: definitions)
        let events = messages(fields["events"], .event, context)
        let commands = messages(fields["commands"], .command, context)
        if fields["events"] == nil, fields["commands"] == nil { note("there are neither events nor commands", at: root) }
        for command in commands where events.contains(where: { $0.type == command.type }) {
            note("\"\(command.type)\" is an event already", at: command.location)
        }
        guard let topic, let owner, let description else { return nil }
        return TopicFile(path: path, topic: topic, owner: owner, description: description, events: events, commands: commands)
    }

    /// What a message needs to know of its file.
    struct MessageContext {
        var topic: String
        var partitionKey: String
        var definitions: [String: JSONValue]
    }

    private mutating func definitions(_ node: Node?) -> [String: JSONValue] {
        guard let node, let pairs = pairs(node, of: "$defs") else { return [:] }
        let names = Set(pairs.map(\.key))
        var result: [String: JSONValue] = [:]
        for pair in pairs {
            if !Self.isDefinitionName(pair.key) {
                note("\"\(pair.key)\" is not a name for a definition; they look like \"OrderItem\"", at: pair.keyNode)
            }
            checkSchema(pair.value, definitions: names)
            result[pair.key] = json(pair.value)
        }
        return result
    }

    private mutating func messages(
        _ node: Node?, _ kind: MessageContract.Kind, _ context: MessageContext
    ) -> [MessageContract] {
        guard let node, let pairs = pairs(node, of: "\(kind.rawValue)s") else { return [] }
        return pairs.compactMap { message($0, kind, context) }
    }

    private mutating func message(_ pair: Pair, _ kind: MessageContract.Kind, _ context: MessageContext) -> MessageContract? {
        if !Self.isDotted(pair.key) {
            note("\"\(pair.key)\" is not a name for a type; they look like \"order.created\"", at: pair.keyNode)
        }
        let words = ["description", "partitionKey", "versions"]
        guard let fields = mapping(pair.value, of: "\(kind.rawValue) \"\(pair.key)\"", words: words) else { return nil }
        let description = text(fields, "description", at: pair.keyNode)
        var partitionKey = context.partitionKey
        if fields["partitionKey"] != nil {
            partitionKey = name(fields, "partitionKey", at: pair.keyNode, like: "orderId", Self.isPropertyName) ?? ""
        }
        guard let node = fields["versions"], let pairs = pairs(node, of: "versions"), !pairs.isEmpty else {
            note("\"\(pair.key)\" has no versions", at: fields["versions"] ?? pair.keyNode)
            return nil
        }
        let versions = pairs.compactMap { version($0, partitionKey: partitionKey, context) }.sorted { $0.number < $1.number }
        for (index, version) in versions.enumerated() where version.number != versions[0].number + index {
            note("version \(version.number) does not follow version \(versions[index - 1].number)", at: version.location)
            break
        }
        guard let description, !versions.isEmpty else { return nil }
        return MessageContract(
            kind: kind, topic: context.topic, type: pair.key, description: description, partitionKey: partitionKey,
            versions: versions, location: location(pair.keyNode))
    }

    private mutating func version(_ pair: Pair, partitionKey: String, _ context: MessageContext) -> ContractVersion? {
        let number = Int(pair.key)
        if number == nil || number.map({ $0 < 1 || String($0) != pair.key }) == true {
            note("\"\(pair.key)\" is not a version: a number from 1", at: pair.keyNode)
        }
        let words = ["description", "schema", "example"]
        guard let fields = mapping(pair.value, of: "version \(pair.key)", words: words) else { return nil }
        let description = fields["description"] == nil ? nil : text(fields, "description", at: pair.keyNode)
        guard let schemaNode = fields["schema"] else {
            note("version \(pair.key) has no schema", at: pair.keyNode)
            return nil
        }
        checkMessageSchema(schemaNode, partitionKey: partitionKey, definitions: Set(context.definitions.keys))
        guard var schema = json(schemaNode) else { return nil }
        bundle(context.definitions, into: &schema)
        guard let exampleNode = fields["example"], let example = json(exampleNode) else {
            if fields["example"] == nil { note("version \(pair.key) has no example", at: pair.keyNode) }
            return nil
        }
        checkExample(example, at: exampleNode, schema: schema)
        guard let number, number >= 1 else { return nil }
        return ContractVersion(
            number: number, description: description, schema: schema, example: example, location: location(pair.keyNode))
    }
}
