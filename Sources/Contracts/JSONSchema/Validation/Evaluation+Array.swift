extension Evaluation {
    mutating func check(_ node: SchemaNode, _ rules: ArrayRules, _ values: [JSONValue]) -> Bool {
        var isValid = true
        if values.count < rules.minimumCount || values.count > rules.maximumCount {
            isValid = failCount(node, rules, values.count)
            if report.isComplete { return false }
        }
        for index in 0..<min(rules.prefix.count, values.count) {
            guard evaluate(rules.prefix[index], part: values[index], .index(index)) else {
                isValid = false
                if report.isComplete { return false }
                continue
            }
            mark(index)
        }
        if let items = rules.items, values.count > rules.prefix.count {
            for index in rules.prefix.count..<values.count
            where !evaluate(items, part: values[index], .index(index)) {
                isValid = false
                if report.isComplete { return false }
            }
            markAll()
        }
        if let contained = rules.contains, !checkContains(node, rules, contained, values) {
            isValid = false
            if report.isComplete { return false }
        }
        if rules.isUnique, values.count > 1 {
            budget -= values.count
            if let repetition = ExactValue.firstRepetition(in: values) {
                isValid = fail(
                    node, "uniqueItems",
                    "must not have equal elements; those at \(repetition.first) and \(repetition.second) are")
            }
        }
        return isValid
    }

    private mutating func failCount(_ node: SchemaNode, _ rules: ArrayRules, _ count: Int) -> Bool {
        let isShort = count < rules.minimumCount
        let range = isShort ? rules.minimumCount ... .max : 0...rules.maximumCount
        return fail(
            node, isShort ? "minItems" : "maxItems", "must have \(JSONReader.describe(range, "element")), has \(count)")
    }

    private mutating func checkContains(
        _ node: SchemaNode, _ rules: ArrayRules, _ contained: NodeID, _ values: [JSONValue]
    ) -> Bool {
        var count = 0
        report.silence += 1
        for (index, value) in values.enumerated() where evaluate(contained, part: value, .index(index)) {
            count += 1
            mark(index)
            // Enough is enough, unless somebody asks which ones, or there may be too many.
            if tracker < 0, count >= rules.containsCount.lowerBound, rules.containsCount.upperBound == .max { break }
            if count > rules.containsCount.upperBound { break }
        }
        report.silence -= 1
        if count > rules.containsCount.upperBound {
            return fail(
                node, "maxContains",
                "must have \(JSONReader.describe(0...rules.containsCount.upperBound, "element")) of the kind asked for, has more"
            )
        }
        guard count < rules.containsCount.lowerBound else { return true }
        return fail(
            node, rules.containsKeyword,
            "must have \(JSONReader.describe(rules.containsCount.lowerBound ... .max, "element")) of the kind asked for, has \(count)"
        )
    }

    // MARK: What has been evaluated

    @inline(__always)
    mutating func mark(_ index: Int) {
        if tracker >= 0 { trackers[tracker].insert(index) }
    }

    @inline(__always)
    mutating func markAll() {
        if tracker >= 0 { trackers[tracker].insertAll() }
    }
}
