/// The values of `enum` or `const`.
struct ValueChoice: Sendable {
    let keyword: StaticString
    let values: [JSONValue]
    private let texts: Set<ExactText>
    /// Everything but texts; found by hash when there are many.
    private let others: [JSONValue]
    private let otherSet: Set<ExactValue>?

    init(_ values: [JSONValue], keyword: StaticString) {
        self.keyword = keyword
        self.values = values
        texts = Set(values.compactMap(\.stringValue).map(ExactText.init))
        others = values.filter { $0.stringValue == nil }
        otherSet = others.count > 8 ? Set(others.map(ExactValue.init)) : nil
    }

    func contains(_ value: JSONValue) -> Bool {
        if case .string(let text) = value {
            if values.count == 1, case .string(let only) = values[0] { return ExactText(only) == ExactText(text) }
            return texts.contains(ExactText(text))
        }
        if let otherSet { return otherSet.contains(ExactValue(value)) }
        return others.contains(value)
    }

    /// What is wanted, for a message: at most eight values, and no long ones.
    var description: String {
        func short(_ value: JSONValue) -> String {
            let text = value.description
            return text.utf8.count <= 60 ? text : value.kind
        }
        if values.count == 1 { return "must be \(short(values[0]))" }
        let list = values.prefix(8).map(short).joined(separator: ", ")
        return values.count > 8 ? "must be one of \(values.count) values: \(list) …" : "must be one of \(list)"
    }
}

/// A value that is hashed and compared as JSON Schema compares: numbers by value, objects without order.
struct ExactValue: Hashable {
    let value: JSONValue

    init(_ value: JSONValue) { self.value = value }

    static func == (lhs: ExactValue, rhs: ExactValue) -> Bool { lhs.value == rhs.value }

    func hash(into hasher: inout Hasher) {
        switch value {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .number(let number):
            if let int = number.int { hasher.combine(int) } else { hasher.combine(Decimal10(number.text)) }
        case .string(let text): hasher.combine(ExactText(text))
        case .array(let values):
            hasher.combine(values.count)
            for value in values { hasher.combine(ExactValue(value)) }
        case .object(let object):
            // The sum does not depend on the order.
            var sum = 0
            for (key, value) in object {
                var member = Hasher()
                member.combine(ExactText(key))
                member.combine(ExactValue(value))
                sum &+= member.finalize()
            }
            hasher.combine(sum)
        }
    }

    /// The position of the first value that an earlier one equals, with the earlier one.
    static func firstRepetition(in values: [JSONValue]) -> (first: Int, second: Int)? {
        if values.count <= 6 {
            for second in values.indices {
                for first in 0..<second where values[first] == values[second] { return (first, second) }
            }
            return nil
        }
        var seen: [ExactValue: Int] = [:]
        for (index, value) in values.enumerated() {
            if let first = seen.updateValue(index, forKey: ExactValue(value)) { return (first, index) }
        }
        return nil
    }
}
