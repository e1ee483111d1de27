/// One run of a program over a value.
struct Evaluation<Report: ViolationReport> {
    let program: SchemaProgram
    var report: Report
    /// Work that may still be done.
    var budget: Int
    var depth = 0
    /// The resources that were entered on the way to where we are, outermost first; for `$dynamicRef` only.
    var scope: [Int32] = []
    /// The way from the document to the value; kept for reports only.
    var path: [InstanceStep] = []
    /// What has been evaluated of the values at work; `tracker` is the one of the current value, -1 when nobody asks.
    var trackers: [EvaluatedPlaces] = []
    var tracker = -1
    var matcher = PatternMatcher()

    init(program: SchemaProgram, report: Report) {
        self.program = program
        self.report = report
        budget = program.options.maximumSteps
    }

    mutating func run(_ value: JSONValue) -> Bool {
        let isValid = evaluate(program.root, value)
        // With the budget gone the answers are not to be trusted; `not` may have turned one around.
        guard budget <= 0 else { return isValid }
        report.silence = 0
        path = []
        return fail(
            program.nodes[Int(program.root.index)], "$schema",
            "needs more work or depth to be checked than the limits of the schema allow")
    }

    /// Applies a subschema to a value.
    /// - Returns: whether it fits.
    mutating func evaluate(_ id: NodeID, _ value: JSONValue) -> Bool {
        program.links[Int(id.index)]._withUnsafeGuaranteedRef { apply($0, value) }
    }

    @inline(__always)
    private mutating func apply(_ node: SchemaNode, _ value: JSONValue) -> Bool {
        budget &-= 1
        guard budget > 0, depth < program.options.maximumEvaluationDepth else {
            budget = 0  // Ends the run quickly, from wherever it is.
            return false
        }
        depth += 1
        if program.isDynamic { scope.append(node.resource) }
        defer {
            depth -= 1
            if program.isDynamic { scope.removeLast() }
        }
        guard node.unevaluatedItems != nil || node.unevaluatedProperties != nil else { return check(node, value) }
        return checkTracked(node, value)
    }

    /// Applies a subschema to a part of the current value.
    @inline(__always)
    mutating func evaluate(_ id: NodeID, part value: JSONValue, _ step: @autoclosure () -> InstanceStep) -> Bool {
        let outer = tracker
        tracker = -1
        if Report.isKept { path.append(step()) }
        let isValid = evaluate(id, value)
        if Report.isKept { path.removeLast() }
        tracker = outer
        return isValid
    }

    /// All keywords but `unevaluated*`.
    mutating func check(_ node: SchemaNode, _ value: JSONValue) -> Bool {
        if node.isNever { return fail(node, "false", "is not allowed") }
        var isValid = true
        if node.types != .all, !allows(node.types, value) {
            isValid = fail(node, "type", "must be \(node.types.nouns), not \(value.kind)")
            // What else the subschema says is about other kinds of values, as a rule.
            return isValid
        }
        if !node.choices.isEmpty, !checkChoices(node, value) {
            isValid = false
            if report.isComplete { return false }
        }
        switch value {
        case .string(let text):
            if let rules = node.string, !check(node, rules, text) { isValid = false }
        case .number(let number):
            if let rules = node.number, !check(node, rules, number) { isValid = false }
        case .array(let values):
            if let rules = node.array, !check(node, rules, values) { isValid = false }
        case .object(let object):
            if let rules = node.object, !check(node, rules, object) { isValid = false }
        default: break
        }
        if !isValid, report.isComplete { return false }
        if let rules = node.inPlace, !check(node, rules, value) { isValid = false }
        return isValid
    }

    private mutating func checkChoices(_ node: SchemaNode, _ value: JSONValue) -> Bool {
        var isValid = true
        for choice in node.choices where !choice.contains(value) {
            isValid = fail(node, choice.keyword, choice.description)
            if report.isComplete { return false }
        }
        return isValid
    }

    @inline(__always)
    private func allows(_ types: TypeSet, _ value: JSONValue) -> Bool {
        switch value {
        case .null: types.contains(.null)
        case .bool: types.contains(.boolean)
        case .string: types.contains(.string)
        case .array: types.contains(.array)
        case .object: types.contains(.object)
        case .number(let number):
            types.contains(.number) || types.contains(.integer) && (Int(number.text) != nil || number.isWhole)
        }
    }

    // MARK: Failing

    /// Notes a violation.
    /// - Returns: false.
    @inline(__always)
    mutating func fail(_ node: SchemaNode, _ keyword: StaticString, _ message: @autoclosure () -> String) -> Bool {
        if Report.isKept { note(node, "\(keyword)", message()) }
        return false
    }

    @inline(never)
    private mutating func note(_ node: SchemaNode, _ keyword: String, _ message: String) {
        guard !report.isComplete else { return }
        report.violations.append(JSONSchemaViolation(pointer, schema: node.location, keyword: keyword, message))
    }

    private var pointer: JSONPointer {
        path.reduce(JSONPointer()) { pointer, step in
            switch step {
            case .key(let key): pointer.appending(key)
            case .index(let index): pointer.appending(index)
            }
        }
    }
}
