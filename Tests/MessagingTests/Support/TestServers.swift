import Servers

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The servers that the tests share: those of the environment, or private ones that are started when first asked for.
actor TestServers {
    static let shared = TestServers()

    private var postgres: Task<String, any Error>?
    private var amqp: Task<String, any Error>?
    private var keep: [any Sendable] = []

    /// A superuser's URL.
    func postgresURL() async throws -> String {
        if let url = ProcessInfo.processInfo.environment["MILLRACE_TEST_DATABASE_URL"] { return url }
        if postgres == nil {
            postgres = Task {
                let server = try await PrivatePostgres.temporary(settings: ["max_connections": "200"])
                keep.append(server)
                return await server.tcpURL()
            }
        }
        return try await postgres?.value ?? ""
    }

    /// An administrator's URL.
    func amqpURL() async throws -> String {
        if let url = ProcessInfo.processInfo.environment["MILLRACE_TEST_AMQP_URL"] { return url }
        if amqp == nil {
            amqp = Task {
                let server = try await PrivateRabbitMQ.temporary()
                keep.append(server)
                return try await server.start()
            }
        }
        return try await amqp?.value ?? ""
    }
}
