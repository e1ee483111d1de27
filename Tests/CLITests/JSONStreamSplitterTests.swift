import Testing
import millrace_cli

@Suite struct JSONStreamSplitterTests {
    /// Feeds the text in pieces of every size from one byte up, and expects the same each time.
    private func split(_ text: String, maximumBytes: Int = 1000) throws -> [String] {
        let bytes = Array(text.utf8)
        var results: Set<[String]> = []
        for size in [1, 2, 3, 7, max(1, bytes.count)] {
            var splitter = JSONStreamSplitter(maximumBytes: maximumBytes)
            var records: [JSONStreamSplitter.Record] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                try splitter.feed(bytes[start..<min(start + size, bytes.count)], into: &records)
            }
            try splitter.finish(into: &records)
            #expect(records.map(\.number) == Array(1...max(1, records.count)).prefix(records.count).map { $0 })
            results.insert(records.map { String(decoding: $0.bytes, as: UTF8.self) })
        }
        #expect(results.count == 1)
        return results.first ?? []
    }

    @Test(arguments: [
        ("", []),
        ("  \n ", []),
        (#"{"a":1}"#, [#"{"a":1}"#]),
        ("{\"a\":1}\n{\"b\":[2,3]}\n", [#"{"a":1}"#, #"{"b":[2,3]}"#]),
        ("{\n \"a\": {\"b\": \"}\"}\n}\n{}", ["{\n \"a\": {\"b\": \"}\"}\n}", "{}"]),
        (#"{"a":"\"}"}{"b":"\\"}"#, [#"{"a":"\"}"}"#, #"{"b":"\\"}"#]),
        ("1 2\ntrue", ["1", "2", "true"]),
        (#""x""y""#, [#""x""#, #""y""#]),
        ("[]", []),
        ("[ ]\n", []),
        (#"[{"a":1},{"b":2}]"#, [#"{"a":1}"#, #"{"b":2}"#]),
        ("[1, [2,3] ,\"a,]\", null]", ["1", "[2,3]", "\"a,]\"", "null"]),
        ("{}\n[1]", ["{}", "[1]"]),
    ])
    func splits(_ text: String, _ expected: [String]) throws {
        #expect(try split(text) == expected)
    }

    @Test(arguments: ["{", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "}", "[1]]", "[1] 2", "{\"a\": \"x", "{}]"])
    func refuses(_ text: String) {
        #expect(throws: JSONStreamSplitter.Failure.self) { try split(text) }
    }

    @Test func namesTheLineWhereAValueBegins() throws {
        var splitter = JSONStreamSplitter(maximumBytes: 1000)
        var records: [JSONStreamSplitter.Record] = []
        try splitter.feed(Array("{}\n\n{\n\"a\":1}\n{}".utf8), into: &records)
        try splitter.finish(into: &records)
        #expect(records.map(\.line) == [1, 3, 5])
    }

    @Test func aValueThatDoesNotEndIsNotKeptForEver() {
        var splitter = JSONStreamSplitter(maximumBytes: 100)
        var records: [JSONStreamSplitter.Record] = []
        #expect {
            try splitter.feed(Array("{}\n{\"a\":\"\(String(repeating: "x", count: 200))".utf8), into: &records)
        } throws: { error in
            (error as? JSONStreamSplitter.Failure)?.line == 2
        }
        #expect(records.count == 1)
    }
}
