import Foundation
public import Logging
public import Postgres
public import Servers

/// The PostgreSQL server of this test process: started when the first test asks for it, gone when the process ends.
///
/// All suites share it, so each takes a schema (``schema(_:)``) or a database (``database(_:)``) of its own. A test that kills a
/// server starts one for itself with `PrivatePostgres.temporary()`.
public enum TestPostgres {
    private actor Server {
        var starting: Task<PrivatePostgres, any Error>?

        func get() async throws -> PrivatePostgres {
            if let starting { return try await starting.value }
            let task = Task { try await PrivatePostgres.temporary(settings: ["max_connections": "200"]) as PrivatePostgres }
            starting = task
            return try await task.value
        }
    }

    private static let server = Server()

    /// The shared server.
    public static func shared() async throws -> PrivatePostgres { try await server.get() }

    /// The superuser's URL of the shared server, or of the one that `MILLRACE_TEST_DATABASE_URL` names.
    public static func url() async throws -> String {
        if let url = ProcessInfo.processInfo.environment["MILLRACE_TEST_DATABASE_URL"] { return url }
        return try await shared().url()
    }

    /// Makes a schema that no other test uses.
    ///
    /// - Returns: a configuration whose search path is the new schema.
    public static func schema(_ stem: String) async throws -> PostgresConfiguration {
        var configuration = try PostgresConfiguration(url: try await url())
        let name = "\(stem)_\(UUID().uuidString.lowercased().prefix(8))"
        let client = PostgresClient(configuration: configuration, logger: Logger(label: "test.postgres"))
        try await client.execute("CREATE SCHEMA \(identifier: name)")
        await client.close()
        configuration.searchPath = name
        configuration.pool.maximum = 6
        return configuration
    }

    /// Makes a database that no other test uses.
    ///
    /// - Returns: the superuser's configuration for it.
    public static func database(_ stem: String) async throws -> PostgresConfiguration {
        var configuration = try PostgresConfiguration(url: try await url())
        let name = "\(stem)_\(UUID().uuidString.lowercased().prefix(8))"
        let connection = try await PostgresConnection.connect(configuration, logger: logger)
        try await connection.execute("CREATE DATABASE \(identifier: name) TEMPLATE template0")
        await connection.close()
        configuration.database = name
        return configuration
    }

    /// A logger that shows errors only.
    public static let logger: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .error
        return logger
    }()
}
