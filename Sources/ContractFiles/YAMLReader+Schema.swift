import Contracts
import Yams

/// What a schema in a contract must look like. This checks the schema itself, its names and references; whether data
/// fits a schema is another matter.
extension YAMLReader {
    /// The words of JSON Schema 2020-12, by what their value is.
    private enum Keyword {
        case schema, schemaMap, schemaList, value
    }

    private static let keywords: [String: Keyword] = {
        var all: [String: Keyword] = [:]
        for word in [
            "items", "contains", "additionalProperties", "propertyNames", "unevaluatedProperties", "unevaluatedItems",
            "not", "if", "then", "else", "contentSchema",
        ] { all[word] = .schema }
        for word in ["properties", "patternProperties", "dependentSchemas", "$defs"] { all[word] = .schemaMap }
        for word in ["allOf", "anyOf", "oneOf", "prefixItems"] { all[word] = .schemaList }
        for word in [
            "$ref", "$comment", "type", "enum", "const", "title", "description", "default", "deprecated", "readOnly",
            "writeOnly", "examples", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum",
            "maxLength", "minLength", "pattern", "format", "maxItems", "minItems", "uniqueItems", "maxContains",
            "minContains", "maxProperties", "minProperties", "required", "dependentRequired", "contentEncoding",
            "contentMediaType",
        ] { all[word] = .value }
        return all
    }()

    private static let types = ["null", "boolean", "object", "array", "number", "string", "integer"]

    /// Checks a schema and everything inside it.
    mutating func checkSchema(_ node: Node, definitions: Set<String>) {
        if case .scalar = node {
            if let value = json(node), value.boolValue == nil { note("a schema must be a mapping, true or false", at: node) }
            return
        }
        guard let pairs = pairs(node, of: "a schema") else { return }
        for pair in pairs {
            guard let keyword = Self.keywords[pair.key] else {
                let near = suggestion(for: pair.key, among: Self.keywords.keys.sorted())
                note("\"\(pair.key)\" is not a word of JSON Schema" + near, at: pair.keyNode)
                continue
            }
            switch keyword {
            case .schema: checkSchema(pair.value, definitions: definitions)
            case .schemaMap: checkSchemaMap(pair, definitions: definitions)
            case .schemaList:
                guard case .sequence(let list) = pair.value, isPlain(pair.value) else {
                    note("\(pair.key) must be a list of schemas", at: pair.value)
                    continue
                }
                for element in list { checkSchema(element, definitions: definitions) }
            case .value: checkValue(pair, definitions: definitions)
            }
        }
        checkRequired(pairs)
    }

    private mutating func checkSchemaMap(_ map: Pair, definitions: Set<String>) {
        guard let pairs = pairs(map.value, of: map.key) else { return }
        for pair in pairs {
            if map.key == "properties", !Self.isPropertyName(pair.key) {
                note("\"\(pair.key)\" is not a name for a property; they look like \"orderId\"", at: pair.keyNode)
            }
            checkSchema(pair.value, definitions: definitions)
        }
    }

    private mutating func checkValue(_ pair: Pair, definitions: Set<String>) {
        guard let value = json(pair.value) else { return }
        switch pair.key {
        case "$ref":
            let prefix = "#/$defs/"
            guard let target = value.stringValue, target.hasPrefix(prefix) else {
                return note("$ref must be of the form #/$defs/Name", at: pair.value)
            }
            let name = String(target.dropFirst(prefix.count))
            guard !definitions.contains(name) else { return }
            note("$defs has no \"\(name)\"" + suggestion(for: name, among: definitions.sorted()), at: pair.value)
        case "type":
            for type in value.arrayValue ?? [value] where !Self.types.contains(type.stringValue ?? "") {
                let word = type.stringValue ?? type.description
                note("\"\(word)\" is not a type" + suggestion(for: word, among: Self.types), at: pair.value)
            }
        case "maxLength", "minLength", "maxItems", "minItems", "maxContains", "minContains", "maxProperties", "minProperties":
            if value.intValue.map({ $0 >= 0 }) != true { note("\(pair.key) must be a whole number from 0", at: pair.value) }
        case "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "multipleOf":
            if value.doubleValue == nil { note("\(pair.key) must be a number", at: pair.value) }
        case "enum", "examples":
            if value.arrayValue == nil { note("\(pair.key) must be a list", at: pair.value) }
        default: break
        }
    }

    /// Names in `required` must be properties: a typing error would ask for what cannot be there.
    private mutating func checkRequired(_ pairs: [Pair]) {
        guard let required = pairs.first(where: { $0.key == "required" }) else { return }
        guard case .sequence(let names) = required.value else {
            return note("required must be a list of names", at: required.value)
        }
        let properties = pairs.first { $0.key == "properties" }?.value.mapping?.keys.compactMap(\.scalar?.string) ?? []
        var seen: Set<String> = []
        for node in names {
            guard let name = node.scalar?.string else {
                note("required must be a list of names", at: node)
                continue
            }
            if !seen.insert(name).inserted { note("\"\(name)\" is there twice", at: node) }
            if !properties.contains(name) {
                note("\"\(name)\" is required, but is not among the properties" + suggestion(for: name, among: properties), at: node)
            }
        }
    }

    /// The schema of a message: an object that says all of its properties, with the partition key among them.
    mutating func checkMessageSchema(_ node: Node, partitionKey: String, definitions: [String: JSONValue]) {
        checkSchema(node, definitions: Set(definitions.keys))
        guard var schema = json(node) else { return }
        if schema["type"] != "object" { note("the schema of a message must have \"type: object\"", at: node) }
        if schema["additionalProperties"] != false {
            note("the schema of a message must have \"additionalProperties: false\"", at: node)
        }
        if schema["properties"]?.objectValue?.isEmpty != false { note("the schema of a message must have properties", at: node) }
        guard !partitionKey.isEmpty else { return }
        guard let property = schema["properties"]?[partitionKey] else {
            let near = suggestion(for: partitionKey, among: schema["properties"]?.objectValue?.keys ?? [])
            return note("the partition key \"\(partitionKey)\" must be a required property" + near, at: node)
        }
        if schema["required"]?.arrayValue?.contains(.string(partitionKey)) != true {
            note("the partition key \"\(partitionKey)\" must be a required property", at: node)
        }
        bundle(definitions, into: &schema)
        let resolved = Self.resolved(property, in: schema)
        let isEnumeration = resolved["enum"]?.arrayValue?.allSatisfy { $0.stringValue?.isEmpty == false } ?? false
        if resolved["$ref"] == nil, resolved["type"] != "string", resolved["type"] != "integer", !isEnumeration {
            note("the partition key \"\(partitionKey)\" must be a string or an integer", at: node)
        }
    }

    /// A schema, or what it refers to.
    static func resolved(_ schema: JSONValue, in root: JSONValue) -> JSONValue {
        var schema = schema
        // As many steps as there can be definitions: more is a circle.
        for _ in 0..<64 {
            guard let target = schema["$ref"]?.stringValue else { break }
            guard let next = root["$defs"]?[String(target.dropFirst("#/$defs/".count))] else { break }
            schema = next
        }
        return schema
    }

    /// Whether the example has the properties that the schema asks for, and no others.
    mutating func checkExample(_ example: JSONValue, at node: Node, schema: JSONValue) {
        guard let object = example.objectValue else { return note("the example must be an object", at: node) }
        let properties = schema["properties"]?.objectValue?.keys ?? []
        for key in object.keys where !properties.contains(key) {
            note("the example has \"\(key)\", which is not among the properties" + suggestion(for: key, among: properties), at: node)
        }
        for name in (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue) where object[name] == nil {
            note("the example lacks \"\(name)\"", at: node)
        }
    }

    /// Adds those definitions that a schema refers to, also through others, so that it stands by itself.
    func bundle(_ definitions: [String: JSONValue], into schema: inout JSONValue) {
        var needed: Set<String> = []
        var open = Self.references(in: schema)
        while let name = open.popLast() {
            guard let definition = definitions[name], needed.insert(name).inserted else { continue }
            open += Self.references(in: definition)
        }
        guard !needed.isEmpty else { return }
        var bundled = schema["$defs"]?.objectValue ?? JSONObject()
        for name in needed.sorted() { bundled[name] = definitions[name] }
        schema["$defs"] = .object(bundled)
    }

    private static func references(in value: JSONValue) -> [String] {
        switch value {
        case .array(let values): return values.flatMap(references)
        case .object(let object):
            let own = object["$ref"]?.stringValue.map { [String($0.dropFirst("#/$defs/".count))] } ?? []
            return own + object.flatMap { references(in: $0.value) }
        default: return []
        }
    }
}
