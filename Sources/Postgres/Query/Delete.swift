/// A removal of rows of one table; made by ``PostgresExecutor/delete(_:)``.
public struct Delete<Root: Table>: Sendable {
    let executor: any PostgresExecutor
    private var scope = Scope<Root>()

    init(executor: any PostgresExecutor) { self.executor = executor }

    /// Removes only rows that satisfy `condition`; several calls must all hold.
    public func `where`(_ condition: Condition<Root>) -> Delete {
        var copy = self
        copy.scope.add(condition)
        return copy
    }

    /// Removes all rows. Without this and without a condition the removal is an error of code
    /// `.usage`.
    public func everyRow() -> Delete {
        var copy = self
        copy.scope.isEveryRow = true
        return copy
    }

    /// The statement that ``run(file:line:)`` executes; also for `enqueue` of a transaction.
    public var statement: SQL { "DELETE FROM \(Root.target) AS t\(scope.sql)" }

    /// Executes the removal.
    ///
    /// - Returns: how many rows were removed.
    @discardableResult
    public func run(file: String = #fileID, line: Int = #line) async throws(PostgresError) -> Int {
        try await executor.execute(statement, file: file, line: line).affectedRows
    }

    /// Executes the removal and returns the removed rows.
    public func returning(file: String = #fileID, line: Int = #line) async throws(PostgresError) -> [Root] {
        let returning = statement + " RETURNING \(Root.selection)"
        return try await executor.query(returning, as: Root.self, file: file, line: line)
    }
}
