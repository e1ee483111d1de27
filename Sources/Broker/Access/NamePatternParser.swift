/// Reads a pattern, character by character.
struct NamePatternParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var isInLookahead = false
    /// Whether it starts with `(?i)`.
    private(set) var ignoresCase = false

    private static let deepest = 64
    private static let mostRepetitions = 1_000

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func parse() throws(NamePatternError) -> NamePatternNode {
        if starts(with: "(?i)") {
            ignoresCase = true
            position = 4
        }
        let node = try parseChoice()
        if position < scalars.count { throw failure("a `)` without its `(`") }
        return node
    }

    private mutating func parseChoice() throws(NamePatternError) -> NamePatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw failure("groups are nested deeper than \(Self.deepest)") }
        var choices = [try parseSequence()]
        while take("|") { choices.append(try parseSequence()) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func parseSequence() throws(NamePatternError) -> NamePatternNode {
        var nodes: [NamePatternNode] = []
        while let next = current, next != "|", next != ")" {
            let atom = try parseAtom()
            nodes.append(try parseQuantifier(of: atom))
        }
        return nodes.isEmpty ? .empty : nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func parseAtom() throws(NamePatternError) -> NamePatternNode {
        guard let next = current else { throw failure("the pattern ends too early") }
        switch next {
        case "(": return try parseGroup()
        case "[": return .set(try parseSet())
        case "\\": return try parseEscape()
        case "*", "+", "?": throw failure("nothing stands before `\(next)`")
        default: break
        }
        position += 1
        switch next {
        case ".": return .any
        case "^": return .start
        case "$": return .end
        default: return .scalar(next)
        }
    }

    private mutating func parseQuantifier(of atom: NamePatternNode) throws(NamePatternError) -> NamePatternNode {
        guard let (least, most) = try quantifier() else { return atom }
        if take("+") { throw failure("possessive quantifiers are not supported") }
        // Whether as much or as little as possible is taken makes no difference to whether there is a match.
        _ = take("?")
        if let next = current, next == "*" || next == "+" || next == "?" { throw failure("a quantifier follows a quantifier") }
        return .repeated(atom, least: least, most: most)
    }

    private mutating func quantifier() throws(NamePatternError) -> (Int, Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard current == "{", let end = scalars[position...].firstIndex(of: "}") else { return nil }
        let parts = scalars[(position + 1)..<end].split(separator: ",", omittingEmptySubsequences: false)
            .map { part in String(String.UnicodeScalarView(part)) }
        let isNumber = { (part: String) in !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        // As in PCRE, a brace that starts no quantifier is a character like others.
        guard parts.count <= 2, let first = parts.first, isNumber(first), parts.count == 1 || parts[1].isEmpty || isNumber(parts[1])
        else { return nil }
        let least = Int(first) ?? .max
        let most = parts.count == 1 ? least : parts[1].isEmpty ? nil : Int(parts[1]) ?? .max
        guard least <= Self.mostRepetitions, most ?? 0 <= Self.mostRepetitions, most ?? least >= least else {
            throw failure("a repetition count is above \(Self.mostRepetitions) or the wrong way round")
        }
        position = end + 1
        return (least, most)
    }

    private mutating func parseGroup() throws(NamePatternError) -> NamePatternNode {
        let start = position
        position += 1
        var lookahead: Bool?
        if take("?") {
            if take("=") {
                lookahead = false
            } else if take("!") {
                lookahead = true
            } else if !take(":") {
                _ = take("P")
                guard take("<"), let end = scalars[position...].firstIndex(of: ">"), current != "=", current != "!" else {
                    throw failure("this kind of group is not supported", at: start)
                }
                position = end + 1
            }
        }
        if lookahead != nil {
            if isInLookahead { throw failure("lookahead inside lookahead is not supported", at: start) }
            isInLookahead = true
        }
        let node = try parseChoice()
        guard take(")") else { throw failure("a `(` without its `)`", at: start) }
        guard let lookahead else { return node }
        isInLookahead = false
        return .lookahead(node, isNegative: lookahead)
    }

    private mutating func parseEscape() throws(NamePatternError) -> NamePatternNode {
        guard position + 1 < scalars.count else { throw failure("a backslash at the end") }
        let letter = scalars[position + 1]
        switch letter {
        case "A":
            position += 2
            return .start
        case "z", "Z":
            position += 2
            return .end
        case "b":
            position += 2
            return .wordBoundary(true)
        case "B":
            position += 2
            return .wordBoundary(false)
        default: break
        }
        if let set = ScalarSet.escape(letter) {
            position += 2
            return .set(set)
        }
        return .scalar(try escapedScalar())
    }

    /// An escape that stands for one character.
    private mutating func escapedScalar() throws(NamePatternError) -> Unicode.Scalar {
        guard position + 1 < scalars.count else { throw failure("a backslash at the end") }
        let letter = scalars[position + 1]
        switch letter {
        case "t":
            position += 2
            return "\t"
        case "n":
            position += 2
            return "\n"
        case "r":
            position += 2
            return "\r"
        case "x": return try hexadecimal()
        default: break
        }
        guard !(letter.properties.isAlphabetic || (0x30...0x39).contains(letter.value)) else {
            throw failure("`\\\(letter)` is not supported")
        }
        position += 2
        return letter
    }

    /// `\x41` or `\x{1F600}`.
    private mutating func hexadecimal() throws(NamePatternError) -> Unicode.Scalar {
        let start = position
        position += 2
        var digits = ""
        if take("{") {
            while let next = current, next != "}", digits.count < 8 {
                digits.unicodeScalars.append(next)
                position += 1
            }
            guard take("}") else { throw failure("`\\x{` without its `}`", at: start) }
        } else {
            while let next = current, digits.count < 2, next.properties.isASCIIHexDigit {
                digits.unicodeScalars.append(next)
                position += 1
            }
        }
        guard let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value) else {
            throw failure("`\\x` without a character's number", at: start)
        }
        return scalar
    }

    private mutating func parseSet() throws(NamePatternError) -> ScalarSet {
        let start = position
        position += 1
        var set = ScalarSet()
        set.isInverted = take("^")
        var isFirst = true
        while let next = current, next != "]" || isFirst {
            isFirst = false
            if next == "[", position + 1 < scalars.count, scalars[position + 1] == ":" {
                throw failure("named classes are not supported")
            }
            if next == "\\", position + 1 < scalars.count, let escape = ScalarSet.escape(scalars[position + 1]) {
                position += 2
                if escape.isInverted { set.complements.append(ScalarSet(ranges: escape.ranges)) } else { set.ranges += escape.ranges }
                continue
            }
            let low = try setScalar()
            guard current == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                set.ranges.append(low.value...low.value)
                continue
            }
            position += 1
            if current == "\\", position + 1 < scalars.count, ScalarSet.escape(scalars[position + 1]) != nil {
                set.ranges += [low.value...low.value, 0x2D...0x2D]
                continue
            }
            let high = try setScalar()
            guard low <= high else { throw failure("a range is the wrong way round") }
            set.ranges.append(low.value...high.value)
        }
        guard take("]") else { throw failure("a `[` without its `]`", at: start) }
        return set
    }

    private mutating func setScalar() throws(NamePatternError) -> Unicode.Scalar {
        guard let next = current else { throw failure("a `[` without its `]`") }
        if next == "\\" { return try escapedScalar() }
        position += 1
        return next
    }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        position += 1
        return true
    }

    private func starts(with text: String) -> Bool { scalars.starts(with: text.unicodeScalars) }

    private func failure(_ message: String, at offset: Int? = nil) -> NamePatternError {
        NamePatternError(offset: offset ?? position, message: message)
    }
}
