extension Evaluation {
    mutating func check(_ node: SchemaNode, _ rules: ObjectRules, _ object: JSONObject) -> Bool {
        var isValid = true
        if object.count < rules.minimumCount || object.count > rules.maximumCount {
            isValid = failCount(node, rules, object.count)
            if report.isComplete { return false }
        }
        var seen: UInt64 = 0
        if rules.looksAtMembers {
            var hint = 0
            for (index, member) in object.enumerated() {
                let position = rules.properties.position(of: member.key, hint: hint)
                if let position {
                    hint = position + 1
                    if position < 64 { seen |= 1 << UInt64(position) }
                }
                guard checkMember(node, rules, member, index, position) else {
                    isValid = false
                    if report.isComplete { return false }
                    continue
                }
            }
        }
        if seen & rules.requiredBits != rules.requiredBits || !rules.requiredBeyond.isEmpty {
            if !checkRequired(node, rules, object, seen) { isValid = false }
            if !isValid, report.isComplete { return false }
        }
        for (name, needs) in rules.dependentRequired where object[name] != nil {
            for need in needs where object[need] == nil {
                isValid = fail(node, "dependentRequired", "must have \(need), because it has \(name)")
                if report.isComplete { return false }
            }
        }
        return isValid
    }

    /// - Parameters:
    ///   - index: the position of the member in its object.
    ///   - position: that of its name in the table.
    @inline(__always)
    private mutating func checkMember(
        _ node: SchemaNode, _ rules: ObjectRules, _ member: JSONObject.Element, _ index: Int, _ position: Int?
    ) -> Bool {
        var isValid = true
        var isKnown = false
        if let position, let schema = rules.properties.entries[position].schema {
            isKnown = true
            isValid = evaluate(schema, part: member.value, .key(member.key))
        }
        if !rules.patterns.isEmpty, !checkPatterns(rules, member, &isKnown) { isValid = false }
        if !isKnown, let additional = rules.additional {
            isKnown = true
            if !checkAdditional(node, rules, additional, member) { isValid = false }
        }
        if isKnown { mark(index) }
        if let names = rules.names, !evaluate(names, part: .string(member.key), .key(member.key)) { isValid = false }
        return isValid
    }

    private mutating func checkPatterns(
        _ rules: ObjectRules, _ member: JSONObject.Element, _ isKnown: inout Bool
    ) -> Bool {
        var isValid = true
        for (pattern, schema) in rules.patterns where matches(pattern, member.key) {
            isKnown = true
            if !evaluate(schema, part: member.value, .key(member.key)) { isValid = false }
        }
        return isValid
    }

    private mutating func checkAdditional(
        _ node: SchemaNode, _ rules: ObjectRules, _ additional: NodeID, _ member: JSONObject.Element
    ) -> Bool {
        guard program.nodes[Int(additional.index)].isNever else {
            return evaluate(additional, part: member.value, .key(member.key))
        }
        return failUnknown(node, "additionalProperties", member.key, rules.properties.entries.map(\.name))
    }

    /// Says that a member has no business here.
    mutating func failUnknown(
        _ node: SchemaNode, _ keyword: StaticString, _ key: String, _ known: @autoclosure () -> [String]
    ) -> Bool {
        guard Report.isKept else { return false }
        path.append(.key(key))
        defer { path.removeLast() }
        let known = known()
        if known.isEmpty { return fail(node, keyword, "is not known here") }
        let list = known.prefix(20).joined(separator: ", ") + (known.count > 20 ? " …" : "")
        return fail(node, keyword, "is not known here; known are \(list)")
    }

    private mutating func failCount(_ node: SchemaNode, _ rules: ObjectRules, _ count: Int) -> Bool {
        let isShort = count < rules.minimumCount
        let range = isShort ? rules.minimumCount ... .max : 0...rules.maximumCount
        return fail(
            node, isShort ? "minProperties" : "maxProperties",
            "must have \(JSONReader.describe(range, "member")), has \(count)")
    }

    private mutating func checkRequired(
        _ node: SchemaNode, _ rules: ObjectRules, _ object: JSONObject, _ seen: UInt64
    ) -> Bool {
        var isValid = true
        let missing = rules.requiredBits & ~seen
        if missing != 0 {
            guard Report.isKept else { return false }
            for (index, entry) in rules.properties.entries.prefix(64).enumerated()
            where missing & (1 << UInt64(index)) != 0 {
                isValid = failMissing(node, entry.name)
            }
        }
        for name in rules.requiredBeyond where object[name] == nil {
            isValid = failMissing(node, name)
            if report.isComplete { return false }
        }
        return isValid
    }

    private mutating func failMissing(_ node: SchemaNode, _ name: String) -> Bool {
        guard Report.isKept else { return false }
        path.append(.key(name))
        defer { path.removeLast() }
        return fail(node, "required", "is required")
    }
}
