/// Turns a schema, and what it refers to, into a program. Works through a list instead of recursing, so that the shape
/// of a schema is no matter for the stack.
struct SchemaCompiler {
    let options: JSONSchema.Options
    var documents: SchemaDocuments
    /// Subschemas by place, the first number that they got.
    private var numbers: [SchemaPlace: NodeID] = [:]
    private var pending: [Item] = []
    var drafts: [NodeDraft?] = []
    private var places: [(place: SchemaPlace, resource: Int)] = []
    private var anchorNumbers: [String: Int] = [:]
    /// Patterns are compiled once for each text.
    private var patterns: [String: SchemaPattern] = [:]
    private let registry: JSONSchemaRegistry

    /// A subschema whose keywords are still to be read.
    struct Item {
        var id: NodeID
        var place: SchemaPlace
        var resource: Int
        var value: JSONValue
    }

    init(registry: JSONSchemaRegistry, options: JSONSchema.Options) {
        self.registry = registry
        self.options = options
        documents = SchemaDocuments(registry: registry, options: options)
    }

    mutating func compile(_ schema: JSONValue, baseURI: String) throws(JSONSchemaError) -> SchemaProgram {
        let resource = try documents.add(schema, at: SchemaURI(baseURI))
        try checkDocuments()
        let root = try number(of: schema, at: documents.resources[resource].place, resource: resource)
        try workThroughPending()
        let dynamicAnchors = try numberDynamicAnchors()
        return try finish(root: root, dynamicAnchors: dynamicAnchors)
    }

    // MARK: Numbering

    /// The number of a subschema; it is put on the list when it is new.
    mutating func number(
        of value: JSONValue, at place: SchemaPlace, resource: Int
    ) throws(JSONSchemaError) -> NodeID {
        if let known = numbers[place] { return known }
        guard drafts.count < options.maximumSubschemas else {
            throw documents.error(.limitExceeded, place, "there are more than \(options.maximumSubschemas) subschemas")
        }
        let id = NodeID(drafts.count)
        let owner = documents.resource(of: place, inside: resource)
        numbers[place] = id
        drafts.append(nil)
        places.append((place, owner))
        pending.append(Item(id: id, place: place, resource: owner, value: value))
        return id
    }

    /// The number of a subschema in the value of a keyword.
    mutating func number(of value: JSONValue, below item: Item, _ path: String...) throws(JSONSchemaError) -> NodeID {
        let place = path.reduce(item.place) { $0.appending($1) }
        return try number(of: value, at: place, resource: item.resource)
    }

    private mutating func workThroughPending() throws(JSONSchemaError) {
        while let item = pending.popLast() {
            drafts[Int(item.id.index)] = try draft(of: item)
            try checkDocuments()
        }
    }

    // MARK: References

    mutating func reference(_ text: String, in item: Item) throws(JSONSchemaError) -> NodeID {
        let target = try documents.resolve(text, from: item.resource, at: item.place.appending("$ref"))
        return try number(of: target.value, at: target.place, resource: target.resource)
    }

    mutating func dynamicReference(
        _ text: String, in item: Item
    ) throws(JSONSchemaError) -> InPlaceRules.DynamicReference {
        let target = try documents.resolve(text, from: item.resource, at: item.place.appending("$dynamicRef"))
        let id = try number(of: target.value, at: target.place, resource: target.resource)
        return InPlaceRules.DynamicReference(target: id, anchor: target.dynamicAnchor.map { anchorNumber($0) })
    }

    private mutating func anchorNumber(_ name: String) -> Int {
        if let known = anchorNumbers[name] { return known }
        anchorNumbers[name] = anchorNumbers.count
        return anchorNumbers.count - 1
    }

    /// Numbers the subschemas that a `$dynamicRef` may end at. That may bring in more references, and those more anchors.
    private mutating func numberDynamicAnchors() throws(JSONSchemaError) -> [[Int32: NodeID]] {
        var result: [[Int32: NodeID]] = []
        var previous = -1
        while previous != drafts.count || result.count != anchorNumbers.count {
            previous = drafts.count
            result = Array(repeating: [:], count: anchorNumbers.count)
            for (name, anchor) in anchorNumbers {
                for index in documents.resources.indices {
                    guard let place = documents.resources[index].dynamicAnchors[name],
                        let value = documents.roots[place.document].value[place.pointer]
                    else { continue }
                    result[anchor][Int32(truncatingIfNeeded: index)] = try number(of: value, at: place, resource: index)
                }
            }
            try workThroughPending()
        }
        return result
    }

    // MARK: Patterns

    mutating func pattern(_ text: String, at place: SchemaPlace) throws(JSONSchemaError) -> SchemaPattern {
        if let known = patterns[text] { return known }
        do throws(PatternError) {
            let pattern = try SchemaPattern(text, maximumSize: options.maximumPatternSize)
            patterns[text] = pattern
            return pattern
        } catch {
            let code: JSONSchemaError.Code =
                switch error.kind {
                case .invalid: .invalidPattern
                case .unsupported: .unsupportedPattern
                case .tooLarge: .limitExceeded
                }
            throw JSONSchemaError(
                code, in: documents.roots[place.document].uri, at: place.pointer, error.message, underlying: error)
        }
    }

    // MARK: The end

    private mutating func finish(
        root: NodeID, dynamicAnchors: [[Int32: NodeID]]
    ) throws(JSONSchemaError) -> SchemaProgram {
        var nodes: [NodeDraft] = drafts.map { $0 ?? NodeDraft() }
        if let endless = SchemaLoops.firstEndless(in: nodes) {
            throw documents.error(
                .endlessReference, places[endless].place,
                "the schema applies itself to the same value again, by way of its references, without an end")
        }
        let isDynamic = nodes.contains { $0.inPlace.dynamic.contains { $0.anchor != nil } }
        let direct = SchemaLoops.targetsOfSoleReferences(in: nodes) { from, to in
            // The way matters to a `$dynamicRef`, so a step into another resource stays.
            !isDynamic || places[from].resource == places[to].resource
        }
        for index in nodes.indices { nodes[index].redirect { direct[Int($0.index)] } }
        let compiled = nodes.indices.map {
            SchemaNode(nodes[$0], location: location(of: $0), resource: places[$0].resource)
        }
        return SchemaProgram(
            nodes: ContiguousArray(compiled), root: direct[Int(root.index)], options: options, isDynamic: isDynamic,
            dynamicAnchors: dynamicAnchors)
    }

    /// The URI of the resource, and the way from its root.
    private func location(of node: Int) -> String {
        let place = places[node].place
        let resource = documents.resources[places[node].resource]
        let inResource = place.pointer.text.utf8.dropFirst(resource.place.pointer.text.utf8.count)
        return resource.uri.text + "#" + String(Substring(inResource))
    }

    // MARK: Meta-schemas

    /// Checks the documents that have been added since the last time.
    private mutating func checkDocuments() throws(JSONSchemaError) {
        guard options.checksMetaSchema else { return }
        for document in documents.takeUnchecked() {
            let (uri, value) = documents.roots[document]
            guard !uri.hasPrefix(MetaSchemas.root),
                let resource = documents.resources.first(where: { $0.place.document == document }),
                let metaSchema = try metaSchema(of: resource.dialect, for: uri)
            else { continue }
            let violations = metaSchema.validate(value)
            guard let first = violations.first else { continue }
            throw JSONSchemaError(
                .invalidSchema, in: uri, at: first.pointer, "\(first.message) (\(first.keyword))",
                violations: violations)
        }
    }

    /// The compiled meta-schema; nil for a document that is its own.
    private func metaSchema(of dialect: SchemaDialect, for uri: String) throws(JSONSchemaError) -> JSONSchema? {
        if dialect.metaSchema == SchemaDialect.draft202012.metaSchema { return MetaSchemas.standard }
        guard dialect.metaSchema != uri, let document = registry.document(at: dialect.metaSchema) else { return nil }
        var options = options
        options.checksMetaSchema = false
        options.maximumViolations = 10
        return try JSONSchema(compiling: document.value, baseURI: document.uri, registry: registry, options: options)
    }
}

extension NodeDraft {
    /// Replaces every number of another subschema.
    mutating func redirect(_ target: (NodeID) -> NodeID) {
        func redirect(_ ids: inout [NodeID]) { for index in ids.indices { ids[index] = target(ids[index]) } }
        func redirect(_ id: inout NodeID?) { id = id.map(target) }
        redirect(&array.prefix)
        redirect(&array.items)
        redirect(&array.contains)
        for index in object.properties.indices {
            object.properties[index].schema = target(object.properties[index].schema)
        }
        for index in object.patterns.indices { object.patterns[index].schema = target(object.patterns[index].schema) }
        redirect(&object.additional)
        redirect(&object.names)
        redirect(&inPlace.all)
        redirect(&inPlace.references)
        for index in inPlace.dynamic.indices { inPlace.dynamic[index].target = target(inPlace.dynamic[index].target) }
        redirect(&inPlace.any)
        redirect(&inPlace.one)
        redirect(&inPlace.not)
        redirect(&inPlace.condition)
        redirect(&inPlace.then)
        redirect(&inPlace.otherwise)
        for index in inPlace.dependent.indices {
            inPlace.dependent[index].schema = target(inPlace.dependent[index].schema)
        }
        redirect(&unevaluatedItems)
        redirect(&unevaluatedProperties)
    }
}
