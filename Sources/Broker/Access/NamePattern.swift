/// A regular expression over the names of exchanges, queues and the like, as permissions and filters use them.
///
/// The syntax is PCRE's as far as it is regular: literals, `.`, classes, groups, `|`, `* + ? {m,n}`, anchors, `\d \w \s \b`,
/// and lookahead. Back references and lookbehind are refused. Matching takes time in proportion to the length of the name
/// (Thompson's construction), whatever the pattern: nobody who may set one can make the broker's loop stand still.
package struct NamePattern: Sendable {
    /// As it was written.
    package let text: String
    let program: NameProgram

    /// Compiles a pattern.
    /// - Parameters:
    ///   - limit: its most characters.
    ///   - ignoringCase: whether letters of ASCII stand for both cases, as after `(?i)`.
    /// - Throws: what is wrong with it, and where.
    package init(_ text: String, limit: Int = 4_096, ignoringCase: Bool = false) throws(NamePatternError) {
        guard text.unicodeScalars.count <= limit else {
            throw NamePatternError(offset: limit, message: "the pattern is longer than \(limit) characters")
        }
        self.text = text
        var parser = NamePatternParser(text)
        let node = try parser.parse()
        program = try NameProgram(node, ignoresCase: ignoringCase || parser.ignoresCase)
    }

    /// A permission's pattern: as others, but an empty one matches only the empty name, as in RabbitMQ.
    package static func permission(_ text: String, limit: Int) throws(NamePatternError) -> NamePattern {
        try NamePattern(text.isEmpty ? "^$" : text, limit: limit)
    }

    /// Whether the pattern is found anywhere in the name.
    package func matches(_ name: String) -> Bool { program.matches(name) }
}

/// Why a pattern cannot be used.
package struct NamePatternError: Error, Equatable, CustomStringConvertible {
    /// In characters from the start of the pattern.
    package let offset: Int
    package let message: String

    package var description: String { "\(message) (at character \(offset))" }
}

/// What the parser understands of a pattern.
indirect enum NamePatternNode: Sendable {
    case empty
    case any
    case scalar(Unicode.Scalar)
    case set(ScalarSet)
    case start
    case end
    case wordBoundary(Bool)
    case sequence([NamePatternNode])
    case choice([NamePatternNode])
    /// `most` nil: without bound.
    case repeated(NamePatternNode, least: Int, most: Int?)
    case lookahead(NamePatternNode, isNegative: Bool)
}

/// A class of characters: `[a-z_]`, `\d`.
struct ScalarSet: Sendable {
    var ranges: [ClosedRange<UInt32>] = []
    /// Sets whose complement is meant as well: `[\D\S]`.
    var complements: [ScalarSet] = []
    var isInverted = false

    func contains(_ value: UInt32) -> Bool { lists(value) != isInverted }

    /// Whether the class has the letter of either case: `[^A]` has neither `A` nor `a` then.
    func contains(_ lower: UInt32, or upper: UInt32) -> Bool { (lists(lower) || lists(upper)) != isInverted }

    private func lists(_ value: UInt32) -> Bool {
        ranges.contains { $0.contains(value) } || complements.contains { !$0.contains(value) }
    }

    /// The class of an escape such as `\d`; nil for other letters.
    static func escape(_ letter: Unicode.Scalar) -> ScalarSet? {
        switch letter {
        case "d": ScalarSet(ranges: [0x30...0x39])
        case "w": word
        case "s": ScalarSet(ranges: [0x09...0x0D, 0x20...0x20])
        case "D", "W", "S":
            Unicode.Scalar(letter.value + 32).flatMap { escape($0) }.map {
                var set = $0
                set.isInverted = true
                return set
            }
        default: nil
        }
    }

    static let word = ScalarSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
}
