import Contracts

/// Reads conditions. `or` binds least, then `and`, then `not`, then comparisons; parentheses group.
package struct FilterParser {
    /// Why text is no condition, with the column.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package var column: Int
        package var reason: String
        package var description: String { "column \(column): \(reason)" }
    }

    private enum Token: Equatable {
        case word(String), text(String), number(JSONNumber), sign(String), end
    }

    private let source: [Character]
    private var position = 0
    private var token = Token.end
    private var tokenStart = 0
    private var depth = 0
    private static let maximumDepth = 64

    /// Reads a condition.
    package static func parse(_ text: String) throws(Failure) -> FilterExpression {
        var parser = FilterParser(source: Array(text))
        try parser.advance()
        let expression = try parser.alternatives()
        guard parser.token == .end else { throw parser.failure("expected `and`, `or` or the end") }
        return expression
    }

    /// Reads the option `--where`.
    /// - Throws: ``UsageFailure`` that points at the place.
    static func option(_ text: String?) throws -> FilterExpression? {
        guard let text else { return nil }
        do {
            return try parse(text)
        } catch {
            throw UsageFailure("--where, \(error)\n  \(text)\n  \(String(repeating: " ", count: error.column - 1))^")
        }
    }

    private init(source: [Character]) { self.source = source }

    private func failure(_ reason: String) -> Failure { Failure(column: tokenStart + 1, reason: reason) }

    // MARK: - Grammar

    private mutating func alternatives() throws(Failure) -> FilterExpression {
        var left = try conjunction()
        while token == .word("or") || token == .sign("||") {
            try advance()
            left = .or(left, try conjunction())
        }
        return left
    }

    private mutating func conjunction() throws(Failure) -> FilterExpression {
        var left = try negation()
        while token == .word("and") || token == .sign("&&") {
            try advance()
            left = .and(left, try negation())
        }
        return left
    }

    private mutating func negation() throws(Failure) -> FilterExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw failure("nested deeper than \(Self.maximumDepth)") }
        guard token == .word("not") || token == .sign("!") else { return try comparison() }
        try advance()
        return .not(try negation())
    }

    private mutating func comparison() throws(Failure) -> FilterExpression {
        let left = try operand()
        guard let comparison = comparisonHere else { return left }
        try advance()
        return .compare(left, comparison, try operand())
    }

    private var comparisonHere: FilterExpression.Comparison? {
        switch token {
        case .sign("="): .equal
        case .sign(let sign): FilterExpression.Comparison(rawValue: sign)
        case .word("contains"): .contains
        case .word("startswith"): .startswith
        default: nil
        }
    }

    private mutating func operand() throws(Failure) -> FilterExpression {
        switch token {
        case .text(let text):
            try advance()
            return .literal(.string(text))
        case .number(let number):
            try advance()
            return .literal(.number(number))
        case .word("true"), .word("false"):
            let value = token == .word("true")
            try advance()
            return .literal(.bool(value))
        case .word("null"):
            try advance()
            return .literal(.null)
        case .word(let name):
            try advance()
            return .path(try path(from: name))
        case .sign("("):
            try advance()
            let inner = try alternatives()
            guard token == .sign(")") else { throw failure("expected )") }
            try advance()
            return inner
        case .sign, .end:
            throw failure("expected a path such as data.total, a value, or (")
        }
    }

    private mutating func path(from name: String) throws(Failure) -> [FilterExpression.Step] {
        var steps = [FilterExpression.Step.name(name)]
        while true {
            if token == .sign(".") {
                try advance()
                guard case .word(let name) = token else { throw failure("expected a name after .") }
                steps.append(.name(name))
            } else if token == .sign("[") {
                try advance()
                switch token {
                case .number(let number):
                    guard let index = number.int, index >= 0 else { throw failure("expected a position, from 0") }
                    steps.append(.index(index))
                case .text(let name): steps.append(.name(name))
                default: throw failure("expected a position or a name in quotes")
                }
                try advance()
                guard token == .sign("]") else { throw failure("expected ]") }
            } else {
                return steps
            }
            try advance()
        }
    }

    // MARK: - Words

    private mutating func advance() throws(Failure) {
        while position < source.count, source[position].isWhitespace { position += 1 }
        tokenStart = position
        guard position < source.count else {
            token = .end
            return
        }
        let character = source[position]
        if character == "'" || character == "\"" {
            token = try .text(quoted(by: character))
        } else if character.isASCII && character.isNumber || character == "-" {
            token = try .number(number())
        } else if character.isLetter || character == "_" {
            token = .word(take { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" })
        } else {
            token = try .sign(sign())
        }
    }

    private mutating func take(while condition: (Character) -> Bool) -> String {
        let start = position
        while position < source.count, condition(source[position]) { position += 1 }
        return String(source[start..<position])
    }

    private mutating func quoted(by quote: Character) throws(Failure) -> String {
        position += 1
        var text = ""
        while position < source.count, source[position] != quote {
            if source[position] == "\\", position + 1 < source.count { position += 1 }
            text.append(source[position])
            position += 1
        }
        guard position < source.count else { throw failure("the quote is not closed") }
        position += 1
        return text
    }

    private mutating func number() throws(Failure) -> JSONNumber {
        let text = take { $0.isASCII && $0.isNumber || "+-.eE".contains($0) }
        guard let number = JSONNumber(text) else { throw failure("\(text) is not a number") }
        return number
    }

    private mutating func sign() throws(Failure) -> String {
        let two = position + 1 < source.count ? String(source[position...position + 1]) : ""
        if ["==", "!=", "<=", ">=", "&&", "||"].contains(two) {
            position += 2
            return two
        }
        let one = String(source[position])
        guard "=<>!().[]".contains(one) else { throw failure("\(one) means nothing here") }
        position += 1
        return one
    }
}
