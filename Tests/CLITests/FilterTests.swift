import Contracts
import Testing
import millrace_cli

@Suite struct FilterTests {
    private let event = try! JSONValue.parse(
        Array(
            #"{"type":"order.created","subject":"o-1","data":{"totalCents":1790,"items":[{"productId":"cd-1","quantity":2}],"express":false,"note":null,"tags":["a","b"]}}"#
                .utf8))

    @Test(arguments: [
        ("data.totalCents > 1000", true),
        ("data.totalCents >= 1790 and data.totalCents <= 1790.0", true),
        ("data.totalCents < 1790", false),
        ("type == 'order.created'", true),
        ("type = \"order.created\"", true),
        ("type != 'order.created'", false),
        ("type startswith 'order.'", true),
        ("type contains 'reat'", true),
        ("data.tags contains 'b'", true),
        ("data.tags contains 'c'", false),
        ("data.items[0].quantity == 2", true),
        ("data.items[1].quantity == 2", false),
        ("data['totalCents'] == 1790", true),
        ("data.express", false),
        ("not data.express", true),
        ("!data.express && subject == 'o-1'", true),
        ("data.express or subject == 'o-1'", true),
        ("data.note == null", true),
        ("data.missing == null", true),
        ("data.missing > 1", false),
        ("data.missing != 1", true),
        ("data.totalCents > 'abc'", false),
        ("false and false or true", true),
        ("false and (false or true)", false),
        ("not (type == 'x' or type == 'y')", true),
        ("-1 < 0", true),
    ])
    func holds(_ text: String, _ expected: Bool) throws {
        #expect(try FilterParser.parse(text).holds(for: event) == expected)
    }

    @Test(arguments: [
        ("", 1), ("data.", 6), ("data.a >", 9), ("data.a > 1 2", 12), ("(a", 3), ("a[", 3), ("a[-1]", 3), ("'x", 1), ("a ; b", 3),
        ("1.2.3 > a", 1),
    ])
    func saysWhereItIsWrong(_ text: String, _ column: Int) {
        #expect {
            try FilterParser.parse(text)
        } throws: { error in
            (error as? FilterParser.Failure)?.column == column
        }
    }

    @Test func deepNestingIsRefusedAndDoesNotOverflow() {
        #expect(throws: FilterParser.Failure.self) { try FilterParser.parse(String(repeating: "(", count: 100_000)) }
        #expect(throws: FilterParser.Failure.self) { try FilterParser.parse(String(repeating: "not ", count: 100_000) + "a") }
    }
}
