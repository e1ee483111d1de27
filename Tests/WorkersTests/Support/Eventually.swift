/// Looks every 10 ms whether a condition holds, and gives up after a minute.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    throw WorkerUnderTest.Failure(description: "not within a minute: \(what)")
}
