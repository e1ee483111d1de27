/// Reads a regular expression of ECMA-262 with the flag `u`. Where that flag is stricter than the expressions that people
/// write, it is not: `{`, `}` and `]` may stand for themselves, and any punctuation may have a backslash.
struct PatternParser {
    private let scalars: [UInt32]
    var position = 0
    private var depth = 0
    private let maximumDepth = 50

    init(_ text: String) { scalars = text.unicodeScalars.map(\.value) }

    static func parse(_ text: String) throws(PatternError) -> PatternSyntax {
        var parser = PatternParser(text)
        let syntax = try parser.alternatives()
        guard parser.current == nil else { throw parser.invalid("a closing parenthesis without an opening one") }
        return syntax
    }

    // MARK: Characters

    var current: UInt32? { position < scalars.count ? scalars[position] : nil }

    func isAt(_ text: StaticString) -> Bool {
        guard position + text.utf8CodeUnitCount <= scalars.count else { return false }
        for index in 0..<text.utf8CodeUnitCount where scalars[position + index] != UInt32(text.utf8Start[index]) {
            return false
        }
        return true
    }

    mutating func skip(_ text: StaticString) -> Bool {
        guard isAt(text) else { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    mutating func take() -> UInt32? {
        guard let scalar = current else { return nil }
        position += 1
        return scalar
    }

    func invalid(_ what: String) -> PatternError {
        PatternError(.invalid, "is not a regular expression of ECMA-262: \(what), at character \(position)")
    }

    // MARK: Structure

    private mutating func alternatives() throws(PatternError) -> PatternSyntax {
        depth += 1
        defer { depth -= 1 }
        guard depth <= maximumDepth else {
            throw PatternError(.tooLarge, "the pattern has groups nested deeper than \(maximumDepth)")
        }
        var list = [try sequence()]
        while skip("|") { list.append(try sequence()) }
        return list.count == 1 ? list[0] : .alternatives(list)
    }

    private mutating func sequence() throws(PatternError) -> PatternSyntax {
        var parts: [PatternSyntax] = []
        while let scalar = current, scalar != 0x7C, scalar != 0x29 {
            let (part, isRepeatable) = try term(scalar)
            let repeated = try quantified(part)
            if let repeated {
                guard isRepeatable else { throw invalid("a quantifier with nothing to repeat before it") }
                parts.append(repeated)
            } else {
                parts.append(part)
            }
        }
        return .sequence(parts)
    }

    private mutating func term(_ scalar: UInt32) throws(PatternError) -> (PatternSyntax, isRepeatable: Bool) {
        switch Unicode.Scalar(scalar) {
        case "^":
            position += 1
            return (.start, false)
        case "$":
            position += 1
            return (.end, false)
        case "(": return try group()
        case ".":
            position += 1
            return (.characters(CharacterRanges.lineEnds.inverted), true)
        case "[":
            position += 1
            return (.characters(try characterClass()), true)
        case "*", "+", "?": throw invalid("a quantifier with nothing to repeat before it")
        case "\\":
            if skip("\\b") { return (.wordBoundary(true), false) }
            if skip("\\B") { return (.wordBoundary(false), false) }
            if let reference = try backReference() { return (reference, true) }
            return (.characters(try escape(inClass: false)), true)
        default:
            if scalar == 0x7B, counts() != nil { throw invalid("a quantifier with nothing to repeat before it") }
            position += 1
            return (.characters(CharacterRanges(scalar)), true)
        }
    }

    private mutating func group() throws(PatternError) -> (PatternSyntax, isRepeatable: Bool) {
        var around: String?
        if skip("(?:") {
        } else if skip("(?=") || skip("(?!") {
            around = "a look-ahead"
        } else if skip("(?<=") || skip("(?<!") {
            around = "a look-behind"
        } else if skip("(?<") {
            try groupName()
        } else if isAt("(?") {
            throw invalid("a group of an unknown kind")
        } else {
            position += 1
        }
        let inner = try alternatives()
        guard skip(")") else { throw invalid("a group without its closing parenthesis") }
        if let around { return (.unsupported(around), false) }
        return (inner, true)
    }

    private mutating func groupName() throws(PatternError) {
        let start = position
        while let scalar = take() {
            if scalar == 0x3E, position - start > 1 { return }
            guard let scalar = Unicode.Scalar(scalar),
                scalar.properties.isIDContinue || scalar == "$" || scalar == "\u{200C}" || scalar == "\u{200D}"
            else { break }
        }
        throw invalid("a group with a name that is none")
    }

    private mutating func backReference() throws(PatternError) -> PatternSyntax? {
        if skip("\\k<") {
            try groupName()
            return .unsupported("a back-reference")
        }
        guard position + 1 < scalars.count, 0x31...0x39 ~= scalars[position + 1] else { return nil }
        position += 1
        while let digit = current, 0x30...0x39 ~= digit { position += 1 }
        return .unsupported("a back-reference")
    }

    // MARK: Quantifiers

    private mutating func quantified(_ part: PatternSyntax) throws(PatternError) -> PatternSyntax? {
        let range: (minimum: Int, maximum: Int?)
        switch current.flatMap(Unicode.Scalar.init) {
        case "*":
            position += 1
            range = (0, nil)
        case "+":
            position += 1
            range = (1, nil)
        case "?":
            position += 1
            range = (0, 1)
        case "{":
            guard let counts = counts() else { return nil }
            range = (counts.minimum, counts.maximum)
            position = counts.end
            if let maximum = range.maximum, maximum < range.minimum { throw invalid("a quantifier out of order") }
        default: return nil
        }
        _ = skip("?")
        return .repetition(part, minimum: range.minimum, maximum: range.maximum)
    }

    /// `{2}`, `{2,}`, `{2,5}` at the position; nil when there is none.
    private func counts() -> (minimum: Int, maximum: Int?, end: Int)? {
        var copy = self
        guard copy.skip("{"), let minimum = copy.decimal() else { return nil }
        var maximum: Int? = minimum
        if copy.skip(",") { maximum = copy.decimal() }
        guard copy.skip("}") else { return nil }
        return (minimum, maximum, copy.position)
    }

    private mutating func decimal() -> Int? {
        var value: Int?
        while let digit = current, 0x30...0x39 ~= digit {
            value = min((value ?? 0) * 10 + Int(digit - 0x30), 1 << 40)
            position += 1
        }
        return value
    }
}
