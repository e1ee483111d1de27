import Edge
import HTTPTypes
import Testing

@Suite("Prefer")
struct PreferTests {
    @Test(
        "reads what RFC 7240 allows and ignores the rest",
        arguments: [
            ("wait=10", 10), ("WAIT=10", 10), (" wait = 10 ", 10), ("wait=\"7\"", 7), ("respond-async, wait=5", 5),
            ("wait=5; foo=bar, return=minimal", 5), ("foo=\"a,wait=9\", wait=3", 3), ("wait=0", 0),
            ("wait=3, wait=8", 3), ("wait=999999999999999999999", 60), ("wait=61", 60),
            ("wait", nil), ("wait=", nil), ("wait=-1", nil), ("wait=1.5", nil), ("wait=abc", nil), ("wait=٣", nil),
            ("", nil), (",,;;==", nil), ("foo=\"unterminated, wait=5", nil),
        ] as [(String, Int?)])
    func wait(_ header: String, _ seconds: Int?) {
        let prefer = Prefer([.prefer: header])
        #expect(prefer.wait == seconds.map { .seconds($0) })
        #expect(prefer.applied == seconds.map { "wait=\($0)" })
    }

    @Test("reads several headers")
    func severalHeaders() {
        var headers = HTTPFields()
        headers.append(HTTPField(name: .prefer, value: "respond-async"))
        headers.append(HTTPField(name: .prefer, value: "wait=4"))
        #expect(Prefer(headers) == Prefer(wait: .seconds(4), respondAsync: true))
    }
}
