import Dispatch
public import Logging
import Loop
public import ServiceLifecycle
import Synchronization

/// A pool of connections to one database.
///
/// It can be used at once: connections open when they are needed. While ``run()`` runs, the minimum is kept open, also across
/// restarts of the server. A broken connection is replaced; callers wait in order, each with a deadline.
public final class PostgresClient: Service, PostgresExecutor {
    package let configuration: PostgresConfiguration
    package let logger: Logger
    let runner: PoolRunner

    /// Makes a client; nothing is opened yet.
    public init(configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        runner = PoolRunner(configuration, logger)
    }

    deinit {
        // Connections of a client that nobody holds any more serve nobody.
        let runner = runner
        Task { await runner.close() }
    }

    /// Keeps the minimum of connections open until graceful shutdown or cancellation, then closes the pool.
    public func run() async throws {
        runner.start()
        // Ends by shutdown or by cancellation; both mean the same here.
        try? await gracefulShutdown()
        await close()
    }

    /// Runs the closure with a connection that nobody else uses meanwhile.
    ///
    /// Afterwards the connection serves others. If statements are still under way, it waits for them for a moment; a connection that
    /// is broken, in a transaction, or has listeners is closed instead.
    /// - Throws: what the closure throws; code `poolTimeout` when all connections stayed in use, `connectionFailed` when the server
    ///   cannot be reached, `poolClosed`, `cancelled`.
    public nonisolated(nonsending) func withConnection<R>(
        _ body: nonisolated(nonsending) (PostgresConnection) async throws -> R
    ) async throws -> R {
        let lease = try await runner.acquire()
        do {
            let result = try await body(lease.connection)
            await runner.release(lease)
            return result
        } catch {
            await runner.release(lease)
            throw error
        }
    }

    /// Runs the closure in a transaction on a connection of its own; see ``PostgresConnection/withTransaction(isolation:retries:file:line:_:)``.
    public nonisolated(nonsending) func withTransaction<R>(
        isolation: IsolationLevel = .readCommitted, retries: Int = 3, file: String = #fileID, line: Int = #line,
        _ body: nonisolated(nonsending) (PostgresTransaction) async throws -> R
    ) async throws -> R {
        try await withConnection { connection in
            try await connection.withTransaction(isolation: isolation, retries: retries, file: file, line: line, body)
        }
    }

    /// The same, with statements that go out in the flight of COMMIT and somebody who is told their results; see
    /// ``PostgresConnection/withClosingTransaction(isolation:retries:file:line:_:)``.
    package nonisolated(nonsending) func withClosingTransaction<R>(
        isolation: IsolationLevel = .readCommitted, retries: Int = 3, file: String = #fileID, line: Int = #line,
        _ body: nonisolated(nonsending) (PostgresTransaction) async throws -> (R, TransactionClosing)
    ) async throws -> R {
        try await withConnection { connection in
            try await connection.withClosingTransaction(isolation: isolation, retries: retries, file: file, line: line, body)
        }
    }

    /// The thread that the connections run on. A task that mostly waits for answers is best run there
    /// (`Task(executorPreference:)`): no hand-over between threads is needed then. It must not block.
    package static var executor: any TaskExecutor { EventLoop.shared }

    /// Runs one statement on a free connection.
    @discardableResult
    public func execute(_ sql: SQL, file: String, line: Int) async throws(PostgresError) -> PostgresResult {
        let lease = try await runner.acquire(file: file, line: line)
        do throws(PostgresError) {
            let result = try await lease.connection.execute(sql, file: file, line: line)
            await runner.release(lease)
            return result
        } catch {
            await runner.release(lease)
            throw error
        }
    }

    /// Runs several statements as one implicit transaction in one round trip on a free connection.
    @discardableResult
    public func pipeline(_ statements: [SQL], file: String, line: Int) async throws(PostgresError) -> [PostgresResult] {
        let lease = try await runner.acquire(file: file, line: line)
        do throws(PostgresError) {
            let results = try await lease.connection.pipeline(statements, file: file, line: line)
            await runner.release(lease)
            return results
        } catch {
            await runner.release(lease)
            throw error
        }
    }

    /// What the pool is doing and has done.
    public var statistics: PoolStatistics { runner.statistics }

    /// Closes the pool: waiters fail with code `poolClosed`, idle connections close now, used ones when they come back, but after
    /// five seconds in any case.
    public func close() async { await runner.close() }

    /// Calls `body` and closes the pool when that is done, however it ends.
    ///
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws.
    public func executeThenClose<R>(
        isolation: isolated (any Actor)? = #isolation, _ body: (PostgresClient) async throws -> R
    ) async throws -> R {
        do {
            let result = try await body(self)
            await close()
            return result
        } catch {
            await close()
            throw error
        }
    }
}
