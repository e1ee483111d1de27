import Contracts
import Messaging
import Postgres
import Testing

private struct Broken: Error {}
private struct Located: LocatedError {
    let file: String
    let line: Int
    let detail: Int
}

struct FailureDescriptionTests {
    @Test func failuresOfOneTypeAtOnePlaceShareAFingerprint() {
        let first = FailureDescription(Located(file: "A.swift", line: 3, detail: 1), handler: "order.place")
        let second = FailureDescription(Located(file: "A.swift", line: 3, detail: 2), handler: "order.place")
        #expect(first.fingerprint == second.fingerprint)
        #expect(first.fingerprint.count == 16)
        #expect(first.place == "order.place (A.swift:3)")
        let elsewhere = FailureDescription(Located(file: "A.swift", line: 4, detail: 1), handler: "order.place")
        let otherHandler = FailureDescription(Located(file: "A.swift", line: 3, detail: 1), handler: "order.cancel")
        let otherType = FailureDescription(Broken(), handler: "order.place")
        #expect(Set([first, elsewhere, otherHandler, otherType].map(\.fingerprint)).count == 4)
    }

    @Test func aPermanentErrorIsNamedByWhatIsBelowIt() {
        let failure = FailureDescription(Permanent(Broken(), file: "B.swift", line: 9), handler: "h")
        #expect(failure.errorType == "Broken")
        #expect(failure.place == "h (B.swift:9)")
        #expect(FailureDescription(Permanent("no"), handler: "h").errorType == "Permanent")
    }

    @Test func errorsOfTheDatabaseAreToldApartByTheirState() {
        let error = PostgresError(code: .server, message: "no", sqlState: "23505", file: "C.swift", line: 1)
        #expect(FailureDescription(error, handler: "h").errorType == "PostgresError.23505")
    }

    @Test func theMessageCanBeStored() {
        let failure = FailureDescription(Permanent("a\0b" + String(repeating: "x", count: 9_000)), handler: "h")
        #expect(!failure.message.utf8.contains(0))
        #expect(failure.message.utf8.count < 4_100)
    }
}
