/// Looks at how subschemas refer to one another.
enum SchemaLoops {
    /// A subschema that applies itself to the same value, by whatever way; nil when there is none. Ways that begin at a
    /// part of the value are no matter: they end with the value.
    static func firstEndless(in nodes: [NodeDraft]) -> Int? {
        enum State { case new, open, done }
        var states = [State](repeating: .new, count: nodes.count)
        for start in nodes.indices where states[start] == .new {
            var stack: [(node: Int, targets: [NodeID])] = [(start, nodes[start].inPlace.targets)]
            states[start] = .open
            while let top = stack.indices.last {
                guard let next = stack[top].targets.popLast() else {
                    states[stack[top].node] = .done
                    stack.removeLast()
                    continue
                }
                let index = Int(next.index)
                switch states[index] {
                case .open: return index
                case .done: break
                case .new:
                    states[index] = .open
                    stack.append((index, nodes[index].inPlace.targets))
                }
            }
        }
        return nil
    }

    /// For each subschema itself, or for one that only refers to another, the last one of the chain. Call it after
    /// ``firstEndless(in:)`` has found nothing: then each chain has an end.
    static func targetsOfSoleReferences(in nodes: [NodeDraft], where isFree: (Int, Int) -> Bool) -> [NodeID] {
        nodes.indices.map { start in
            var index = start
            while let next = nodes[index].soleReference, isFree(index, Int(next.index)) { index = Int(next.index) }
            return NodeID(index)
        }
    }
}
