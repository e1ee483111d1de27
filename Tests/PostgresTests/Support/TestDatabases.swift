import Foundation
import Logging
import Postgres
import TestSupport

/// One database for each suite of this folder's tests.
actor SuiteDatabase {
    private let stem: String
    private var making: Task<PostgresConfiguration, any Error>?

    init(_ stem: String) { self.stem = stem }

    func configuration() async throws -> PostgresConfiguration {
        if let making { return try await making.value }
        let stem = stem
        let task = Task { try await TestPostgres.database(stem) }
        making = task
        return try await task.value
    }

    /// Runs the closure with a connection of its own.
    nonisolated func connect<R: Sendable>(
        _ change: (inout PostgresConfiguration) -> Void = { _ in }, _ body: (PostgresConnection) async throws -> R
    ) async throws -> R {
        var configuration = try await configuration()
        change(&configuration)
        let connection = try await PostgresConnection.connect(configuration, logger: TestPostgres.logger)
        do {
            let result = try await body(connection)
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Runs the closure with a pool of its own.
    nonisolated func client<R: Sendable>(
        _ change: (inout PostgresConfiguration) -> Void = { _ in }, _ body: (PostgresClient) async throws -> R
    ) async throws -> R {
        var configuration = try await configuration()
        change(&configuration)
        return try await PostgresClient(configuration: configuration, logger: TestPostgres.logger).executeThenClose(body)
    }
}

/// Makes a table of one column `n`.
func table(_ executor: some PostgresExecutor, _ kind: SQL = "primary key") async throws -> SQL {
    let name: SQL = "\(identifier: "t\(UUID().uuidString.prefix(8))")"
    try await executor.execute("create table \(name) (n int \(kind))")
    return name
}

/// How many rows a table has.
func count(_ table: SQL, _ executor: some PostgresExecutor) async throws -> Int? {
    try await executor.queryOne("select count(*) from \(table)", as: Int.self)
}

/// Waits until a condition holds, looking again after short pauses; false after a minute.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return false
}

/// The error a closure throws, as a PostgresError.
func failure<R>(_ body: () async throws -> R) async -> PostgresError? {
    do {
        _ = try await body()
        return nil
    } catch { return error as? PostgresError }
}
