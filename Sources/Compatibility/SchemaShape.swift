import Contracts

/// A schema taken apart: what each of its parts asks for, all of which must hold. References are followed and `allOf`
/// is dissolved, so that two schemas that ask for the same in another form have the same shape.
struct SchemaShape {
    /// The kinds of JSON. An integer is a number without a fraction.
    static let kinds: Set<String> = ["null", "boolean", "object", "array", "string", "integer", "fraction"]

    var kinds = Self.kinds
    /// The only values, if they are listed.
    var values: [JSONValue]?
    var minimum: NumberBound?
    var maximum: NumberBound?
    var factors: [JSONNumber] = []
    /// Lengths and counts, by keyword.
    var counts: [String: Int] = [:]
    var patterns: Set<String> = []
    var formats: Set<String> = []
    var hasUniqueItems = false
    var objects: [ObjectPart] = []
    var arrays: [ArrayPart] = []
    var required: Set<String> = []
    var dependentRequired: [String: Set<String>] = [:]
    var choices: [Choice] = []
    /// What is compared as a whole, by keyword.
    var others: [String: [JSONValue]] = [:]
    /// The parts without their choices.
    var parts: [JSONValue] = []

    var isNever: Bool { kinds.isEmpty || values?.isEmpty == true }
    /// Whether anything fits.
    var isAnything: Bool {
        kinds == Self.kinds && values == nil && minimum == nil && maximum == nil && factors.isEmpty && counts.isEmpty
            && patterns.isEmpty && formats.isEmpty && !hasUniqueItems && objects.isEmpty && arrays.isEmpty && required.isEmpty
            && dependentRequired.isEmpty && choices.isEmpty && others.isEmpty
    }

    struct NumberBound: Equatable {
        var value: JSONNumber
        var isExclusive: Bool
    }

    struct ObjectPart {
        var properties: JSONObject
        var patterns: JSONObject
        var additional: JSONValue
    }

    struct ArrayPart {
        var prefix: [JSONValue]
        var rest: JSONValue
    }

    /// `anyOf` or `oneOf`.
    struct Choice {
        var isExclusive: Bool
        var branches: [JSONValue]
    }
}

extension SchemaShape {
    /// Takes a schema apart.
    /// - Parameter root: the document whose `$defs` the references lead to.
    init(_ schema: JSONValue, in root: JSONValue) {
        apply(schema, root, depth: 0)
        finish(root)
    }

    private mutating func apply(_ schema: JSONValue, _ root: JSONValue, depth: Int) {
        if schema.boolValue == false { kinds = [] }
        guard case .object(let object) = schema, depth < 64 else { return }
        if let target = object["$ref"]?.stringValue {
            apply(Self.definition(target, in: root), root, depth: depth + 1)
        }
        for part in object["allOf"]?.arrayValue ?? [] { apply(part, root, depth: depth + 1) }
        var own = object
        for key in ["$ref", "allOf", "anyOf", "oneOf"] { own[key] = nil }
        if !own.isEmpty { parts.append(.object(own)) }
        applyKinds(object)
        applyScalars(object)
        applyContainers(object)
        applyRest(object)
    }

    static func definition(_ target: String, in root: JSONValue) -> JSONValue {
        JSONPointer(String(target.dropFirst())).flatMap { root[$0] } ?? true
    }

    private mutating func applyKinds(_ object: JSONObject) {
        if let type = object["type"] {
            let names = Set((type.arrayValue ?? [type]).compactMap(\.stringValue))
            kinds.formIntersection(names.contains("number") ? names.union(["integer", "fraction"]) : names)
        }
        for listed in [object["enum"]?.arrayValue, object["const"].map { [$0] }] {
            guard let listed else { continue }
            values = values.map { $0.filter(listed.contains) } ?? listed
        }
    }

    private mutating func applyScalars(_ object: JSONObject) {
        if case .number(let value)? = object["minimum"] { raise(.init(value: value, isExclusive: false)) }
        if case .number(let value)? = object["exclusiveMinimum"] { raise(.init(value: value, isExclusive: true)) }
        if case .number(let value)? = object["maximum"] { lower(.init(value: value, isExclusive: false)) }
        if case .number(let value)? = object["exclusiveMaximum"] { lower(.init(value: value, isExclusive: true)) }
        if case .number(let value)? = object["multipleOf"], !factors.contains(value) { factors.append(value) }
        for key in ["minLength", "minItems", "minProperties"] {
            if let value = object[key]?.intValue, value > 0 { counts[key] = max(counts[key] ?? 0, value) }
        }
        for key in ["maxLength", "maxItems", "maxProperties"] {
            if let value = object[key]?.intValue { counts[key] = min(counts[key] ?? .max, value) }
        }
        if let pattern = object["pattern"]?.stringValue { patterns.insert(pattern) }
        if let format = object["format"]?.stringValue { formats.insert(format) }
        if object["uniqueItems"] == true { hasUniqueItems = true }
    }

    private mutating func raise(_ bound: NumberBound) {
        guard let old = minimum else {
            minimum = bound
            return
        }
        if old.value < bound.value || (old.value == bound.value && bound.isExclusive) { minimum = bound }
    }

    private mutating func lower(_ bound: NumberBound) {
        guard let old = maximum else {
            maximum = bound
            return
        }
        if bound.value < old.value || (old.value == bound.value && bound.isExclusive) { maximum = bound }
    }

    private mutating func applyContainers(_ object: JSONObject) {
        let properties = object["properties"]?.objectValue ?? JSONObject()
        let patterns = object["patternProperties"]?.objectValue ?? JSONObject()
        if !properties.isEmpty || !patterns.isEmpty || object["additionalProperties"].map({ $0 != true && $0 != [:] }) == true {
            objects.append(.init(properties: properties, patterns: patterns, additional: object["additionalProperties"] ?? true))
        }
        required.formUnion((object["required"]?.arrayValue ?? []).compactMap(\.stringValue))
        for (key, names) in object["dependentRequired"]?.objectValue ?? JSONObject() {
            dependentRequired[key, default: []].formUnion((names.arrayValue ?? []).compactMap(\.stringValue))
        }
        let prefix = object["prefixItems"]?.arrayValue ?? []
        if !prefix.isEmpty || object["items"].map({ $0 != true && $0 != [:] }) == true {
            arrays.append(.init(prefix: prefix, rest: object["items"] ?? true))
        }
    }

    private mutating func applyRest(_ object: JSONObject) {
        for key in ["anyOf", "oneOf"] {
            guard let branches = object[key]?.arrayValue else { continue }
            choices.append(.init(isExclusive: key == "oneOf", branches: branches))
        }
        if let part = object["contains"] {
            others["contains", default: []].append(
                ["schema": part, "min": object["minContains"] ?? 1, "max": object["maxContains"] ?? nil])
        }
        if let part = object["if"] {
            others["if", default: []].append(["if": part, "then": object["then"] ?? true, "else": object["else"] ?? true])
        }
        for key in [
            "not", "propertyNames", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef",
        ] {
            if let part = object[key] { others[key, default: []].append(part) }
        }
    }

    /// Draws what follows from the parts together.
    private mutating func finish(_ root: JSONValue) {
        for choice in choices {
            kinds.formIntersection(choice.branches.reduce(into: Set<String>()) { $0.formUnion(SchemaShape(branch: $1, in: root).kinds) })
        }
        // Required names are members, too.
        if counts["minProperties"] ?? 0 <= required.count { counts["minProperties"] = nil }
        if !required.isEmpty { counts["minProperties"] = max(counts["minProperties"] ?? 0, required.count) }
        guard !kinds.contains("fraction") else { return }
        // Between integers a bound is the next integer.
        if let bound = minimum, let whole = Self.whole(bound.value, up: true) {
            let isOnBound = JSONNumber(whole) == bound.value
            minimum = .init(value: JSONNumber(isOnBound && bound.isExclusive ? whole + 1 : whole), isExclusive: false)
        }
        if let bound = maximum, let whole = Self.whole(bound.value, up: false) {
            let isOnBound = JSONNumber(whole) == bound.value
            maximum = .init(value: JSONNumber(isOnBound && bound.isExclusive ? whole - 1 : whole), isExclusive: false)
        }
    }

    /// A branch of a choice: only its kinds are wanted, so that choices in choices are not followed for ever.
    private init(branch: JSONValue, in root: JSONValue) { apply(branch, root, depth: 32) }

    private static func whole(_ number: JSONNumber, up: Bool) -> Int? {
        if let value = number.int { return abs(value) < 1 << 53 ? value : nil }
        let value = number.double.rounded(up ? .up : .down)
        return abs(value) < 9e15 ? Int(value) : nil
    }
}
