/// The part of a compiled schema that is decided while the bytes of a document are read, without building values.
///
/// It only ever says yes. It decides objects with known members, arrays of one kind, texts with lengths, formats, patterns and
/// enumerations, and whole numbers with bounds; subschemas that ask more are evaluated over the tree of the one value that they
/// concern. Whatever it does not decide (a document that does not fit, escapes in names, unknown members) is for
/// ``Evaluation`` to judge and to explain.
final class DirectProgram: Sendable {
    /// By number of the subschema; one more at the end, of which nothing is asked.
    let nodes: ContiguousArray<DirectNode>
    let properties: ContiguousArray<DirectProperty>
    /// The allowed texts of all enumerations, as ranges of ``bytes``.
    let choices: ContiguousArray<Range<Int>>
    /// Names and texts, one after the other.
    let bytes: ContiguousArray<UInt8>
    let patterns: ContiguousArray<SchemaPattern>
    let program: SchemaProgram

    /// How deep documents may be nested; deeper ones are not decided.
    static let maximumDepth = 128

    /// - Returns: nil when documents of this schema have to be built in any case.
    init?(_ program: SchemaProgram) {
        guard !program.isDynamic, program.options.maximumEvaluationDepth > 2 * Self.maximumDepth else { return nil }
        var builder = DirectBuilder(anything: Int32(program.nodes.count))
        for node in program.nodes { builder.add(node) }
        builder.addAnything()
        guard !builder.nodes[Int(program.root.index)].trees.contains(.object) else { return nil }
        nodes = builder.nodes
        properties = builder.properties
        choices = builder.choices
        bytes = builder.bytes
        patterns = builder.patterns
        self.program = program
    }

    /// The number of a member of the whole document; nil when the schema does not know it.
    func property(_ name: String) -> Int? {
        let root = nodes[Int(program.root.index)]
        let wanted = Array(name.utf8)
        return (0..<Int(root.propertyCount)).first { number in
            bytes[properties[Int(root.firstProperty) + number].name].elementsEqual(wanted)
        }
    }
}

/// Collects a ``DirectProgram``.
private struct DirectBuilder {
    var nodes: ContiguousArray<DirectNode> = []
    var properties: ContiguousArray<DirectProperty> = []
    var choices: ContiguousArray<Range<Int>> = []
    var bytes: ContiguousArray<UInt8> = []
    var patterns: ContiguousArray<SchemaPattern> = []
    /// The subschema of which nothing is asked.
    let anything: Int32

    init(anything: Int32) { self.anything = anything }

    mutating func addAnything() {
        // The names of its members are unknown, and whether one is there twice is found out by building it.
        nodes.append(DirectNode(trees: .object, items: anything))
    }

    mutating func add(_ node: SchemaNode) {
        guard !node.isNever, node.inPlace == nil, node.unevaluatedItems == nil, node.unevaluatedProperties == nil,
            node.choices.count <= 1, node.choices.allSatisfy({ $0.values.allSatisfy { $0.stringValue != nil } })
        else { return nodes.append(DirectNode(trees: .all)) }
        var direct = DirectNode(types: node.types, items: anything)
        addTexts(node, &direct)
        addNumbers(node.number, &direct)
        addArrays(node.array, &direct)
        addObjects(node.object, &direct)
        // An enumeration of texts takes nothing else.
        if !node.choices.isEmpty { direct.types.formIntersection(.string) }
        nodes.append(direct)
    }

    private mutating func addTexts(_ node: SchemaNode, _ direct: inout DirectNode) {
        if let choice = node.choices.first {
            direct.takesAnyText = false
            direct.firstChoice = Int32(choices.count)
            direct.choiceCount = Int32(choice.values.count)
            for value in choice.values { choices.append(append(value.stringValue ?? "")) }
        }
        guard let rules = node.string else { return }
        direct.takesAnyText = false
        direct.minimumLength = rules.minimumLength
        direct.maximumLength = rules.maximumLength
        direct.format = rules.format
        guard let pattern = rules.pattern else { return }
        guard pattern.table != nil else { return direct.trees.formUnion(.string) }
        direct.pattern = Int32(patterns.count)
        patterns.append(pattern)
    }

    private func addNumbers(_ rules: NumberRules?, _ direct: inout DirectNode) {
        guard let rules else { return }
        direct.isBounded = true
        guard let range = rules.wholeRange else { return direct.trees.formUnion([.number, .integer]) }
        direct.leastNumber = range.lowerBound
        direct.mostNumber = range.upperBound
    }

    private func addArrays(_ rules: ArrayRules?, _ direct: inout DirectNode) {
        guard let rules else { return }
        guard rules.prefix.isEmpty, rules.contains == nil, !rules.isUnique else { return direct.trees.formUnion(.array) }
        if let items = rules.items { direct.items = items.index }
        direct.minimumCount = rules.minimumCount
        direct.maximumCount = rules.maximumCount
    }

    private mutating func addObjects(_ rules: ObjectRules?, _ direct: inout DirectNode) {
        guard let rules, !rules.properties.entries.isEmpty, rules.properties.entries.count <= 64, rules.patterns.isEmpty,
            rules.names == nil, rules.requiredBeyond.isEmpty, rules.dependentRequired.isEmpty,
            rules.properties.entries.allSatisfy({ $0.schema != nil && Self.isPlain($0.name) })
        else { return direct.trees.formUnion(.object) }
        direct.firstProperty = Int32(properties.count)
        direct.propertyCount = Int32(rules.properties.entries.count)
        direct.required = rules.requiredBits
        direct.minimumMembers = rules.minimumCount
        direct.maximumMembers = rules.maximumCount
        for entry in rules.properties.entries {
            properties.append(DirectProperty(name: append(entry.name), node: entry.schema?.index ?? anything))
        }
    }

    private mutating func append(_ text: String) -> Range<Int> {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return start..<bytes.count
    }

    /// Whether a name stands in a document as it is.
    private static func isPlain(_ name: String) -> Bool {
        name.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }
}
