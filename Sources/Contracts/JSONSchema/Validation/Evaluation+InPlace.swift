extension Evaluation {
    mutating func check(_ node: SchemaNode, _ rules: InPlaceRules, _ value: JSONValue) -> Bool {
        var isValid = true
        for schema in rules.all where !evaluate(schema, value) {
            isValid = false
            if report.isComplete { return false }
        }
        for reference in rules.dynamic where !evaluate(target(of: reference), value) {
            isValid = false
            if report.isComplete { return false }
        }
        if !rules.any.isEmpty, !checkAny(node, rules.any, value) { isValid = false }
        if !isValid, report.isComplete { return false }
        if !rules.one.isEmpty, !checkOne(node, rules.one, value) { isValid = false }
        if !isValid, report.isComplete { return false }
        if let not = rules.not, aside(not, value) {
            isValid = fail(node, "not", "is of a kind that is not allowed here")
            if report.isComplete { return false }
        }
        if let condition = rules.condition, !checkCondition(condition, rules, value) { isValid = false }
        if !isValid, report.isComplete { return false }
        guard !rules.dependent.isEmpty, case .object(let object) = value else { return isValid }
        for (name, schema) in rules.dependent where object[name] != nil && !evaluate(schema, value) {
            isValid = false
            if report.isComplete { return false }
        }
        return isValid
    }

    private func target(of reference: InPlaceRules.DynamicReference) -> NodeID {
        guard let anchor = reference.anchor else { return reference.target }
        let candidates = program.dynamicAnchors[anchor]
        for resource in scope {
            if let target = candidates[resource] { return target }
        }
        return reference.target
    }

    /// Applies a subschema for its answer alone: no violations, nothing evaluated.
    private mutating func aside(_ schema: NodeID, _ value: JSONValue) -> Bool {
        let outer = tracker
        tracker = -1
        report.silence += 1
        let isValid = evaluate(schema, value)
        report.silence -= 1
        tracker = outer
        return isValid
    }

    /// Applies a subschema that may fail without the whole failing: what it has evaluated counts only when it fits.
    private mutating func branch(_ schema: NodeID, _ value: JSONValue) -> Bool {
        guard tracker >= 0 else { return evaluate(schema, value) }
        return evaluateApart(value) { evaluation in evaluation.evaluate(schema, value) }
    }

    /// Runs `body` with places of its own, and adds them to those around when it succeeds.
    private mutating func evaluateApart(_ value: JSONValue, _ body: (inout Self) -> Bool) -> Bool {
        let outer = tracker
        trackers.append(EvaluatedPlaces(count: value.partCount))
        tracker = trackers.count - 1
        let isValid = body(&self)
        let places = trackers.removeLast()
        tracker = outer
        if isValid, outer >= 0 { trackers[outer].formUnion(places) }
        return isValid
    }

    private mutating func checkCondition(_ condition: NodeID, _ rules: InPlaceRules, _ value: JSONValue) -> Bool {
        report.silence += 1
        let holds = branch(condition, value)
        report.silence -= 1
        guard let next = holds ? rules.then : rules.otherwise else { return true }
        return evaluate(next, value)
    }

    // MARK: anyOf, oneOf

    private mutating func checkAny(_ node: SchemaNode, _ schemas: [NodeID], _ value: JSONValue) -> Bool {
        report.silence += 1
        var isValid = false
        for schema in schemas where branch(schema, value) {
            isValid = true
            // The others may have evaluated more, if somebody asks.
            if tracker < 0 { break }
        }
        report.silence -= 1
        return isValid || failAlternatives(node, "anyOf", schemas, value)
    }

    private mutating func checkOne(_ node: SchemaNode, _ schemas: [NodeID], _ value: JSONValue) -> Bool {
        report.silence += 1
        var fitting: [Int] = []
        for (index, schema) in schemas.enumerated() where fitting.count < 2 && branch(schema, value) {
            fitting.append(index)
        }
        report.silence -= 1
        switch fitting.count {
        case 1: return true
        case 0: return failAlternatives(node, "oneOf", schemas, value)
        default:
            return fail(
                node, "oneOf",
                "must fit only one of \(schemas.count) alternatives, fits those at \(fitting[0]) and \(fitting[1])")
        }
    }

    /// Says that no alternative fits, and what is wrong by the one that comes nearest: whose first violation is deepest
    /// in the document.
    private mutating func failAlternatives(
        _ node: SchemaNode, _ keyword: StaticString, _ schemas: [NodeID], _ value: JSONValue
    ) -> Bool {
        guard Report.isKept, !report.isComplete else { return false }
        var nearest: (index: Int, depth: Int, violation: JSONSchemaViolation)?
        let kept = report.violations
        for (index, schema) in schemas.enumerated().prefix(16) {
            report.violations = []
            _ = aside(loudly: schema, value)
            guard let first = report.violations.first else { continue }
            let depth = first.pointer.text.utf8.count { $0 == UInt8(ascii: "/") }
            if nearest.map({ depth > $0.depth }) ?? true { nearest = (index, depth, first) }
        }
        report.violations = kept
        var message = "must fit at least one of \(schemas.count) alternatives"
        if let nearest { message += "; by the one at \(nearest.index), \(nearest.violation)" }
        return fail(node, keyword, message)
    }

    private mutating func aside(loudly schema: NodeID, _ value: JSONValue) -> Bool {
        let outer = tracker
        tracker = -1
        defer { tracker = outer }
        return evaluate(schema, value)
    }

    // MARK: unevaluatedItems, unevaluatedProperties

    /// All keywords of a subschema that asks what the others have evaluated.
    mutating func checkTracked(_ node: SchemaNode, _ value: JSONValue) -> Bool {
        switch value {
        case .array where node.unevaluatedItems != nil, .object where node.unevaluatedProperties != nil: break
        default: return check(node, value)
        }
        return evaluateApart(value) { evaluation in
            // After a failure it is not known what has been evaluated, so nothing is said about the rest.
            evaluation.check(node, value) && evaluation.checkUnevaluated(node, value)
        }
    }

    private mutating func checkUnevaluated(_ node: SchemaNode, _ value: JSONValue) -> Bool {
        var isValid = true
        switch value {
        case .array(let values):
            guard let schema = node.unevaluatedItems else { return true }
            for index in values.indices where !trackers[tracker].contains(index) {
                if !evaluate(schema, part: values[index], .index(index)) { isValid = false }
                if !isValid, report.isComplete { return false }
            }
        case .object(let object):
            guard let schema = node.unevaluatedProperties else { return true }
            let isNever = program.nodes[Int(schema.index)].isNever
            for (index, member) in object.enumerated() where !trackers[tracker].contains(index) {
                if isNever {
                    isValid = failUnknown(node, "unevaluatedProperties", member.key, [])
                } else if !evaluate(schema, part: member.value, .key(member.key)) {
                    isValid = false
                }
                if !isValid, report.isComplete { return false }
            }
        default: break
        }
        if isValid { markAll() }
        return isValid
    }
}

extension JSONValue {
    /// How many members or elements there are.
    fileprivate var partCount: Int {
        switch self {
        case .array(let values): values.count
        case .object(let object): object.count
        default: 0
        }
    }
}
