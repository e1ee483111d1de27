public import Contracts
public import Postgres

/// The rows of a read model, within the transaction that applies one event.
///
/// It executes statements and typed queries (`rows.select(OrderSummary.self)…`, `rows.upsert(row, on: \.id).run()`) like any
/// other executor, each at the price of a round trip; ``write(_:file:line:)`` costs none.
public struct ProjectionRows: PostgresExecutor {
    /// The event as it came: its id, time, correlation and sequence.
    public let envelope: Envelope
    private let transaction: PostgresTransaction

    package init(envelope: Envelope, transaction: PostgresTransaction) {
        self.envelope = envelope
        self.transaction = transaction
    }

    /// Writes without waiting for the answer. A failure shows when the transaction commits; the event is then tried again.
    /// This is the fast way: writes of many events share a round trip.
    public func write(_ statement: SQL, file: String = #fileID, line: Int = #line) {
        transaction.enqueue(statement, file: file, line: line)
    }

    /// Inserts or upserts without waiting for the answer.
    public func write<Root: Table>(_ insert: Insert<Root>, file: String = #fileID, line: Int = #line) {
        for statement in insert.statements { transaction.enqueue(statement, file: file, line: line) }
    }

    /// Updates without waiting for the answer.
    public func write<Root: Table>(_ update: Update<Root>, file: String = #fileID, line: Int = #line) {
        transaction.enqueue(update.statement, file: file, line: line)
    }

    /// Deletes without waiting for the answer.
    public func write<Root: Table>(_ delete: Delete<Root>, file: String = #fileID, line: Int = #line) {
        transaction.enqueue(delete.statement, file: file, line: line)
    }

    /// Reads rows, as written by the events so far.
    /// - Throws: `PostgresError`.
    public func read<Row: Decodable & Sendable>(
        _ query: SQL, as type: Row.Type = Row.self, file: String = #fileID, line: Int = #line
    ) async throws(PostgresError) -> [Row] {
        try await transaction.query(query, as: type, file: file, line: line)
    }

    /// Executes one statement and waits for its result.
    public func execute(_ sql: SQL, file: String, line: Int) async throws(PostgresError) -> PostgresResult {
        try await transaction.execute(sql, file: file, line: line)
    }

    /// Executes several statements in one round trip.
    public func pipeline(_ statements: [SQL], file: String, line: Int) async throws(PostgresError) -> [PostgresResult] {
        try await transaction.pipeline(statements, file: file, line: line)
    }
}
