/// A change of rows of one table; made by ``PostgresExecutor/update(_:)``.
///
/// ```swift
/// try await db.update(Product.self)
///     .increment(\.available, by: -quantity).set(\.updatedAt, to: .now)
///     .where(\.id == product && \.available >= quantity).run()
/// ```
public struct Update<Root: Table>: Sendable {
    let executor: any PostgresExecutor
    private var assignments: [SQL] = []
    private var scope = Scope<Root>()

    init(executor: any PostgresExecutor) { self.executor = executor }

    /// Sets a column to a value.
    public func set<Value: PostgresEncodable>(_ column: KeyPath<Root, Value>, to value: Value) -> Update {
        assigning("\(Root.name(of: column)) = \(value)")
    }

    /// Adds an amount, which may be negative, to a column.
    public func increment<Value: PostgresEncodable & Numeric>(
        _ column: KeyPath<Root, Value>, by amount: Value
    ) -> Update {
        let name = Root.name(of: column)
        return assigning("\(name) = t.\(name) + \(amount)")
    }

    private func assigning(_ assignment: SQL) -> Update {
        var copy = self
        copy.assignments.append(assignment)
        return copy
    }

    /// Changes only rows that satisfy `condition`; several calls must all hold.
    public func `where`(_ condition: Condition<Root>) -> Update {
        var copy = self
        copy.scope.add(condition)
        return copy
    }

    /// Changes all rows. Without this and without a condition the update is an error of code
    /// `.usage`, because a forgotten condition is the likelier reading.
    public func everyRow() -> Update {
        var copy = self
        copy.scope.isEveryRow = true
        return copy
    }

    /// The statement that ``run(file:line:)`` executes; also for `enqueue` of a transaction.
    public var statement: SQL {
        guard !assignments.isEmpty else { return .failing(.usage("the update of \(Root.self) sets no column")) }
        return "UPDATE \(Root.target) AS t SET \(assignments.joined(separator: ", "))\(scope.sql)"
    }

    /// Executes the update.
    ///
    /// - Returns: how many rows were changed.
    @discardableResult
    public func run(file: String = #fileID, line: Int = #line) async throws(PostgresError) -> Int {
        try await executor.execute(statement, file: file, line: line).affectedRows
    }

    /// Executes the update and returns the rows as they are after it.
    public func returning(file: String = #fileID, line: Int = #line) async throws(PostgresError) -> [Root] {
        let returning = statement + " RETURNING \(Root.selection)"
        return try await executor.query(returning, as: Root.self, file: file, line: line)
    }
}

/// Which rows a change touches.
struct Scope<Root: Table>: Sendable {
    private var condition: Condition<Root>?
    var isEveryRow = false

    mutating func add(_ more: Condition<Root>) {
        condition = condition.map { $0 && more } ?? more
    }

    var sql: SQL {
        if let condition { return " WHERE \(condition.sql)" }
        return isEveryRow
            ? "" : .failing(.usage("no condition: call where(_:), or everyRow() if all rows of \(Root.self) are meant"))
    }
}
