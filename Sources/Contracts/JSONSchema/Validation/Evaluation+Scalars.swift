extension Evaluation {
    @inline(__always)
    mutating func check(_ node: SchemaNode, _ rules: StringRules, _ text: String) -> Bool {
        var isValid = true
        if !rules.allowsLength(of: text) {
            isValid = failLength(node, rules, text)
            if report.isComplete { return false }
        }
        if let pattern = rules.pattern, !matches(pattern, text) {
            isValid = fail(node, "pattern", "must match the pattern \(pattern.shortText)")
            if report.isComplete { return false }
        }
        if let format = rules.format, !format.accepts(text) {
            isValid = fail(node, "format", "must be \(format.noun)")
        }
        return isValid
    }

    private mutating func failLength(_ node: SchemaNode, _ rules: StringRules, _ text: String) -> Bool {
        guard Report.isKept else { return false }
        let count = text.unicodeScalars.count
        let isShort = count < rules.minimumLength
        let range = isShort ? rules.minimumLength ... .max : 0...rules.maximumLength
        return fail(
            node, isShort ? "minLength" : "maxLength",
            "must have \(JSONReader.describe(range, "character")), has \(count)")
    }

    /// Searches a text for a pattern, at the cost of the budget.
    mutating func matches(_ pattern: SchemaPattern, _ text: String) -> Bool {
        let (isMatch, cost) = matcher.search(text, for: pattern, budget: budget)
        budget -= cost
        return isMatch
    }

    @inline(__always)
    mutating func check(_ node: SchemaNode, _ rules: NumberRules, _ number: JSONNumber) -> Bool {
        let int = Int(number.text)
        if let int, let range = rules.wholeRange, range.contains(int) { return true }
        return checkSlowly(node, rules, number, int)
    }

    private mutating func checkSlowly(
        _ node: SchemaNode, _ rules: NumberRules, _ number: JSONNumber, _ int: Int?
    ) -> Bool {
        var isValid = true
        for bound in rules.minimum {
            let side = bound.side(of: number, int)
            if side < 0 || side == 0 && bound.isExclusive {
                isValid = failBound(node, bound, number, isMinimum: true)
                if report.isComplete { return false }
            }
        }
        for bound in rules.maximum {
            let side = bound.side(of: number, int)
            if side > 0 || side == 0 && bound.isExclusive {
                isValid = failBound(node, bound, number, isMinimum: false)
                if report.isComplete { return false }
            }
        }
        if let divisor = rules.divisor, !divisor.divides(number, int) {
            isValid = fail(node, "multipleOf", "must be a multiple of \(divisor.number), is \(Self.short(number))")
        }
        return isValid
    }

    private mutating func failBound(
        _ node: SchemaNode, _ bound: NumberRules.Bound, _ number: JSONNumber, isMinimum: Bool
    ) -> Bool {
        let value = Self.short(number)
        return switch (isMinimum, bound.isExclusive) {
        case (true, false): fail(node, "minimum", "must be at least \(bound.number), is \(value)")
        case (true, true): fail(node, "exclusiveMinimum", "must be more than \(bound.number), is \(value)")
        case (false, false): fail(node, "maximum", "must be at most \(bound.number), is \(value)")
        case (false, true): fail(node, "exclusiveMaximum", "must be less than \(bound.number), is \(value)")
        }
    }

    /// The digits of a number, or what there are of them.
    private static func short(_ number: JSONNumber) -> String {
        number.text.utf8.count <= 40 ? number.text : "a number of \(number.text.utf8.count) characters"
    }
}
