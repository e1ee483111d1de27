import ContractFiles
import Contracts
import TopicsGenerator

/// A topic as `topics list` shows it.
struct TopicRow: Encodable {
    var topic: String
    var owner: String
    var events: Int
    var commands: Int
    var consumers: [String]
    var description: String

    init(_ topic: TopicFile, _ workers: [WorkerManifest]) {
        self.topic = topic.topic
        owner = topic.owner
        events = topic.events.count
        commands = topic.commands.count
        consumers = workers.filter { $0.consumes.contains(topic.topic) }.map(\.name)
        description = topic.description
    }
}

/// A message as `topics show TOPIC` shows it.
struct MessageRow: Encodable {
    var kind: String
    var type: String
    var swiftType: String
    var versions: [Int]
    var partitionKey: String
    var consumers: [String]
    var deprecated: String?
    var description: String

    init(_ message: MessageContract, _ consumers: MessageConsumers) {
        kind = message.kind.rawValue
        type = message.type
        swiftType = TopicsGenerator.typeName(of: message)
        versions = message.versions.map(\.number)
        partitionKey = message.partitionKey
        self.consumers = consumers.of(message)
        deprecated = message.deprecation
        description = message.description
    }
}

/// A property as `topics show TOPIC/TYPE` shows it.
struct FieldRow: Encodable {
    /// Where it is in the data: `items[].productId`.
    var property: String
    var type: String
    var required: Bool
    var limits: String
    var personal: Bool
    var description: String

    /// The properties of a schema, with those inside objects and lists.
    static func rows(of version: ContractVersion) -> [FieldRow] {
        var rows: [FieldRow] = []
        add(version.schema, "", JSONPointer(), version, depth: 0, to: &rows)
        return rows
    }

    private static func add(
        _ schema: JSONValue, _ prefix: String, _ pointer: JSONPointer, _ version: ContractVersion, depth: Int, to rows: inout [FieldRow]
    ) {
        let required = schema["required"]?.arrayValue ?? []
        for (name, property) in schema["properties"]?.objectValue ?? JSONObject() {
            let (resolved, description) = resolve(property, version.schema)
            let own = pointer.appending(name)
            rows.append(
                FieldRow(
                    property: prefix + name, type: SchemaWords.type(resolved, version.schema), required: required.contains(.string(name)),
                    limits: SchemaWords.limits(resolved), personal: version.personal?.fields.contains(own) ?? false,
                    description: description))
            guard depth < 6 else { continue }
            add(resolved, prefix + name + ".", own, version, depth: depth + 1, to: &rows)
            if let items = resolved["items"] {
                add(resolve(items, version.schema).0, prefix + name + "[].", own.appending("*"), version, depth: depth + 1, to: &rows)
            }
        }
    }

    /// What a schema refers to, and the nearest description on the way.
    static func resolve(_ schema: JSONValue, _ root: JSONValue) -> (JSONValue, String) {
        var (schema, description) = (schema, schema["description"]?.stringValue)
        for _ in 0..<16 {
            guard let target = schema["$ref"]?.stringValue, let pointer = JSONPointer(String(target.dropFirst())) else { break }
            schema = root[pointer] ?? true
            description = description ?? schema["description"]?.stringValue
        }
        return (schema, description ?? "")
    }
}

/// Says what a schema allows, in few words.
enum SchemaWords {
    static func type(_ schema: JSONValue, _ root: JSONValue) -> String {
        if let values = schema["enum"]?.arrayValue {
            let shown = values.prefix(4).map { $0.stringValue ?? $0.description }.joined(separator: " | ")
            return values.count > 4 ? shown + " | …" : shown
        }
        if let value = schema["const"] { return value.stringValue ?? value.description }
        let types = (schema["type"]?.arrayValue ?? schema["type"].map { [$0] } ?? []).compactMap(\.stringValue)
        if types == ["array"] {
            let element = schema["items"].map { type(FieldRow.resolve($0, root).0, root) } ?? "any"
            return "[\(element)]"
        }
        if types.isEmpty { return ["oneOf", "anyOf", "allOf"].first { schema[$0] != nil } ?? "any" }
        return types.joined(separator: " | ") + (schema["format"]?.stringValue.map { " (\($0))" } ?? "")
    }

    static func limits(_ schema: JSONValue) -> String {
        var words: [String] = []
        func range(_ low: String, _ high: String, _ what: String) {
            switch (schema[low], schema[high]) {
            case (let low?, let high?): words.append("\(low)–\(high)\(what)")
            case (let low?, nil): words.append("≥ \(low)\(what)")
            case (nil, let high?): words.append("≤ \(high)\(what)")
            case (nil, nil): break
            }
        }
        range("minimum", "maximum", "")
        if let limit = schema["exclusiveMinimum"] { words.append("> \(limit)") }
        if let limit = schema["exclusiveMaximum"] { words.append("< \(limit)") }
        if let factor = schema["multipleOf"] { words.append("multiple of \(factor)") }
        range("minLength", "maxLength", " characters")
        range("minItems", "maxItems", " elements")
        range("minProperties", "maxProperties", " members")
        if let pattern = schema["pattern"]?.stringValue { words.append("/\(pattern)/") }
        if schema["uniqueItems"] == true { words.append("unique") }
        return words.joined(separator: ", ")
    }
}
