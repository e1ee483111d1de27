/// `properties`, `patternProperties`, `additionalProperties`, `propertyNames`, `required`, `dependentRequired`,
/// `minProperties`, `maxProperties`.
final class ObjectRules: Sendable {
    struct Draft {
        var properties: [(name: String, schema: NodeID)] = []
        var patterns: [(pattern: SchemaPattern, schema: NodeID)] = []
        var additional: NodeID?
        var names: NodeID?
        var required: [String] = []
        var dependentRequired: [(name: String, needs: [String])] = []
        var minimumCount = 0
        var maximumCount = Int.max

        var isEmpty: Bool {
            properties.isEmpty && patterns.isEmpty && additional == nil && names == nil && required.isEmpty
                && dependentRequired.isEmpty && minimumCount == 0 && maximumCount == .max
        }
    }

    let properties: PropertyTable
    let patterns: [(pattern: SchemaPattern, schema: NodeID)]
    let additional: NodeID?
    let names: NodeID?
    /// The required names among the first 64 of the table, as bits by their number.
    let requiredBits: UInt64
    /// The required names with higher numbers.
    let requiredBeyond: [String]
    let dependentRequired: [(name: String, needs: [String])]
    let minimumCount: Int
    let maximumCount: Int
    /// Whether the members have to be looked at one by one.
    let looksAtMembers: Bool

    init(_ draft: Draft) {
        // Required names first, so that as many as possible have a bit.
        let schemas = Dictionary(draft.properties.map { (ExactText($0.name), $0.schema) }) { first, _ in first }
        var seen: Set<ExactText> = []
        var required = draft.required.filter { seen.insert(ExactText($0)).inserted }
        var entries: [(name: String, schema: NodeID?)] = []
        if required.count + draft.properties.count <= 64 {
            // All have one: keep the order of `properties`, in which documents mostly come.
            entries = draft.properties.map { ($0.name, $0.schema) }
            entries += required.filter { schemas[ExactText($0)] == nil }.map { ($0, nil) }
        } else {
            entries = required.map { ($0, schemas[ExactText($0)]) }
            entries += draft.properties.filter { !seen.contains(ExactText($0.name)) }.map { ($0.name, $0.schema) }
        }
        properties = PropertyTable(entries)
        var bits: UInt64 = 0
        required.removeAll { name in
            guard let index = entries.firstIndex(where: { ExactText($0.name) == ExactText(name) }), index < 64 else {
                return false
            }
            bits |= 1 << UInt64(index)
            return true
        }
        requiredBits = bits
        requiredBeyond = required
        patterns = draft.patterns
        additional = draft.additional
        names = draft.names
        dependentRequired = draft.dependentRequired
        minimumCount = draft.minimumCount
        maximumCount = draft.maximumCount
        looksAtMembers = !entries.isEmpty || !patterns.isEmpty || additional != nil || names != nil
    }
}
