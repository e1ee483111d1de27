import Testing
import millrace_cli

@Suite("The commands' HTTP client", .timeLimit(.minutes(3))) struct HTTPClientTests {
    /// Fails when the size is not looked at: the answer would be handed over.
    @Test("an answer larger than it takes is an error that says so, and the next request has a connection of its own")
    func large() async throws {
        let limit = 1 << 20
        let bodies = [limit, limit + 1, 2].map { [UInt8](repeating: 0x20, count: $0) }
        try await EventSink.with([200, 200, 200], bodies: bodies) { sink in
            let client = HTTPClient(port: sink.port, connections: 1, bodyLimit: limit)
            let request = HTTPClient.Request(method: .GET, path: "/")
            let full = try await client.send(request)
            #expect(full.body.count == limit)
            let failure = await #expect(throws: HTTPClient.Failure.self) { try await client.send(request) }
            #expect(failure == .tooLarge(limit) && failure?.description == "the answer is larger than 1 MiB")
            let next = try await client.send(request)
            #expect(next.body.count == 2)
            await client.close()
        }
    }
}
