/// What rows of a ``Table`` have to satisfy: comparisons of its key paths, put together with
/// `&&`, `||` and `!`. Values are always bound as parameters.
///
/// ```swift
/// \.status == .confirmed && \.totalCents >= 1000 && !.isNull(\.paidAt)
/// ```
public struct Condition<Root: Table>: Sendable {
    /// The condition as SQL; columns are qualified with the alias `t`.
    let sql: SQL

    init(_ sql: SQL) { self.sql = sql }

    /// A condition in SQL, for what the operators cannot say. The row is called `t`:
    /// `.sql("t.tags @> \(tags)")`.
    public static func sql(_ sql: SQL) -> Condition { Condition("(\(sql))") }

    /// Both hold.
    public static func && (lhs: Condition, rhs: Condition) -> Condition { Condition("(\(lhs.sql) AND \(rhs.sql))") }

    /// At least one holds.
    public static func || (lhs: Condition, rhs: Condition) -> Condition { Condition("(\(lhs.sql) OR \(rhs.sql))") }

    /// It does not hold. A row for which the condition is unknown, because a column is NULL,
    /// satisfies neither the condition nor its opposite.
    public static prefix func ! (condition: Condition) -> Condition { Condition("(NOT \(condition.sql))") }

    /// The column has one of the values; none if `values` is empty.
    public static func `in`<Value: PostgresEncodable & PostgresArrayElement>(
        _ column: KeyPath<Root, Value>, _ values: some Sequence<Value>
    ) -> Condition {
        Condition("t.\(Root.name(of: column)) = ANY(\(Array(values)))")
    }

    /// The optional column has one of the values; none if `values` is empty.
    public static func `in`<Value: PostgresEncodable & PostgresArrayElement>(
        _ column: KeyPath<Root, Value?>, _ values: some Sequence<Value>
    ) -> Condition {
        Condition("t.\(Root.name(of: column)) = ANY(\(Array(values)))")
    }

    /// The column is NULL.
    public static func isNull<Value>(_ column: KeyPath<Root, Value?>) -> Condition {
        Condition("t.\(Root.name(of: column)) IS NULL")
    }

    /// The column matches a pattern of `LIKE`: `%` stands for any text, `_` for one character,
    /// `\` escapes. Use ``escaped(_:)`` for text that is to be taken literally.
    public static func like(_ column: KeyPath<Root, String>, _ pattern: String, ignoringCase: Bool = false) -> Condition {
        Condition.like(Root.name(of: column), pattern, ignoringCase)
    }

    /// The optional column matches a pattern of `LIKE`.
    public static func like(_ column: KeyPath<Root, String?>, _ pattern: String, ignoringCase: Bool = false) -> Condition {
        Condition.like(Root.name(of: column), pattern, ignoringCase)
    }

    private static func like(_ column: SQL, _ pattern: String, _ ignoringCase: Bool) -> Condition {
        ignoringCase ? Condition("t.\(column) ILIKE \(pattern)") : Condition("t.\(column) LIKE \(pattern)")
    }

    /// `text` with the special characters of `LIKE` escaped.
    public static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            if character == "%" || character == "_" || character == "\\" { result.append("\\") }
            result.append(character)
        }
        return result
    }
}

/// The column equals the value; with `nil` the column is NULL.
public func == <Root: Table, Value: PostgresEncodable>(column: KeyPath<Root, Value>, value: Value) -> Condition<Root> {
    let name = Root.name(of: column)
    return value.isPostgresNull ? Condition("t.\(name) IS NULL") : Condition("t.\(name) = \(value)")
}

/// The column differs from the value. NULL counts as a value of its own, as `nil` does in Swift.
public func != <Root: Table, Value: PostgresEncodable>(column: KeyPath<Root, Value>, value: Value) -> Condition<Root> {
    let name = Root.name(of: column)
    if value.isPostgresNull { return Condition("t.\(name) IS NOT NULL") }
    return Value.self is any OptionalValue.Type
        ? Condition("t.\(name) IS DISTINCT FROM \(value)") : Condition("t.\(name) <> \(value)")
}

/// The column is less than the value; never for NULL.
public func < <Root: Table, Value: PostgresEncodable>(column: KeyPath<Root, Value>, value: Value) -> Condition<Root> {
    Condition("t.\(Root.name(of: column)) < \(value)")
}

/// The column is at most the value; never for NULL.
public func <= <Root: Table, Value: PostgresEncodable>(column: KeyPath<Root, Value>, value: Value) -> Condition<Root> {
    Condition("t.\(Root.name(of: column)) <= \(value)")
}

/// The column is greater than the value; never for NULL.
public func > <Root: Table, Value: PostgresEncodable>(column: KeyPath<Root, Value>, value: Value) -> Condition<Root> {
    Condition("t.\(Root.name(of: column)) > \(value)")
}

/// The column is at least the value; never for NULL.
public func >= <Root: Table, Value: PostgresEncodable>(column: KeyPath<Root, Value>, value: Value) -> Condition<Root> {
    Condition("t.\(Root.name(of: column)) >= \(value)")
}
