/// What a statement returned: a collection of rows, decoded when they are asked for.
public struct PostgresResult: Sendable, RandomAccessCollection {
    let handle: ResultHandle
    private let rows: Int

    init(_ handle: ResultHandle) {
        self.handle = handle
        rows = handle.rowCount
    }

    /// Zero.
    public var startIndex: Int { 0 }
    /// How many rows there are.
    public var endIndex: Int { rows }
    /// One row; the index must be in range.
    public subscript(position: Int) -> PostgresRow {
        precondition(position >= 0 && position < rows, "row index out of range")
        return PostgresRow(handle: handle, index: position)
    }

    /// How many rows the statement inserted, updated, deleted, or returned; 0 for statements that count none.
    public var affectedRows: Int { handle.affectedRows }
    /// The server's command tag, e.g. `UPDATE 3`.
    public var commandTag: String { handle.commandTag }
    /// The columns' names and types.
    public var columns: [(name: String, type: PostgresType)] {
        (0..<handle.columnCount).map { (handle.columnName($0), handle.columnType($0)) }
    }

    /// The rows as values of a `Decodable` type; see ``PostgresExecutor/query(_:as:_:_:)``.
    public func decode<T: Decodable>(as type: T.Type = T.self) throws(PostgresError) -> [T] {
        let plan = RowPlan(handle)
        var values: [T] = []
        values.reserveCapacity(rows)
        for row in self { values.append(try plan.decode(T.self, row)) }
        return values
    }
}
