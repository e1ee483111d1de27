import Contracts
import Yams

/// What an event or a command is.
extension YAMLReader {
    private static let versionWords = ["description", "schema", "example", "personal", "deprecated"]

    /// A message with its versions, in one of two forms: `versions` by number, or the only version's `schema` and
    /// `example` in the message itself.
    mutating func message(_ pair: Pair, _ kind: MessageContract.Kind, _ context: MessageContext) -> MessageContract? {
        if !Self.isDotted(pair.key) {
            note("\"\(pair.key)\" is not a name for a type; they look like \"order.created\"", at: pair.keyNode)
        }
        let words = ["description", "partitionKey", "deprecated", "personal", "versions", "version", "schema", "example"]
        guard let fields = mapping(pair.value, of: "\(kind.rawValue) \"\(pair.key)\"", words: words) else { return nil }
        let description = text(fields, "description", at: pair.keyNode)
        var shared = VersionContext(file: context, partitionKey: context.partitionKey, personal: fields["personal"])
        if fields["partitionKey"] != nil {
            shared.partitionKey = name(fields, "partitionKey", at: pair.keyNode, like: "orderId", Self.isPropertyName) ?? ""
        }
        let deprecation = deprecation(fields["deprecated"])
        let versions = versions(of: pair, fields, shared)
        guard let description, let versions, !versions.isEmpty else { return nil }
        return MessageContract(
            kind: kind, topic: context.topic, type: pair.key, description: description, partitionKey: shared.partitionKey,
            deprecation: deprecation, versions: versions, location: location(pair.keyNode))
    }

    /// What a version needs to know of its message.
    private struct VersionContext {
        var file: MessageContext
        var partitionKey: String
        /// What is personal in all versions that do not say it themselves.
        var personal: Node?
    }

    private mutating func versions(
        of pair: Pair, _ fields: [String: Node], _ context: VersionContext
    ) -> [ContractVersion]? {
        let short = ["schema", "example", "version"].first { fields[$0] != nil }
        guard let node = fields["versions"] else {
            guard short != nil else {
                note("\"\(pair.key)\" has no versions; write its \"schema\" and \"example\", or \"versions\"", at: pair.keyNode)
                return nil
            }
            var number: Int? = 1
            if let node = fields["version"] { number = self.number(node.scalar?.string ?? "", at: node) }
            var own = fields.filter { $0.key == "schema" || $0.key == "example" }
            own["personal"] = fields["personal"]
            return version(number, own, at: pair.keyNode, context).map { [$0] }
        }
        if let short, let node = fields[short] {
            note("\"\(short)\" belongs into one of the versions, because there are \"versions\"", at: node)
        }
        guard let pairs = pairs(node, of: "versions"), !pairs.isEmpty else {
            note("\"\(pair.key)\" has no versions", at: node)
            return nil
        }
        let versions = pairs.compactMap { pair -> ContractVersion? in
            let number = number(pair.key, at: pair.keyNode)
            guard let fields = mapping(pair.value, of: "version \(pair.key)", words: Self.versionWords) else { return nil }
            return version(number, fields, at: pair.keyNode, context)
        }.sorted { $0.number < $1.number }
        for (index, version) in versions.enumerated() where version.number != versions[0].number + index {
            note("version \(version.number) does not follow version \(versions[index - 1].number)", at: version.location)
            break
        }
        return versions
    }

    private mutating func number(_ text: String, at node: Node) -> Int? {
        if let number = Int(text), number >= 1, String(number) == text { return number }
        note("\"\(text)\" is not a version: a number from 1", at: node)
        return nil
    }

    private mutating func version(
        _ number: Int?, _ fields: [String: Node], at keyNode: Node, _ context: VersionContext
    ) -> ContractVersion? {
        let word = number.map { "version \($0)" } ?? "the version"
        let description = fields["description"] == nil ? nil : text(fields, "description", at: keyNode)
        guard let schemaNode = fields["schema"] else {
            note("\(word) has no schema", at: keyNode)
            return nil
        }
        let definitions = context.file.definitions
        let before = problems.count
        checkMessageSchema(schemaNode, partitionKey: context.partitionKey, definitions: definitions)
        guard var schema = json(schemaNode) else { return nil }
        bundle(definitions, into: &schema)
        let schemaPlaces = places(of: schemaNode, at: schemaNode)
        let examplePlaces = fields["example"].map { places(of: $0, at: $0) } ?? schemaPlaces
        let personal = (fields["personal"] ?? context.personal).flatMap {
            personalData($0, schema: schema, partitionKey: context.partitionKey)
        }
        let deprecation = deprecation(fields["deprecated"])
        guard let exampleNode = fields["example"], let example = json(exampleNode) else {
            if fields["example"] == nil { note("\(word) has no example", at: keyNode) }
            return nil
        }
        checkExample(example, at: exampleNode, schema: schema)
        // What is wrong by the rules of contracts would be said a second time, in other words.
        if problems.count == before, context.file.areDefinitionsGood {
            check(example, examplePlaces, fits: schema, schemaPlaces, definitions: context.file.definitionPlaces)
        }
        guard let number else { return nil }
        return ContractVersion(
            number: number, description: description, schema: schema, example: example, personal: personal,
            deprecation: deprecation, location: location(keyNode), schemaPlaces: schemaPlaces,
            examplePlaces: examplePlaces)
    }

    /// `deprecated: true`, or better a sentence that says what to use instead.
    private mutating func deprecation(_ node: Node?) -> String? {
        guard let node, let value = json(node) else { return nil }
        if let flag = value.boolValue { return flag ? "deprecated" : nil }
        if let text = value.stringValue, !text.isEmpty { return text.split(whereSeparator: \.isNewline).joined(separator: " ") }
        note("deprecated must be true, or say what to use instead", at: node)
        return nil
    }

    // MARK: Personal data

    private mutating func personalData(_ node: Node, schema: JSONValue, partitionKey: String) -> PersonalData? {
        guard let fields = mapping(node, of: "personal", words: ["subject", "fields"]) else { return nil }
        guard let subjectNode = fields["subject"], let fieldsNode = fields["fields"] else {
            note("personal data needs a \"subject\" (who it is about) and \"fields\"", at: node)
            return nil
        }
        let subject = pointer(subjectNode, into: schema, isSubject: true)
        guard case .sequence(let list) = fieldsNode, isPlain(fieldsNode), !list.isEmpty else {
            note("fields must be a list of JSON pointers, like [/email]", at: fieldsNode)
            return nil
        }
        var pointers: [JSONPointer] = []
        for element in list {
            guard let field = pointer(element, into: schema, isSubject: false) else { continue }
            if field == subject { note("the subject itself cannot be erased: it finds the key", at: element) }
            if field.tokens == [partitionKey] {
                note("the partition key cannot be personal: it travels in the clear beside the data", at: element)
            }
            if pointers.contains(field) { note("\(field) is there twice", at: element) }
            pointers.append(field)
        }
        return subject.map { PersonalData(subject: $0, fields: pointers) }
    }

    private mutating func pointer(_ node: Node, into schema: JSONValue, isSubject: Bool) -> JSONPointer? {
        guard let value = json(node) else { return nil }
        guard let text = value.stringValue, let pointer = JSONPointer(text), !pointer.isRoot else {
            note("\(value.stringValue ?? value.description) is not a JSON pointer to a property; they look like /customerId", at: node)
            return nil
        }
        var place = Self.resolved(schema, in: schema)
        for token in pointer.tokens {
            let properties = place["properties"]?.objectValue
            if isSubject, place["required"]?.arrayValue?.contains(.string(token)) != true, properties?[token] != nil {
                note("the subject must be required: \"\(token)\" is not", at: node)
                return nil
            }
            guard let next = properties?[token] ?? (token == "*" && !isSubject ? place["items"] : nil) else {
                note("there is no \(pointer) in the data" + suggestion(for: token, among: properties?.keys ?? []), at: node)
                return nil
            }
            place = Self.resolved(next, in: schema)
        }
        if isSubject, place["type"] != "string", place["type"] != "integer" {
            note("the subject must be a string or an integer", at: node)
            return nil
        }
        return pointer
    }
}
