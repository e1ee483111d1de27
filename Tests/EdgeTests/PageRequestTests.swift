import Edge
import Testing

@Suite("Pages")
struct PageRequestTests {
    private func read(_ path: String, parts: Int = 1) throws -> PageRequest {
        let request = Request(
            head: HTTPRequest(method: .get, scheme: "http", authority: "test", path: path),
            body: RequestBody(buffer: ByteBuffer()))
        return try PageRequest(request, keyParts: parts)
    }

    @Test("defaults and limits")
    func limits() throws {
        #expect(try read("/x") == PageRequest(limit: 20))
        #expect(try read("/x?limit=100") == PageRequest(limit: 100))
        for limit in ["0", "-1", "101", "x", "", "1e1", "99999999999999999999"] {
            #expect(throws: Problem.self) { try read("/x?limit=\(limit)") }
        }
    }

    @Test("a cursor comes back as the key it was made of", arguments: [["a"], ["cd-1199"], ["ü/+?"], ["", "x"], ["1", "2", "3"]])
    func roundTrip(_ key: [String]) throws {
        let cursor = PageRequest.cursor(key)
        #expect(cursor.utf8.allSatisfy { $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "=") })
        #expect(try read("/x?after=\(cursor)", parts: key.count).after == key)
        #expect(throws: Problem.self) { try read("/x?after=\(cursor)", parts: key.count + 1) }
    }

    @Test(
        "what is no cursor is refused",
        arguments: ["!!!!", "a", "%00", String(repeating: "A", count: 2000), "gICA", PageRequest.cursor(["a\u{0}b"])])
    func refused(_ cursor: String) {
        #expect(throws: Problem.self) { try read("/x?after=\(cursor)") }
    }
}
