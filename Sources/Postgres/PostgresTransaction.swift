/// An open transaction.
///
/// Statements of several child tasks may run in it at the same time; they share round trips. The handle is of use only inside of the
/// closure it was given to: afterwards everything fails with code `usage`.
public struct PostgresTransaction: PostgresExecutor, Sendable {
    let connection: PostgresConnection
    let id: UInt64

    /// Runs one statement; see ``PostgresExecutor/execute(_:file:line:)``. An error dooms the transaction (use
    /// ``withSavepoint(file:line:_:)`` to survive one).
    @discardableResult
    public func execute(_ sql: SQL, file: String, line: Int) async throws(PostgresError) -> PostgresResult {
        try await connection.submit([sql], transaction: id, file: file, line: line)[0]
    }

    /// Runs several statements in one round trip.
    @discardableResult
    public func pipeline(_ statements: [SQL], file: String, line: Int) async throws(PostgresError) -> [PostgresResult] {
        if statements.isEmpty { return [] }
        return try await connection.submit(statements, transaction: id, file: file, line: line)
    }

    /// Adds a statement whose result nobody needs. It is sent, in order, with the next statement that somebody waits for, at the
    /// latest with COMMIT, and costs no round trip. If it fails, the next awaited statement, or the transaction itself, throws.
    public func enqueue(_ sql: SQL, file: String = #fileID, line: Int = #line) {
        connection.enqueue(sql, transaction: id, file: file, line: line)
    }

    /// Sends what was enqueued, so that the server begins with it while the caller prepares what comes next, in the same flight. It
    /// hurries nothing for callers off the thread of the connections.
    package func sendAhead() { connection.sendAhead() }

    /// Runs the closure under a savepoint: when it throws, what it did is undone, the transaction stays usable, and the error is
    /// thrown on. Do not run other statements of the same transaction at the same time: a savepoint covers them too.
    public nonisolated(nonsending) func withSavepoint<R>(
        file: String = #fileID, line: Int = #line,
        _ body: nonisolated(nonsending) (PostgresTransaction) async throws -> R
    ) async throws -> R {
        let unsent = connection.unsentFailure(id)
        let name: SQL = "\(identifier: "s\(connection.mailbox.nextID())")"
        enqueue("SAVEPOINT \(name)", file: file, line: line)
        let result: R
        do {
            result = try await body(self)
            // No error to the server, which would release the savepoint.
            if unsent == nil, let failure = connection.unsentFailure(id) { throw failure }
            // Awaited, so that a statement that was only enqueued fails inside of the savepoint and not after it.
            try await execute("RELEASE SAVEPOINT \(name)", file: file, line: line)
        } catch {
            let cause = connection.transactionFailure(id)
            _ = try await connection.submit(
                ["ROLLBACK TO SAVEPOINT \(name)"], transaction: id, role: .recover, isCancellable: false, file: file, line: line)
            connection.undoUnsent(id, to: unsent)
            enqueue("RELEASE SAVEPOINT \(name)", file: file, line: line)
            throw PostgresConnection.rootError(error, cause: cause)
        }
        return result
    }
}
