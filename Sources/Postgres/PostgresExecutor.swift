/// Something that runs statements: a client (on any free connection), a connection, or a transaction.
public protocol PostgresExecutor: Sendable {
    /// Runs one statement. Calls made at the same time on one connection or transaction are pipelined: they share round trips.
    ///
    /// When the task is cancelled, the statement is cancelled on the server and the error has code `cancelled`.
    /// - Parameters `file` and `line`: the place to name in errors; the variant without them fills them in.
    @discardableResult
    func execute(_ sql: SQL, file: String, line: Int) async throws(PostgresError) -> PostgresResult

    /// Runs several statements in one round trip, in order. Outside of a transaction they run as **one implicit transaction**:
    /// if one fails, none has taken effect. The error is that of the first statement that failed.
    @discardableResult
    func pipeline(_ statements: [SQL], file: String, line: Int) async throws(PostgresError) -> [PostgresResult]
}

extension PostgresExecutor {
    /// Runs one statement.
    @discardableResult
    public func execute(
        _ sql: SQL, _ file: String = #fileID, _ line: Int = #line
    ) async throws(PostgresError) -> PostgresResult { try await execute(sql, file: file, line: line) }

    /// Runs several statements in one round trip.
    @discardableResult
    public func pipeline(
        _ statements: [SQL], _ file: String = #fileID, _ line: Int = #line
    ) async throws(PostgresError) -> [PostgresResult] { try await pipeline(statements, file: file, line: line) }

    /// Runs a statement and decodes its rows.
    ///
    /// A column fills the property of its name, with `snake_case` turned to `camelCase` (`customer_id` fills `customerId` and
    /// `customerID`). Columns without a property are left out. Nested types come from `jsonb`, enums from their raw value, types
    /// of one value from the first column, missing or NULL columns are nil in optionals.
    /// - Throws: what ``execute(_:file:line:)`` throws, and code `decoding`, naming column and types.
    public func query<T: Decodable & Sendable>(
        _ sql: SQL, as type: T.Type = T.self, file: String = #fileID, line: Int = #line
    ) async throws(PostgresError) -> [T] {
        let result = try await execute(sql, file: file, line: line)
        do { return try result.decode(as: T.self) } catch { throw error.at(query: sql.text, file: file, line: line) }
    }

    /// Runs a statement and decodes its first row, or returns nil when there is none.
    public func queryOne<T: Decodable & Sendable>(
        _ sql: SQL, as type: T.Type = T.self, file: String = #fileID, line: Int = #line
    ) async throws(PostgresError) -> T? {
        let result = try await execute(sql, file: file, line: line)
        guard let row = result.first else { return nil }
        do { return try row.decode(row: T.self) } catch { throw error.at(query: sql.text, file: file, line: line) }
    }
}
