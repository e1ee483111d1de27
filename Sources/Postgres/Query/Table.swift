/// A `Codable` type whose values are the rows of one table or view, for typed queries.
///
/// ```swift
/// struct OrderSummary: Table {
///     var id: UUID
///     var customerID: String
///     var createdAt: Date
///
///     static let table = "order_summary"
///     static let columns: Columns<Self> = [
///         .init(\.id, "id"), .init(\.customerID, "customer_id"), .init(\.createdAt, "created_at"),
///     ]
/// }
///
/// let page = try await db.select(OrderSummary.self)
///     .where(\.customerID == customer).order(by: \.createdAt, .descending).limit(20).all()
/// ```
///
/// Rows are read by the type's `Decodable` conformance, which finds the columns by their names
/// in snake case (`customerID` reads `customer_id`), and written through the key paths.
/// A key path that is not listed makes the statement fail with a `PostgresError` of code
/// `.usage`; it never crashes.
public protocol Table: Codable, Sendable {
    /// The name of the table or view.
    static var table: String { get }
    /// The schema, or `nil` (the default) for the one the connection's search path finds.
    static var schema: String? { get }
    /// The columns that are read and written.
    static var columns: Columns<Self> { get }
}

extension Table {
    /// No schema: the search path decides.
    public static var schema: String? { nil }

    /// The quoted name of the table.
    static var target: SQL {
        if let schema { "\(identifier: schema).\(identifier: table)" } else { "\(identifier: table)" }
    }
}

/// The columns of a ``Table``, in the order in which they are selected and inserted.
public struct Columns<Root: Sendable>: Sendable, ExpressibleByArrayLiteral {
    let all: [Column<Root>]

    /// The columns as a literal: `[.init(\.id, "id"), …]`.
    public init(arrayLiteral elements: Column<Root>...) { all = elements }

    /// The columns from a list made elsewhere.
    public init(_ columns: [Column<Root>]) { all = columns }

    /// The column that `path` names; `nil` if none does.
    func column(for path: PartialKeyPath<Root>) -> Column<Root>? {
        all.first { $0.path == path }
    }
}

extension Table {
    /// The quoted name of the column of `path`, or a piece of SQL that fails when executed.
    static func name(of path: PartialKeyPath<Self>) -> SQL {
        guard let column = columns.column(for: path) else { return .failing(unknown(path)) }
        return "\(identifier: column.name)"
    }

    static func unknown(_ path: PartialKeyPath<Self>) -> PostgresError {
        .usage("\(path) is not a column of \(Self.self); add it to \(Self.self).columns")
    }

    /// The quoted names of all columns.
    static var selection: SQL {
        guard !columns.all.isEmpty else { return .failing(.usage("\(Self.self).columns is empty")) }
        return columns.all.map { "\(identifier: $0.name)" as SQL }.joined(separator: ", ")
    }
}

extension SQL {
    /// A piece that fails when it is executed, so that queries can be put together without `try`.
    static func failing(_ error: PostgresError) -> SQL {
        var sql = SQL()
        sql.failure = error
        return sql
    }
}

extension PostgresError {
    /// An error of code `.usage`.
    static func usage(_ message: String, file: String = #fileID, line: Int = #line) -> PostgresError {
        PostgresError(code: .usage, message: message, file: file, line: line)
    }
}
