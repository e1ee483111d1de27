import Servers

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The database that the tests share: that of the environment, or a private one that is started when first asked for. The brokers
/// are those of `TestBroker`.
actor TestServers {
    static let shared = TestServers()

    private var postgres: Task<String, any Error>?
    private var keep: [any Sendable] = []

    /// A superuser's URL.
    func postgresURL() async throws -> String {
        if let url = ProcessInfo.processInfo.environment["MILLRACE_TEST_DATABASE_URL"] { return url }
        if postgres == nil {
            postgres = Task {
                let server = try await PrivatePostgres.temporary(settings: ["max_connections": "400"])
                keep.append(server)
                return await server.tcpURL()
            }
        }
        return try await postgres?.value ?? ""
    }
}
