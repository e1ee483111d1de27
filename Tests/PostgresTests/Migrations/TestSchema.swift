import Logging
import Postgres
import TestSupport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A schema of its own for one test, on the server that all tests share.
enum TestSchema {
    /// The configuration of the server, with the schema first in the search path.
    static func configuration(schema: String) async throws -> PostgresConfiguration {
        var configuration = try PostgresConfiguration(url: try await TestPostgres.url())
        configuration.searchPath = schema
        configuration.pool.maximum = 3
        return configuration
    }

    /// Runs `body` with a client and the name of a schema; drops the schema afterwards.
    static func with(
        creating: Bool = true, _ body: @Sendable (PostgresClient, String) async throws -> Void
    ) async throws {
        let schema = "model_" + String(UUID().uuidString.lowercased().filter { $0 != "-" }.prefix(12))
        let client = PostgresClient(configuration: try await configuration(schema: schema), logger: Logger(label: "test"))
        if creating { try await client.execute("CREATE SCHEMA \(identifier: schema)") }
        do {
            try await body(client, schema)
        } catch {
            _ = try? await client.execute("DROP SCHEMA IF EXISTS \(identifier: schema) CASCADE")
            await client.close()
            throw error
        }
        try await client.execute("DROP SCHEMA IF EXISTS \(identifier: schema) CASCADE")
        await client.close()
    }
}
