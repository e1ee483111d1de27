import Contracts

extension Comparison {
    // MARK: Listed values

    /// Where the values are listed, each is tried; nothing has to be concluded.
    func compareValues(_ pair: inout Pair, _ schemas: (old: JSONValue, new: JSONValue)) {
        guard pair.old.values != nil || pair.new.values != nil else { return }
        if let values = pair.old.values {
            pair.changes = pair.changes.compactMap { $0.without(.backward) }
            let gone = lost(values, fromRoot: oldRoot, schemas.old, toRoot: newRoot, schemas.new)
            report(gone, "value-removed", .backward, "not taken any more", &pair)
        } else if let values = pair.new.values {
            pair.add("values-listed", .backward, "only \(Self.words(values)) are taken now")
        }
        if let values = pair.new.values {
            pair.changes = pair.changes.compactMap { $0.rule.description == "values-listed" ? $0 : $0.without(.forward) }
            let added = lost(values, fromRoot: newRoot, schemas.new, toRoot: oldRoot, schemas.old)
            report(added, "value-added", .forward, "new, and not taken before", &pair)
        } else if let values = pair.old.values {
            pair.add("values-opened", .forward, "other values than \(Self.words(values)) are taken now")
        }
    }

    private func report(
        _ values: [JSONValue]?, _ rule: String, _ direction: Directions, _ words: String, _ pair: inout Pair
    ) {
        guard let values else { return pair.add(rule, direction, "the listed values cannot be compared") }
        guard !values.isEmpty else { return }
        pair.add(rule, direction, "\(Self.words(values)) \(values.count == 1 ? "is" : "are") \(words)")
    }

    private static func words(_ values: [JSONValue]) -> String {
        let shown = values.prefix(8).map(\.description).joined(separator: ", ")
        return values.count > 8 ? shown + " and \(values.count - 8) more" : shown
    }

    /// The values that fit the first schema and not the second; nil when one of them cannot be compiled.
    private func lost(
        _ values: [JSONValue], fromRoot: JSONValue, _ from: JSONValue, toRoot: JSONValue, _ to: JSONValue
    ) -> [JSONValue]? {
        guard let first = Self.compiled(from, in: fromRoot), let second = Self.compiled(to, in: toRoot) else { return nil }
        return values.filter { first.isValid($0) && !second.isValid($0) }
    }

    private static func compiled(_ schema: JSONValue, in root: JSONValue) -> JSONSchema? {
        var whole = schema.objectValue == nil ? JSONValue.object(JSONObject()) : schema
        if schema == false { whole = ["not": [:]] }
        whole["$defs"] = root["$defs"]
        return try? JSONSchema(compiling: whole, options: .init(assertsFormats: true, checksMetaSchema: false))
    }

    // MARK: Choices

    mutating func compareChoices(_ pair: inout Pair, _ schemas: (old: JSONValue, new: JSONValue)) {
        let old = pair.old.choices
        let new = pair.new.choices
        guard !old.isEmpty || !new.isEmpty else { return }
        if old.count == new.count, zip(old, new).allSatisfy({ isSame($0, $1) }) { return }
        var breaks: Directions = []
        if !new.allSatisfy({ isImplied($0, by: old, schemas.old, isForward: false) }) { breaks.insert(.backward) }
        if !old.allSatisfy({ isImplied($0, by: new, schemas.new, isForward: true) }) { breaks.insert(.forward) }
        guard !breaks.isEmpty else { return }
        let rule = breaks == .backward ? "choice-narrowed" : breaks == .forward ? "choice-widened" : "choice-changed"
        pair.add(rule, breaks, "the alternatives of anyOf or oneOf are not the same")
    }

    private func isSame(_ old: SchemaShape.Choice, _ new: SchemaShape.Choice) -> Bool {
        let left = old.branches.map { expanded($0, oldRoot).description }.sorted()
        let right = new.branches.map { expanded($0, newRoot).description }.sorted()
        return old.isExclusive == new.isExclusive && left == right
    }

    /// Whether all that fits a schema (or each alternative of one of its own choices) fits an alternative of a choice.
    private mutating func isImplied(
        _ choice: SchemaShape.Choice, by own: [SchemaShape.Choice], _ schema: JSONValue, isForward: Bool
    ) -> Bool {
        // With `oneOf` a second alternative that fits would spoil the first.
        if choice.isExclusive, !areDisjoint(choice.branches, in: isForward ? oldRoot : newRoot) { return false }
        func fits(_ part: JSONValue, _ comparison: inout Comparison) -> Bool {
            for branch in choice.branches {
                if isForward ? comparison.isCovered(branch, part) : comparison.covers(part, branch) { return true }
            }
            return false
        }
        if own.isEmpty {
            // A schema of several kinds is a choice of them: `type: [string, null]`.
            let kinds = SchemaShape(schema, in: isForward ? newRoot : oldRoot).kinds
            let types = kinds.contains("fraction") ? kinds.subtracting(["fraction", "integer"]).union(["number"]) : kinds
            if types.count < 2 || types.count > 5 { return fits(schema, &self) }
            return types.sorted().allSatisfy { fits(Self.all([["type": .string($0)], schema]), &self) }
        }
        return own.contains { group in group.branches.allSatisfy { fits($0, &self) } }
    }

    /// Whether no value fits two of the schemas: they differ in kind, or in the text of a property that all require.
    private func areDisjoint(_ branches: [JSONValue], in root: JSONValue) -> Bool {
        let shapes = branches.map { SchemaShape($0, in: root) }
        for (index, one) in shapes.enumerated() {
            for other in shapes.dropFirst(index + 1) where !areDisjoint(one, other, root) { return false }
        }
        return true
    }

    private func areDisjoint(_ one: SchemaShape, _ other: SchemaShape, _ root: JSONValue) -> Bool {
        if one.kinds.isDisjoint(with: other.kinds) { return true }
        if let left = one.values, let right = other.values { return !left.contains { right.contains($0) } }
        guard one.kinds == ["object"], other.kinds == ["object"] else { return false }
        func values(_ name: String, _ shape: SchemaShape) -> [JSONValue]? {
            shape.objects.compactMap { $0.properties[name] }.compactMap { SchemaShape($0, in: root).values }.first
        }
        return one.required.intersection(other.required).contains { name in
            guard let left = values(name, one), let right = values(name, other) else { return false }
            return !left.contains { right.contains($0) }
        }
    }

    /// What a schema with alternatives seems to lose, none of its alternatives may lose: `anyOf` of a text and null is
    /// the type `[string, null]`.
    mutating func refineByChoices(_ pair: inout Pair, _ schemas: (old: JSONValue, new: JSONValue)) {
        if pair.changes.contains(where: { $0.breaks.contains(.backward) }), let choice = pair.old.choices.first {
            let base = pair.old.parts
            let isKept = choice.branches.allSatisfy { covers(Self.all([$0] + base), schemas.new) }
            if isKept { pair.changes = pair.changes.compactMap { $0.without(.backward) } }
        }
        if pair.changes.contains(where: { $0.breaks.contains(.forward) }), let choice = pair.new.choices.first {
            let base = pair.new.parts
            let isKept = choice.branches.allSatisfy { isCovered(schemas.old, Self.all([$0] + base)) }
            if isKept { pair.changes = pair.changes.compactMap { $0.without(.forward) } }
        }
    }

    // MARK: Other keywords

    /// Keywords that are compared as a whole: all of them only ever ask for more.
    mutating func compareOthers(_ pair: inout Pair) {
        for key in Set(pair.old.others.keys).union(pair.new.others.keys).sorted() {
            guard Self.matters(key, pair) else { continue }
            let old = (pair.old.others[key] ?? [])
            let new = (pair.new.others[key] ?? [])
            let (left, right) = (old.map { expanded($0, oldRoot) }, new.map { expanded($0, newRoot) })
            var breaks: Directions = []
            if key == "not" || key == "propertyNames", old.count == 1, new.count == 1 {
                for change in compare(old[0], new[0], at: pair.pointer) {
                    breaks.formUnion(key == "not" ? change.breaks.reversed : change.breaks)
                }
            } else if key.hasPrefix("unevaluated"), left != right {
                breaks = .full
            } else {
                if !right.allSatisfy(left.contains) { breaks.insert(.backward) }
                if !left.allSatisfy(right.contains) { breaks.insert(.forward) }
            }
            guard !breaks.isEmpty else { continue }
            pair.add("\(Self.kebab(key).replacing("$", with: ""))-changed", breaks, "\(key) is not the same")
        }
    }

    private static func matters(_ key: String, _ pair: Pair) -> Bool {
        switch key {
        case "contains", "unevaluatedItems": pair.both("array")
        case "propertyNames", "dependentSchemas", "unevaluatedProperties": pair.both("object")
        default: true
        }
    }

    /// Words that say nothing about what fits.
    private static let annotations: Set<String> = [
        "description", "title", "$comment", "examples", "deprecated", "default", "readOnly", "writeOnly",
    ]

    /// A schema with its references replaced by what they lead to, and without words for people.
    /// - Parameter isNamed: whether the keys are names of the data, not keywords.
    private func expanded(_ schema: JSONValue, _ root: JSONValue, depth: Int = 0, isNamed: Bool = false) -> JSONValue {
        switch schema {
        case .array(let values): return .array(values.map { expanded($0, root, depth: depth) })
        case .object(let object):
            if !isNamed, depth < 8, object.count == 1, let target = object["$ref"]?.stringValue {
                return expanded(SchemaShape.definition(target, in: root), root, depth: depth + 1)
            }
            var result = JSONObject()
            for key in object.keys.sorted() where isNamed || !Self.annotations.contains(key) {
                let holdsNames = ["properties", "patternProperties", "dependentSchemas"].contains(key) && !isNamed
                if let value = object[key] { result[key] = expanded(value, root, depth: depth, isNamed: holdsNames) }
            }
            return .object(result)
        default: return schema
        }
    }
}

extension SchemaChange {
    /// The same without a direction; nil when it then breaks nothing.
    func without(_ direction: Directions) -> SchemaChange? {
        var copy = self
        copy.breaks.subtract(direction)
        return copy.breaks.isEmpty ? nil : copy
    }
}
