/// One row of a result.
public struct PostgresRow: Sendable {
    let handle: ResultHandle
    /// The position in the result, from 0.
    let index: Int

    /// How many columns there are.
    public var count: Int { handle.columnCount }

    /// The value of a column, still encoded.
    /// - Throws: code `usage` when there is no such column.
    public func cell(at column: Int) throws(PostgresError) -> PostgresCell {
        guard column >= 0, column < handle.columnCount else {
            throw PostgresError(code: .usage, message: "there is no column \(column); the row has \(handle.columnCount)")
        }
        return handle.cell(row: index, column: column)
    }

    /// The value of the first column of that exact name.
    /// - Throws: code `usage` when there is no such column.
    public func cell(named name: String) throws(PostgresError) -> PostgresCell {
        guard let column = handle.columnIndex(named: name) else {
            let names = (0..<handle.columnCount).map { handle.columnName($0) }
            throw PostgresError(code: .usage, message: "there is no column \"\(name)\" among \(names)", column: name)
        }
        return handle.cell(row: index, column: column)
    }

    /// Decodes the column at an index from 0.
    public func decode<T: PostgresDecodable>(_ type: T.Type = T.self, at column: Int) throws(PostgresError) -> T {
        try T.decode(try cell(at: column))
    }

    /// Decodes the column of a name.
    public func decode<T: PostgresDecodable>(_ type: T.Type = T.self, named name: String) throws(PostgresError) -> T {
        try T.decode(try cell(named: name))
    }

    /// Decodes the first columns, in order: `let (id, name) = try row.decode(UUID.self, String.self)`.
    public func decode<each T: PostgresDecodable>(_ type: repeat (each T).Type) throws(PostgresError) -> (repeat each T) {
        var column = 0
        func next<U: PostgresDecodable>(_ type: U.Type) throws(PostgresError) -> U {
            defer { column += 1 }
            return try U.decode(try cell(at: column))
        }
        return (repeat try next((each T).self))
    }

    /// Decodes the row into a `Decodable` type; for many rows use ``PostgresResult/decode(as:)``, which plans once.
    public func decode<T: Decodable>(row type: T.Type) throws(PostgresError) -> T { try RowPlan(handle).decode(T.self, self) }
}

extension PostgresDecodable {
    /// Decodes a value or NULL.
    static func decode(_ cell: PostgresCell) throws(PostgresError) -> Self {
        if cell.isNull {
            guard let null = postgresNull else { throw cell.mismatch(Self.self) }
            return null
        }
        return try Self(cell: cell)
    }
}
