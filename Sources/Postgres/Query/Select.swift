/// A typed query for rows of one table; made by ``PostgresExecutor/select(_:)``.
///
/// Each call returns a changed copy. Nothing is sent before ``all(file:line:)``,
/// ``first(file:line:)``, ``count(file:line:)`` or ``exists(file:line:)``.
public struct Select<Root: Table>: Sendable {
    /// Which way rows are sorted.
    public enum Direction: Sendable {
        /// Smallest first, NULL last.
        case ascending
        /// Largest first, NULL first.
        case descending
    }

    /// What to do with rows that are read in order to be changed; only in a transaction.
    public enum Lock: Sendable {
        /// Locks them until the end of the transaction, waiting for those that others have locked.
        case forUpdate
        /// Locks them, leaving out those that others have locked.
        case forUpdateSkippingLocked
    }

    let executor: any PostgresExecutor
    private var condition: Condition<Root>?
    private var orders: [Order<Root>] = []
    private var cursor: KeysetCursor<Root>?
    private var limit: Int?
    private var lock: Lock?

    init(executor: any PostgresExecutor) { self.executor = executor }

    /// Only rows that satisfy `condition`; several calls must all hold.
    public func `where`(_ condition: Condition<Root>) -> Select {
        var copy = self
        copy.condition = self.condition.map { $0 && condition } ?? condition
        return copy
    }

    /// Sorts by a column; the next call sorts rows that are equal in it.
    public func order<Value>(by column: KeyPath<Root, Value>, _ direction: Direction = .ascending) -> Select {
        var copy = self
        copy.orders.append(Order(name: Root.name(of: column), column: Root.columns.column(for: column), direction: direction))
        return copy
    }

    /// At most `count` rows; a negative number is an error of code `.usage`.
    public func limit(_ count: Int) -> Select {
        var copy = self
        copy.limit = count
        return copy
    }

    /// Only rows behind `row` in the order of the query: the next page after the one that ended
    /// with it. Unlike an offset it costs the same for each page, and rows that are inserted
    /// meanwhile are neither repeated nor skipped.
    ///
    /// The columns of the order must together be unique and not optional; end with the key.
    public func after(_ row: Root) -> Select {
        var copy = self
        copy.cursor = .row(row)
        return copy
    }

    /// Only rows behind the given values of the columns of the order, one for each `order(by:)`:
    /// for a cursor that came from outside. See ``after(_:)``.
    public func after(values first: any PostgresEncodable, _ more: any PostgresEncodable...) -> Select {
        var copy = self
        copy.cursor = .values([first] + more)
        return copy
    }

    /// Locks the rows that are read.
    public func locked(_ lock: Lock = .forUpdate) -> Select {
        var copy = self
        copy.lock = lock
        return copy
    }

    /// The statement that ``all(file:line:)`` executes.
    public var statement: SQL {
        var sql: SQL = "SELECT \(Root.selection) FROM \(Root.target) AS t"
        let behind = cursor.map { $0.condition(orders) }
        let conditions = [condition?.sql, behind].compactMap { $0 }
        if !conditions.isEmpty { sql += " WHERE \(conditions.joined(separator: " AND "))" }
        if !orders.isEmpty { sql += " ORDER BY \(orders.map(\.sql).joined(separator: ", "))" }
        if let limit {
            sql += limit >= 0 ? " LIMIT \(limit)" : .failing(.usage("the limit \(limit) is negative"))
        }
        switch lock {
        case .forUpdate: sql += " FOR UPDATE"
        case .forUpdateSkippingLocked: sql += " FOR UPDATE SKIP LOCKED"
        case nil: break
        }
        return sql
    }

    /// All rows, in the order of the query.
    public func all(file: String = #fileID, line: Int = #line) async throws(PostgresError) -> [Root] {
        try await executor.query(statement, as: Root.self, file: file, line: line)
    }

    /// The first row, or `nil`.
    public func first(file: String = #fileID, line: Int = #line) async throws(PostgresError) -> Root? {
        try await limit(min(limit ?? 1, 1)).all(file: file, line: line).first
    }

    /// How many rows satisfy the conditions; order, page and limit do not matter.
    public func count(file: String = #fileID, line: Int = #line) async throws(PostgresError) -> Int {
        var sql: SQL = "SELECT count(*) FROM \(Root.target) AS t"
        if let condition { sql += " WHERE \(condition.sql)" }
        let result = try await executor.execute(sql, file: file, line: line)
        return try result[0].decode(Int.self, at: 0)
    }

    /// Whether any row satisfies the conditions.
    public func exists(file: String = #fileID, line: Int = #line) async throws(PostgresError) -> Bool {
        var sql: SQL = "SELECT EXISTS (SELECT FROM \(Root.target) AS t"
        if let condition { sql += " WHERE \(condition.sql)" }
        sql += ")"
        let result = try await executor.execute(sql, file: file, line: line)
        return try result[0].decode(Bool.self, at: 0)
    }
}

/// One column of `ORDER BY`.
struct Order<Root: Table>: Sendable {
    /// The quoted name, or what fails because there is no such column.
    let name: SQL
    let column: Column<Root>?
    let direction: Select<Root>.Direction

    var sql: SQL {
        switch direction {
        case .ascending: "t.\(name)"
        case .descending: "t.\(name) DESC"
        }
    }
}
