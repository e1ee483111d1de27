import Contracts

extension Comparison {
    func compareKinds(_ pair: inout Pair) {
        let (gone, added) = (pair.old.kinds.subtracting(pair.new.kinds), pair.new.kinds.subtracting(pair.old.kinds))
        let message = "was \(Self.words(pair.old.kinds)), is \(Self.words(pair.new.kinds))"
        switch (gone.isEmpty, added.isEmpty) {
        case (true, true): return
        case (true, false): pair.add("type-widened", .forward, message)
        case (false, true): pair.add("type-narrowed", .backward, message)
        case (false, false): pair.add("type-changed", .full, message)
        }
    }

    static func words(_ kinds: Set<String>) -> String {
        if kinds == SchemaShape.kinds { return "anything" }
        var names = kinds
        if names.remove("fraction") != nil {
            names.remove("integer")
            names.insert("number")
        }
        return names.sorted().joined(separator: " or ")
    }

    // MARK: Numbers

    func compareNumbers(_ pair: inout Pair) {
        guard pair.both("integer") || pair.both("fraction") else { return }
        let old = pair.old
        let new = pair.new
        if old.minimum != new.minimum {
            let message = "the minimum was \(Self.words(old.minimum)), is \(Self.words(new.minimum))"
            switch (old.minimum, new.minimum) {
            case (nil, _?): pair.add("minimum-added", .backward, message)
            case (_?, nil): pair.add("minimum-removed", .forward, message)
            case (let old?, let new?):
                let isRaised = old.value < new.value || (old.value == new.value && new.isExclusive)
                pair.add(isRaised ? "minimum-raised" : "minimum-lowered", isRaised ? .backward : .forward, message)
            default: break
            }
        }
        if old.maximum != new.maximum {
            let message = "the maximum was \(Self.words(old.maximum)), is \(Self.words(new.maximum))"
            switch (old.maximum, new.maximum) {
            case (nil, _?): pair.add("maximum-added", .backward, message)
            case (_?, nil): pair.add("maximum-removed", .forward, message)
            case (let old?, let new?):
                let isLowered = new.value < old.value || (old.value == new.value && new.isExclusive)
                pair.add(isLowered ? "maximum-lowered" : "maximum-raised", isLowered ? .backward : .forward, message)
            default: break
            }
        }
        compareFactors(&pair)
    }

    private static func words(_ bound: SchemaShape.NumberBound?) -> String {
        bound.map { "\($0.value)\($0.isExclusive ? " (exclusive)" : "")" } ?? "none"
    }

    /// Every factor of one side must follow from one of the other: multiples of 4 are multiples of 2.
    private func compareFactors(_ pair: inout Pair) {
        func follows(_ factor: JSONNumber, from others: [JSONNumber], isInteger: Bool) -> Bool {
            if isInteger, factor == JSONNumber(1) { return true }
            return others.contains { other in
                if other == factor { return true }
                guard let other = other.int, let factor = factor.int, factor > 0 else { return false }
                return other % factor == 0
            }
        }
        let (old, new) = (pair.old, pair.new)
        let isOldWhole = !old.kinds.contains("fraction")
        let isNewWhole = !new.kinds.contains("fraction")
        var breaks: Directions = []
        if !new.factors.allSatisfy({ follows($0, from: old.factors, isInteger: isOldWhole) }) { breaks.insert(.backward) }
        if !old.factors.allSatisfy({ follows($0, from: new.factors, isInteger: isNewWhole) }) { breaks.insert(.forward) }
        guard !breaks.isEmpty else { return }
        func words(_ factors: [JSONNumber]) -> String { factors.isEmpty ? "any" : factors.map(\.text).joined(separator: " and ") }
        pair.add("multiple-changed", breaks, "multiples of \(words(old.factors)) became multiples of \(words(new.factors))")
    }

    // MARK: Texts and counts

    func compareTexts(_ pair: inout Pair) {
        guard pair.both("string") else { return }
        compareCounts(&pair, "minLength", "maxLength", "characters")
        compareSets(&pair, pair.old.patterns, pair.new.patterns, "pattern")
        compareSets(&pair, pair.old.formats, pair.new.formats, "format")
    }

    func compareCounts(_ pair: inout Pair, _ low: String, _ high: String, _ what: String) {
        let name = { (key: String) in Self.kebab(key) }
        let (oldLow, newLow) = (pair.old.counts[low] ?? 0, pair.new.counts[low] ?? 0)
        if oldLow < newLow { pair.add("\(name(low))-raised", .backward, "at least \(oldLow) \(what) became at least \(newLow)") }
        if oldLow > newLow { pair.add("\(name(low))-lowered", .forward, "at least \(oldLow) \(what) became at least \(newLow)") }
        let (oldHigh, newHigh) = (pair.old.counts[high] ?? .max, pair.new.counts[high] ?? .max)
        func words(_ count: Int) -> String { count == .max ? "any number of \(what)" : "at most \(count) \(what)" }
        if oldHigh > newHigh { pair.add("\(name(high))-lowered", .backward, "\(words(oldHigh)) became \(words(newHigh))") }
        if oldHigh < newHigh { pair.add("\(name(high))-raised", .forward, "\(words(oldHigh)) became \(words(newHigh))") }
    }

    static func kebab(_ key: String) -> String {
        key.map { $0.isUppercase ? "-\($0.lowercased())" : String($0) }.joined()
    }

    /// All of a set are asked for at once.
    private func compareSets(_ pair: inout Pair, _ old: Set<String>, _ new: Set<String>, _ what: String) {
        let (gone, added) = (old.subtracting(new).sorted(), new.subtracting(old).sorted())
        let words = { (list: [String]) in list.map { "`\($0)`" }.joined(separator: " and ") }
        switch (gone.isEmpty, added.isEmpty) {
        case (true, true): return
        case (true, false): pair.add("\(what)-added", .backward, "the \(what) \(words(added)) is asked for")
        case (false, true): pair.add("\(what)-removed", .forward, "the \(what) \(words(gone)) is not asked for any more")
        case (false, false): pair.add("\(what)-changed", .full, "the \(what) was \(words(gone)), is \(words(added))")
        }
    }
}
