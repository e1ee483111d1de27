import Contracts
import Foundation
import Testing

@Suite("JSONSchema: patterns")
struct PatternTests {
    /// The same pattern, but with something in it that no table is made for; both ways of matching must agree.
    static func matches(_ pattern: String, _ text: String) throws -> Bool {
        let byTable = try JSONSchema(compiling: ["pattern": .string(pattern)]).isValid(.string(text))
        let bySteps = try JSONSchema(compiling: ["pattern": .string("(?:\\b|\\B)(?:\(pattern))")]).isValid(.string(text))
        #expect(byTable == bySteps, "\(pattern) \(text.debugDescription)")
        return byTable
    }

    @Test(
        "matches as ECMA-262 does",
        arguments: [
            ("", "", true), ("", "a", true), ("a", "xay", true), ("^a", "ba", false), ("a$", "ab", false), ("^$", "", true),
            ("^$", "a", false),
            ("$^", "", true), ("$^", "a", false), ("a^b", "ab", false), ("(?:^|x)a", "xa", true), ("^a|b$", "ab", true),
            ("^(?:a|b)$", "ab", false),
            ("^a{2,3}$", "a", false), ("^a{2,3}$", "aaa", true), ("^a{2,3}$", "aaaa", false), ("^a{2,}?$", "aaaaa", true),
            ("^a{0}$", "", true),
            ("^[^a]$", "b", true), ("^[^a]$", "\n", true), ("^.$", "\n", false), ("^.$", "\u{2028}", false), ("^.$", "😀", true),
            ("^[😀-😂]$", "😁", true), ("^\\ud83d\\ude00$", "😀", true), ("^\\u{1F600}$", "😀", true), ("^\\x41$", "A", true),
            ("^[]$", "", false), ("^[^]$", "\n", true), ("^[a\\-z]$", "-", true), ("^[a-]$", "-", true), ("^[\\]]$", "]", true),
            ("^]$", "]", true),
            ("^{$", "{", true), ("^a{,2}$", "a{,2}", true), ("^x{a}$", "x{a}", true), ("^\\/\\.$", "/.", true), ("^[\\d_]+$", "1_2", true),
            ("^[^\\s\\S]$", "a", false), ("\\bfoo\\b", "a foo b", true), ("\\bfoo\\b", "afoo", false), ("^\\Boo", "oo", false),
            ("o\\B", "oo", true),
            ("^\\p{Lu}\\p{Ll}+$", "Éa", true), ("^\\P{L}$", "1", true), ("^[\\p{L}\\p{N}]+$", "a1é٣", true),
            ("^\\p{Uppercase}$", "Ä", true),
            ("^\\p{gc=Sc}$", "€", true), ("^\\p{ASCII}$", "é", false), ("^\\p{Any}$", "\u{10FFFF}", true), ("^\\p{Emoji}$", "😀", true),
            ("^\\cJ$", "\n", true), ("^\\0$", "\0", true), ("^(?<year>\\d{4})-\\d\\d$", "2026-03", true), ("^[\\b]$", "\u{8}", true),
            ("(a*)*b", "aaab", true), ("(?:)*a", "a", true), ("^(?:a?b?)*$", "abba", true), ("é", "e\u{301}", false),
            ("^a\\n$", "a\n", true),
        ])
    func table(_ pattern: String, _ text: String, isMatch: Bool) throws {
        #expect(try Self.matches(pattern, text) == isMatch)
    }

    @Test(
        "refuses what is no pattern",
        arguments: [
            "(", ")", "a)", "[", "[a", "[b-a]", "[\\d-z]", "*", "a**", "^*", "(?:", "(?a)", "(?<>a)", "(?<a", "\\", "\\a", "\\_a\\Z",
            "\\x4",
            "\\u12", "\\u{110000}", "\\u{}", "\\c1", "a{2,1}", "{1}", "|{1,2}", "\\p", "\\p{", "\\p{}", "\\00", "\\b+", "(?=a)*",
        ])
    func invalid(_ pattern: String) throws {
        let error = #expect(throws: JSONSchemaError.self) { try JSONSchema(compiling: ["pattern": .string(pattern)]) }
        #expect(error?.code == .invalidPattern, "\(error.map(\.description) ?? "")")
    }

    /// Another engine says the same about patterns and texts made at random.
    @Test("agrees with Foundation")
    func foundation() throws {
        var random = SplitMix(seed: 23)
        for _ in 0..<fuzzCases / 8 {
            let pattern = Self.pattern(3, &random)
            let schema = try JSONSchema(compiling: ["pattern": .string(pattern)], options: .init(checksMetaSchema: false))
            let expression = try NSRegularExpression(pattern: pattern)
            // There a letter beyond ASCII counts as one of a word, in ECMA-262 it does not.
            let alphabet = Array(pattern.contains("\\b") || pattern.contains("\\B") ? "abc 😀" : "abcé 😀")
            for _ in 0..<6 {
                let text = String((0..<Int.random(in: 0...7, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "a" })
                let expected = expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
                #expect(schema.isValid(.string(text)) == expected, "\(pattern) \(text.debugDescription)")
            }
        }
    }

    /// - Parameter repeats: whether it may have quantifiers and assertions; not inside a quantifier, because the other engine
    ///   then tries endless ways, and answers no when it has had enough.
    static func pattern(_ depth: Int, repeats: Bool = true, _ random: inout SplitMix) -> String {
        let atoms = ["a", "b", "c", "é", "😀", ".", "[ab]", "[^a]", "[a-c]", "\\d", "\\S", "\\p{L}", "^", "$", "\\b", "\\B"]
        let consuming = atoms.prefix { $0 != "^" }
        switch depth == 0 ? 0 : Int.random(in: 0..<6, using: &random) {
        case 4 where !repeats: return pattern(depth - 1, repeats: false, &random)
        case 0, 1: return (repeats ? atoms[...] : consuming).randomElement(using: &random) ?? "a"
        case 2: return pattern(depth - 1, repeats: repeats, &random) + pattern(depth - 1, repeats: repeats, &random)
        case 3: return "(?:\(pattern(depth - 1, repeats: repeats, &random))|\(pattern(depth - 1, repeats: repeats, &random)))"
        case 4:
            return "(\(pattern(depth - 1, repeats: false, &random)))"
                + (["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?"].randomElement(using: &random) ?? "*")
        default:
            return pattern(depth - 1, repeats: repeats, &random) + pattern(depth - 1, repeats: repeats, &random)
                + pattern(depth - 1, repeats: repeats, &random)
        }
    }
}
