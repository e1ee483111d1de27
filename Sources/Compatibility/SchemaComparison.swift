public import Contracts

/// Compares two schemas by the data that fits them.
///
/// A change breaks backward when there is data that fits the old schema and not the new one, and forward in the
/// reverse case. What can be shown to hold is not reported; where it cannot be decided (patterns, `not`, `if`, choices
/// that do not correspond), the change is reported as breaking.
public enum SchemaComparison {
    /// Compares two schemas that stand by themselves, with their `$defs` inside.
    /// - Returns: what has changed for data, in the order of the properties; empty when the same data fits both.
    public static func changes(from old: JSONValue, to new: JSONValue) -> [SchemaChange] {
        var comparison = Comparison(old: old, new: new)
        return comparison.compare(old, new, at: JSONPointer())
    }
}

/// Two documents that are compared, and what has been looked at in them.
struct Comparison {
    let oldRoot: JSONValue
    let newRoot: JSONValue
    /// Pairs of references that are being compared: when one comes again, it is equal if the rest is.
    var open: Set<[String]> = []
    /// Comparisons that may still be made; choices in choices multiply them.
    var budget = 20_000
    /// How deep this comparison is inside others.
    var depth = 0

    init(old: JSONValue, new: JSONValue) {
        oldRoot = old
        newRoot = new
    }

    /// One pair of schemas.
    struct Pair {
        var old: SchemaShape
        var new: SchemaShape
        var pointer: JSONPointer
        var changes: [SchemaChange] = []

        mutating func add(_ rule: String, _ breaks: Directions, _ message: String) {
            changes.append(SchemaChange(.init(rule), at: pointer, breaks: breaks, message))
        }

        /// Whether both may be of this kind, so that what is asked of it matters.
        func both(_ kind: String) -> Bool { old.kinds.contains(kind) && new.kinds.contains(kind) }
    }

    mutating func compare(_ old: JSONValue, _ new: JSONValue, at pointer: JSONPointer) -> [SchemaChange] {
        guard budget > 0, depth < 100 else {
            return [.init(.init("too-complex"), at: pointer, breaks: .full, "the schemas are too complex to be compared")]
        }
        budget -= 1
        depth += 1
        defer { depth -= 1 }
        let key = [old["$ref"]?.stringValue ?? "", new["$ref"]?.stringValue ?? ""]
        let isReference = key[0] != "" || key[1] != ""
        let place = isReference ? key + (key.contains("") ? [pointer.text] : []) : []
        if isReference, !open.insert(place).inserted { return [] }
        defer { if isReference { open.remove(place) } }
        return compare(
            Pair(old: SchemaShape(old, in: oldRoot), new: SchemaShape(new, in: newRoot), pointer: pointer), (old, new))
    }

    private mutating func compare(_ start: Pair, _ schemas: (old: JSONValue, new: JSONValue)) -> [SchemaChange] {
        var pair = start
        // Anything holds anything: this is where the comparison of what is not described comes to its end.
        if pair.old.isAnything, pair.new.isAnything { return [] }
        if pair.old.isNever || pair.new.isNever {
            if !pair.old.isNever { pair.add("never-valid", .backward, "nothing fits any more") }
            if !pair.new.isNever { pair.add("was-never-valid", .forward, "nothing did fit before") }
            return pair.changes
        }
        compareKinds(&pair)
        compareNumbers(&pair)
        compareTexts(&pair)
        compareArrays(&pair)
        compareObjects(&pair)
        compareOthers(&pair)
        compareChoices(&pair, schemas)
        compareValues(&pair, schemas)
        refineByChoices(&pair, schemas)
        return pair.changes
    }

    /// Whether all that fits the first fits the second.
    mutating func covers(_ old: JSONValue, _ new: JSONValue) -> Bool {
        !compare(old, new, at: JSONPointer()).contains { $0.breaks.contains(.backward) }
    }

    mutating func isCovered(_ old: JSONValue, _ new: JSONValue) -> Bool {
        !compare(old, new, at: JSONPointer()).contains { $0.breaks.contains(.forward) }
    }
}
