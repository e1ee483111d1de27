/// The bindings of one exchange, each at most once.
struct BindingSet {
    private struct Key: Hashable {
        let destination: String
        let destinationIsExchange: Bool
        let routingKey: String

        init(_ definition: BindingDefinition) {
            destination = definition.destination
            destinationIsExchange = definition.destinationIsExchange
            routingKey = definition.routingKey
        }
    }

    /// Several bindings of one key differ in their arguments.
    private var bindings: [Key: [Binding]] = [:]
    /// The same as a list. Its order depends on what was bound and unbound alone, so that a run can be repeated.
    private(set) var all: [Binding] = []

    var count: Int { all.count }
    var isEmpty: Bool { all.isEmpty }

    func find(_ definition: BindingDefinition) -> Binding? {
        bindings[Key(definition)]?.first { Self.areEqual($0.definition.arguments, definition.arguments) }
    }

    mutating func insert(_ binding: Binding) {
        bindings[Key(binding.definition), default: []].append(binding)
        binding.index = all.count
        all.append(binding)
    }

    mutating func remove(_ binding: Binding) {
        let key = Key(binding.definition)
        guard let index = bindings[key]?.firstIndex(where: { $0 === binding }) else { return }
        bindings[key]?.remove(at: index)
        if bindings[key]?.isEmpty == true { bindings[key] = nil }
        let last = all.removeLast()
        guard last !== binding else { return }
        last.index = binding.index
        all[last.index] = last
    }

    /// The order of arguments does not matter.
    private static func areEqual(_ one: FieldTable, _ other: FieldTable) -> Bool {
        one.fields.count == other.fields.count && one.fields.allSatisfy { other[$0.name] == $0.value }
    }
}
