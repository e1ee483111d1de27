/// Looks every few milliseconds whether a condition holds; the deadline is only there so that a broken test ends.
///
/// - Throws: ``NeverHappened``; what the condition throws.
public func eventually(
    _ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw NeverHappened(what: what) }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// What a test has waited for in vain.
public struct NeverHappened: Error, CustomStringConvertible {
    private let what: String

    public init(what: String) { self.what = what }

    public var description: String { "did not happen in time: \(what)" }
}
