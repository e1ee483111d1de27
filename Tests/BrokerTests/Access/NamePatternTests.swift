import Broker
import Testing

@Suite struct NamePatternTests {
    @Test(arguments: [
        (".*", "", true), ("^$", "", true), ("^$", "a", false), ("orders", "all-orders-here", true),
        ("^(worker\\.orders(\\..*)?|commands)$", "worker.orders", true),
        ("^(worker\\.orders(\\..*)?|commands)$", "worker.orders.1", true),
        ("^(worker\\.orders(\\..*)?|commands)$", "worker.ordersx", false),
        ("^amq\\.gen-[A-Za-z0-9_-]{22}$", "amq.gen-abcdefghij0123456789_-", true),
        ("^a{2,3}$", "aaaa", false), ("^a{2,}$", "aaaa", true), ("^a{2}$", "aa", true), ("a{x", "a{x", true),
        ("^(?!amq\\.).*", "orders", true), ("^(?!amq\\.).*", "amq.gen", false), ("^(?=o).+s$", "orders", true),
        ("(?i)^ORDERS$", "orders", true), ("(?i)^[A-Z]+$", "orders", true), ("(?i)^[^O]", "orders", false), ("(?i)^[^o]", "Orders", false),
        ("(?i)^[^\\d]", "O", true),
        ("^ORDERS$", "orders", false),
        ("\\bred\\b", "the red one", true), ("\\bred\\b", "hundreds", false), ("^[^.]+$", "a.b", false),
        ("^[]a]+$", "]a]", true), ("^[a\\-z]$", "-", true), ("^[\\w.-]+$", "a.b-c_1", true), ("^[^\\d]$", "7", false),
        ("^[\\D]$", "7", false), ("^\\x41\\x{1F600}$", "A😀", true), ("^(?<name>a|b)+?$", "abab", true), ("", "anything", true),
        ("(a*)*b", "aaab", true), ("^(|a)+$", "aaa", true), ("^.$", "\n", false), ("^a$", "a\n", false),
    ])
    func matches(pattern: String, name: String, expected: Bool) throws {
        #expect(try NamePattern(pattern).matches(name) == expected)
    }

    /// Fails when a class that excludes letters still has the other case of them.
    @Test func caseCanBeIgnoredFromOutside() throws {
        #expect(try NamePattern("^ORDERS$", ignoringCase: true).matches("Orders"))
        #expect(try NamePattern("^[n-p]RDERS$", ignoringCase: true).matches("Orders"))
        #expect(try !NamePattern("^[^n-p]", ignoringCase: true).matches("Orders"))
    }

    @Test(arguments: [
        "(", ")", "[", "a**", "*", "(?<=a)b", "(a)\\1", "a++", "[z-a]", "\\", "[[:alpha:]]", "a{5,2}", "((a{1000}){1000})", "\\x", "(?i",
    ])
    func refuses(pattern: String) {
        #expect(throws: NamePatternError.self) { try NamePattern(pattern) }
    }

    @Test func anEmptyPermissionMatchesOnlyTheEmptyName() throws {
        #expect(try NamePattern.permission("", limit: 10).matches(""))
        #expect(try !NamePattern.permission("", limit: 10).matches("orders"))
    }

    /// Patterns that take a backtracking engine longer than the age of the universe.
    @Test func hostilePatternsTakeNoTime() throws {
        let name = String(repeating: "a", count: 254) + "!"
        let hostile = ["^(a+)+$", "^(a|aa)+$", "^(a|a)*$", "^(a*)*$", "^((a{1,30}){1,30})$", "^(?!(a+)+b)(a+)+$"]
        let patterns = try hostile.map { try NamePattern($0) }
        let took = ContinuousClock().measure {
            for pattern in patterns { #expect(!pattern.matches(name)) }
        }
        #expect(took < .seconds(5))
    }

    @Test func deepNestingIsRefusedAndNotFollowed() {
        let deep = String(repeating: "(", count: 2_000) + String(repeating: ")", count: 2_000)
        #expect(throws: NamePatternError.self) { try NamePattern(deep) }
    }
}
