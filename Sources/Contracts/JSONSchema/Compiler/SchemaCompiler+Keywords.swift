extension SchemaCompiler {
    /// Reads the keywords of one subschema. Values of the wrong kind are passed over: the meta-schema has refused them
    /// where it was asked.
    mutating func draft(of item: Item) throws(JSONSchemaError) -> NodeDraft {
        var draft = NodeDraft()
        switch item.value {
        case .bool(let isAlways): draft.isNever = !isAlways
        case .object(let object):
            let vocabularies = documents.resources[item.resource].dialect.vocabularies
            for (keyword, value) in object {
                switch keyword {
                case "$ref":
                    guard let text = value.stringValue else { continue }
                    draft.inPlace.references.append(try reference(text, in: item))
                case "$dynamicRef":
                    guard let text = value.stringValue else { continue }
                    draft.inPlace.dynamic.append(try dynamicReference(text, in: item))
                default:
                    if vocabularies.contains(.applicator) { try readApplicator(keyword, value, item, &draft) }
                    if vocabularies.contains(.unevaluated) { try readUnevaluated(keyword, value, item, &draft) }
                    if vocabularies.contains(.validation) { try readAssertion(keyword, value, item, &draft) }
                }
            }
            if options.assertsFormats || vocabularies.contains(.formatAssertion),
                let name = object["format"]?.stringValue
            {
                draft.string.format = StringFormat(rawValue: name)
            }
            if draft.inPlace.condition == nil { (draft.inPlace.then, draft.inPlace.otherwise) = (nil, nil) }
        default:
            throw documents.error(
                .invalidSchema, item.place, "a schema must be an object or a boolean, not \(item.value.kind)")
        }
        return draft
    }

    private mutating func readApplicator(
        _ keyword: String, _ value: JSONValue, _ item: Item, _ draft: inout NodeDraft
    ) throws(JSONSchemaError) {
        switch keyword {
        case "allOf": draft.inPlace.all = try list(value, keyword, item)
        case "anyOf": draft.inPlace.any = try list(value, keyword, item)
        case "oneOf": draft.inPlace.one = try list(value, keyword, item)
        case "not": draft.inPlace.not = try number(of: value, below: item, keyword)
        case "if": draft.inPlace.condition = try number(of: value, below: item, keyword)
        case "then": draft.inPlace.then = try number(of: value, below: item, keyword)
        case "else": draft.inPlace.otherwise = try number(of: value, below: item, keyword)
        case "prefixItems": draft.array.prefix = try list(value, keyword, item)
        case "items": draft.array.items = try number(of: value, below: item, keyword)
        case "contains": draft.array.contains = try number(of: value, below: item, keyword)
        case "properties": draft.object.properties = try map(value, keyword, item)
        case "patternProperties":
            for (text, schema) in try map(value, keyword, item) {
                let pattern = try pattern(text, at: item.place.appending(keyword).appending(text))
                draft.object.patterns.append((pattern, schema))
            }
        case "additionalProperties": draft.object.additional = try number(of: value, below: item, keyword)
        case "propertyNames": draft.object.names = try number(of: value, below: item, keyword)
        case "dependentSchemas": draft.inPlace.dependent += try map(value, keyword, item)
        case "dependencies":
            // Of earlier drafts; the draft leaves it to us.
            for (name, content) in value.objectValue ?? JSONObject() {
                if let needs = content.arrayValue {
                    draft.object.dependentRequired.append((name, needs.compactMap(\.stringValue)))
                } else {
                    draft.inPlace.dependent.append((name, try number(of: content, below: item, keyword, name)))
                }
            }
        default: break
        }
    }

    private mutating func readUnevaluated(
        _ keyword: String, _ value: JSONValue, _ item: Item, _ draft: inout NodeDraft
    ) throws(JSONSchemaError) {
        switch keyword {
        case "unevaluatedItems": draft.unevaluatedItems = try number(of: value, below: item, keyword)
        case "unevaluatedProperties": draft.unevaluatedProperties = try number(of: value, below: item, keyword)
        default: break
        }
    }

    private mutating func readAssertion(
        _ keyword: String, _ value: JSONValue, _ item: Item, _ draft: inout NodeDraft
    ) throws(JSONSchemaError) {
        switch keyword {
        case "type":
            let names = value.arrayValue ?? [value]
            draft.types = names.reduce(into: TypeSet(rawValue: 0)) {
                $0.formUnion($1.stringValue.flatMap(TypeSet.init(name:)) ?? [])
            }
        case "enum": if let values = value.arrayValue { draft.choices.append(ValueChoice(values, keyword: "enum")) }
        case "const": draft.choices.append(ValueChoice([value], keyword: "const"))
        case "minimum", "exclusiveMinimum":
            guard case .number(let number) = value else { return }
            draft.number.minimum.append(NumberRules.Bound(number, isExclusive: keyword == "exclusiveMinimum"))
        case "maximum", "exclusiveMaximum":
            guard case .number(let number) = value else { return }
            draft.number.maximum.append(NumberRules.Bound(number, isExclusive: keyword == "exclusiveMaximum"))
        case "multipleOf":
            guard case .number(let number) = value else { return }
            guard let divisor = Divisor(number) else {
                throw documents.error(
                    .limitExceeded, item.place.appending(keyword), "multipleOf must be positive, with at most 19 digits"
                )
            }
            draft.number.divisor = divisor
        case "pattern":
            guard let text = value.stringValue else { return }
            draft.string.pattern = try pattern(text, at: item.place.appending(keyword))
        case "minLength": draft.string.minimumLength = count(value)
        case "maxLength": draft.string.maximumLength = count(value)
        case "minItems": draft.array.minimumCount = count(value)
        case "maxItems": draft.array.maximumCount = count(value)
        case "uniqueItems": draft.array.isUnique = value.boolValue ?? false
        case "minContains": draft.array.minimumContains = count(value)
        case "maxContains": draft.array.maximumContains = count(value)
        case "minProperties": draft.object.minimumCount = count(value)
        case "maxProperties": draft.object.maximumCount = count(value)
        case "required": draft.object.required = (value.arrayValue ?? []).compactMap(\.stringValue)
        case "dependentRequired":
            for (name, needs) in value.objectValue ?? JSONObject() {
                draft.object.dependentRequired.append((name, (needs.arrayValue ?? []).compactMap(\.stringValue)))
            }
        default: break
        }
    }

    /// A count; one that no document can have becomes the largest.
    private func count(_ value: JSONValue) -> Int {
        guard case .number(let number) = value else { return 0 }
        return number.int.map { max($0, 0) } ?? .max
    }

    private mutating func list(_ value: JSONValue, _ keyword: String, _ item: Item) throws(JSONSchemaError) -> [NodeID] {
        var result: [NodeID] = []
        for (index, schema) in (value.arrayValue ?? []).enumerated() {
            result.append(try number(of: schema, below: item, keyword, String(index)))
        }
        return result
    }

    private mutating func map(
        _ value: JSONValue, _ keyword: String, _ item: Item
    ) throws(JSONSchemaError) -> [(name: String, schema: NodeID)] {
        var result: [(name: String, schema: NodeID)] = []
        for (name, schema) in value.objectValue ?? JSONObject() {
            result.append((name, try number(of: schema, below: item, keyword, name)))
        }
        return result
    }
}
