/// An insert of rows, possibly with a rule for rows that are there already; made by
/// ``PostgresExecutor/insert(_:)-(Root)`` and ``PostgresExecutor/upsert(_:on:)-(Root,_)``.
///
/// Many rows travel as one statement. Only when they have more than 65,535 values together
/// (the limit of the protocol) they are split into several, which still succeed or fail together.
public struct Insert<Root: Table>: Sendable {
    let executor: any PostgresExecutor
    private let rows: [Root]
    private let target: [SQL]
    private var assignments: [SQL] = []
    private var guards: [SQL] = []
    private let mode: Mode

    enum Mode { case plain, skipping, updating }

    init(executor: any PostgresExecutor, rows: [Root], mode: Mode, on target: [PartialKeyPath<Root>]) {
        self.executor = executor
        self.rows = rows
        self.mode = mode
        self.target = target.map(Root.name(of:))
    }

    /// On a conflict, sets only this column to the new row's value (and those of further calls).
    public func updating(_ columns: PartialKeyPath<Root>...) -> Insert {
        appending(
            columns.map { path in
                let name = Root.name(of: path)
                return "\(name) = excluded.\(name)"
            })
    }

    /// On a conflict, sets a column to a value.
    public func setting<Value: PostgresEncodable>(_ column: KeyPath<Root, Value>, to value: Value) -> Insert {
        appending(["\(Root.name(of: column)) = \(value)"])
    }

    /// On a conflict, adds the new row's value to the stored one.
    public func adding<Value: PostgresEncodable & Numeric>(_ column: KeyPath<Root, Value>) -> Insert {
        let name = Root.name(of: column)
        return appending(["\(name) = t.\(name) + excluded.\(name)"])
    }

    /// On a conflict, changes the stored row only if it satisfies `condition`.
    public func `where`(_ condition: Condition<Root>) -> Insert {
        var copy = self
        copy.guards.append(condition.sql)
        return copy
    }

    /// On a conflict, changes the stored row only if the new row has the greater value in this
    /// column: a late message does not overwrite what a newer one wrote.
    public func whenNewer<Value: PostgresEncodable>(by column: KeyPath<Root, Value>) -> Insert {
        let name = Root.name(of: column)
        var copy = self
        copy.guards.append("excluded.\(name) > t.\(name)")
        return copy
    }

    private func appending(_ more: [SQL]) -> Insert {
        var copy = self
        copy.assignments += more
        return copy
    }

    /// The statements that are executed: none without rows, one in all but extreme cases.
    public var statements: [SQL] {
        let columns = Root.columns.all.filter { !$0.isGenerated }
        guard !columns.isEmpty else { return [.failing(.usage("\(Root.self) has no column to insert"))] }
        let size = max(1, (65_535 - 1_000) / columns.count)
        return stride(from: 0, to: rows.count, by: size).map { start in
            statement(rows[start..<min(start + size, rows.count)], columns)
        }
    }

    private func statement(_ rows: ArraySlice<Root>, _ columns: [Column<Root>]) -> SQL {
        let names = columns.map { "\(identifier: $0.name)" as SQL }.joined(separator: ", ")
        var sql: SQL = "INSERT INTO \(Root.target) AS t (\(names)) VALUES "
        for (index, row) in rows.enumerated() {
            sql += index == 0 ? "(" : ", ("
            for (position, column) in columns.enumerated() {
                if position > 0 { sql += ", " }
                sql += column.bind(row)
            }
            sql += ")"
        }
        sql += conflict(columns)
        return sql
    }

    private func conflict(_ columns: [Column<Root>]) -> SQL {
        switch mode {
        case .plain:
            return assignments.isEmpty && guards.isEmpty ? "" : .failing(.usage("insert() takes no update rule; use upsert()"))
        case .skipping:
            return target.isEmpty
                ? " ON CONFLICT DO NOTHING" : " ON CONFLICT (\(target.joined(separator: ", "))) DO NOTHING"
        case .updating:
            if let failure = target.lazy.compactMap(\.failure).first { return .failing(failure) }
            var updates = assignments
            if updates.isEmpty {
                let keys = Set(target.map(\.text))
                updates = columns.map { "\(identifier: $0.name)" as SQL }.filter { !keys.contains($0.text) }
                    .map { "\($0) = excluded.\($0)" }
            }
            var sql: SQL = " ON CONFLICT (\(target.joined(separator: ", ")))"
            // Nothing but the key: the row is there, so nothing is left to do.
            guard !updates.isEmpty else { return sql + " DO NOTHING" }
            sql += " DO UPDATE SET \(updates.joined(separator: ", "))"
            if !guards.isEmpty { sql += " WHERE \(guards.joined(separator: " AND "))" }
            return sql
        }
    }

    /// Executes the insert.
    ///
    /// - Returns: how many rows were inserted or updated.
    @discardableResult
    public func run(file: String = #fileID, line: Int = #line) async throws(PostgresError) -> Int {
        try await results(statements, file, line).reduce(0) { $0 + $1.affectedRows }
    }

    /// Executes the insert and returns the stored rows, with generated values; rows that were
    /// left as they are because of a conflict are not among them.
    public func returning(file: String = #fileID, line: Int = #line) async throws(PostgresError) -> [Root] {
        let returning = statements.map { $0 + " RETURNING \(Root.selection)" }
        var rows: [Root] = []
        for result in try await results(returning, file, line) { rows += try result.decode(as: Root.self) }
        return rows
    }

    private func results(_ statements: [SQL], _ file: String, _ line: Int) async throws(PostgresError) -> [PostgresResult] {
        switch statements.count {
        case 0: []
        case 1: [try await executor.execute(statements[0], file: file, line: line)]
        default: try await executor.pipeline(statements, file: file, line: line)
        }
    }
}
