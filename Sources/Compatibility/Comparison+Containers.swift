import Contracts

extension Comparison {
    // MARK: Arrays

    mutating func compareArrays(_ pair: inout Pair) {
        guard pair.both("array") else { return }
        compareCounts(&pair, "minItems", "maxItems", "elements")
        if pair.old.hasUniqueItems != pair.new.hasUniqueItems {
            let isAdded = pair.new.hasUniqueItems
            pair.add(
                isAdded ? "unique-items-added" : "unique-items-removed", isAdded ? .backward : .forward,
                isAdded ? "elements must differ now" : "elements need not differ any more")
        }
        // An array that is always empty has no elements to compare.
        guard pair.old.counts["maxItems"] != 0, pair.new.counts["maxItems"] != 0 else { return }
        let prefix = max(Self.prefix(pair.old), Self.prefix(pair.new))
        for index in 0..<prefix {
            pair.changes += compare(
                Self.element(index, of: pair.old), Self.element(index, of: pair.new), at: pair.pointer.appending(index))
        }
        let limit = min(pair.old.counts["maxItems"] ?? .max, pair.new.counts["maxItems"] ?? .max)
        guard limit > prefix else { return }
        pair.changes += compare(
            Self.element(prefix, of: pair.old), Self.element(prefix, of: pair.new), at: pair.pointer.appending("*"))
    }

    private static func prefix(_ shape: SchemaShape) -> Int { shape.arrays.map(\.prefix.count).max() ?? 0 }

    private static func element(_ index: Int, of shape: SchemaShape) -> JSONValue {
        all(shape.arrays.map { index < $0.prefix.count ? $0.prefix[index] : $0.rest })
    }

    /// The schema that asks for all of these.
    static func all(_ schemas: [JSONValue]) -> JSONValue {
        let parts = schemas.filter { $0 != true && $0 != [:] }
        if parts.contains(false) { return false }
        return parts.isEmpty ? true : parts.count == 1 ? parts[0] : ["allOf": .array(parts)]
    }

    // MARK: Objects

    mutating func compareObjects(_ pair: inout Pair) {
        guard pair.both("object") else { return }
        compareRequired(&pair)
        if pair.old.required == pair.new.required {
            compareCounts(&pair, "minProperties", "maxProperties", "members")
        } else {
            // The names that became required say it better than how many there are.
            var counts = pair
            compareCounts(&counts, "minProperties", "maxProperties", "members")
            pair.changes += counts.changes.dropFirst(pair.changes.count).filter { !$0.rule.description.hasPrefix("min-properties") }
            compareOwnMinimum(&pair)
        }
        let names = Self.names(pair.old) + Self.names(pair.new).filter { !Self.names(pair.old).contains($0) }
        for name in names { compareProperty(name, &pair) }
        comparePatterns(&pair)
        compareAdditional(&pair)
    }

    /// `minProperties` that asks for more members than are required by name.
    private func compareOwnMinimum(_ pair: inout Pair) {
        let (old, new) = (pair.old.counts["minProperties"] ?? 0, pair.new.counts["minProperties"] ?? 0)
        if new > old, new > pair.new.required.count {
            pair.add("min-properties-raised", .backward, "at least \(old) members became at least \(new)")
        }
        if new < old, old > pair.old.required.count {
            pair.add("min-properties-lowered", .forward, "at least \(old) members became at least \(new)")
        }
    }

    private func compareRequired(_ pair: inout Pair) {
        for name in pair.new.required.subtracting(pair.old.required).sorted() {
            pair.changes.append(
                .init(
                    .init("required-added"), at: pair.pointer.appending(name), breaks: .backward, "\"\(name)\" is required now"))
        }
        for name in pair.old.required.subtracting(pair.new.required).sorted() {
            pair.changes.append(
                .init(
                    .init("required-removed"), at: pair.pointer.appending(name), breaks: .forward, "\"\(name)\" is not required any more"))
        }
        let keys = Set(pair.old.dependentRequired.keys).union(pair.new.dependentRequired.keys)
        for key in keys.sorted() {
            // What is required anyway does not depend on anything.
            let old = (pair.old.dependentRequired[key] ?? []).union(pair.old.required)
            let new = (pair.new.dependentRequired[key] ?? []).union(pair.new.required)
            let (gone, added) = (old.subtracting(new).subtracting(pair.old.required), new.subtracting(old).subtracting(pair.new.required))
            var breaks: Directions = []
            if !added.isEmpty { breaks.insert(.backward) }
            if !gone.isEmpty { breaks.insert(.forward) }
            if !breaks.isEmpty {
                pair.add("dependent-required-changed", breaks, "what is required together with \"\(key)\" has changed")
            }
        }
    }

    static func names(_ shape: SchemaShape) -> [String] {
        var names: [String] = []
        for part in shape.objects {
            for name in part.properties.keys where !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// What a shape asks of the member of a name.
    private func member(_ name: String, of shape: SchemaShape) -> JSONValue {
        Self.all(
            shape.objects.map { part in
                let matching = part.patterns.filter { Self.matches($0.key, name) }.map(\.value)
                let own = part.properties[name].map { [$0] } ?? []
                return own.isEmpty && matching.isEmpty ? part.additional : Self.all(own + matching)
            })
    }

    private static func matches(_ pattern: String, _ name: String) -> Bool {
        guard let schema = try? JSONSchema(compiling: ["pattern": .string(pattern)]) else { return false }
        return schema.isValid(.string(name))
    }

    private mutating func compareProperty(_ name: String, _ pair: inout Pair) {
        let (old, new) = (member(name, of: pair.old), member(name, of: pair.new))
        let place = pair.pointer.appending(name)
        let wasNever = SchemaShape(old, in: oldRoot).isNever
        let isNever = SchemaShape(new, in: newRoot).isNever
        let isAdded = !pair.old.objects.contains { $0.properties[name] != nil }
        let isRemoved = !pair.new.objects.contains { $0.properties[name] != nil }
        switch (wasNever, isNever) {
        case (true, true): return
        case (true, false):
            pair.changes.append(
                .init(
                    .init("property-added"), at: place, breaks: .forward, "\"\(name)\" may be there now, where nothing else was taken"))
        case (false, true):
            pair.changes.append(
                .init(
                    .init("property-removed"), at: place, breaks: .backward, "\"\(name)\" is not taken any more"))
        case (false, false):
            let changes = compare(old, new, at: place)
            if isAdded, SchemaShape(old, in: oldRoot).isAnything {
                if changes.isEmpty { return }
                pair.changes.append(
                    .init(
                        .init("property-added-to-open-object"), at: place, breaks: .backward,
                        "old data may have anything as \"\(name)\", because other properties were taken"))
            } else if isRemoved, SchemaShape(new, in: newRoot).isAnything {
                if changes.isEmpty { return }
                pair.changes.append(
                    .init(
                        .init("property-removed-from-open-object"), at: place, breaks: .forward,
                        "new data may have anything as \"\(name)\", because other properties are taken"))
            } else {
                pair.changes += changes
            }
        }
    }

    private mutating func comparePatterns(_ pair: inout Pair) {
        func patterns(_ shape: SchemaShape) -> [String: JSONValue] {
            var result: [String: [JSONValue]] = [:]
            for part in shape.objects { for (key, value) in part.patterns { result[key, default: []].append(value) } }
            return result.mapValues(Self.all)
        }
        let (old, new) = (patterns(pair.old), patterns(pair.new))
        for key in Set(old.keys).union(new.keys).sorted() {
            // A name that no pattern takes is one of the additional properties.
            let before = old[key] ?? Self.all(pair.old.objects.map(\.additional))
            let after = new[key] ?? Self.all(pair.new.objects.map(\.additional))
            let changes = compare(before, after, at: pair.pointer.appending("*"))
            let breaks = changes.reduce(into: Directions()) { $0.formUnion($1.breaks) }
            guard !breaks.isEmpty else { continue }
            if old[key] == nil || new[key] == nil {
                pair.add(
                    old[key] == nil ? "pattern-property-added" : "pattern-property-removed", breaks,
                    "names that match `\(key)` are \(old[key] == nil ? "now" : "no longer") taken by themselves")
            } else {
                pair.changes += changes
            }
        }
    }

    private mutating func compareAdditional(_ pair: inout Pair) {
        let old = Self.all(pair.old.objects.map(\.additional))
        let new = Self.all(pair.new.objects.map(\.additional))
        switch (SchemaShape(old, in: oldRoot).isNever, SchemaShape(new, in: newRoot).isNever) {
        case (true, true): return
        case (true, false): pair.add("object-opened", .forward, "properties that are not listed may be there now")
        case (false, true): pair.add("object-closed", .backward, "properties that are not listed are not taken any more")
        case (false, false): pair.changes += compare(old, new, at: pair.pointer.appending("*"))
        }
    }
}
