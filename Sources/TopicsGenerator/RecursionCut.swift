/// A struct cannot hold itself, not even as an optional: it would have no end. Where definitions do, the property on
/// the way becomes any JSON; through an array or a map they may.
enum RecursionCut {
    /// The same types, without circles.
    static func cut(_ declarations: [Declaration]) -> [Declaration] {
        var result = declarations
        for index in result.indices {
            let name = result[index].name
            result[index] = map(result[index]) { property in
                guard case .definition(let target) = property.type, reaches(target, name, in: result) else { return }
                property.type = .json
                property.isNullable = false
                property.documentation.append("Any JSON: `\(target)` refers back to `\(name)`; it looks like `\(target)`.")
            }
        }
        return result
    }

    private static func reaches(_ start: String, _ goal: String, in declarations: [Declaration]) -> Bool {
        var seen: Set<String> = []
        var open = [start]
        while let name = open.popLast() {
            if name == goal { return true }
            guard seen.insert(name).inserted, let declaration = declarations.first(where: { $0.name == name }) else { continue }
            open += targets(of: declaration)
        }
        return false
    }

    /// The definitions that a type holds directly.
    private static func targets(of declaration: Declaration) -> [String] {
        guard case .structure(let structure) = declaration else { return [] }
        let own = structure.properties.compactMap { property -> String? in
            if case .definition(let name) = property.type { name } else { nil }
        }
        return own + structure.nested.flatMap(targets)
    }

    private static func map(_ declaration: Declaration, _ change: (inout Structure.Property) -> Void) -> Declaration {
        guard case .structure(var structure) = declaration else { return declaration }
        for index in structure.properties.indices { change(&structure.properties[index]) }
        structure.nested = structure.nested.map { map($0, change) }
        return .structure(structure)
    }
}
