/// One column of a ``Table``: which property it is, and what it is called in the database.
public struct Column<Root: Sendable>: Sendable {
    let path: any PartialKeyPath<Root> & Sendable
    let name: String
    let type: PostgresType
    /// The database makes the value; inserts leave the column out.
    let isGenerated: Bool
    let isOptional: Bool
    /// The property of a row as a bound parameter.
    let bind: @Sendable (Root) -> SQL

    /// A column whose property can be bound as it is.
    ///
    /// - Parameters:
    ///   - path: the property.
    ///   - name: the column's name, unquoted.
    ///   - generated: whether the database makes the value (identity, `GENERATED`); such a
    ///     column is read but not inserted.
    public init<Value: PostgresEncodable>(
        _ path: any KeyPath<Root, Value> & Sendable, _ name: String, generated: Bool = false
    ) {
        self.path = path
        self.name = name
        type = Value.postgresType
        isGenerated = generated
        isOptional = Value.self is any OptionalValue.Type
        bind = { "\($0[keyPath: path])" }
    }

    /// A `jsonb` column: the property is written as JSON (dates as ISO 8601) and read back by
    /// its `Decodable` conformance. `nil` is written as NULL.
    public static func json<Value: Encodable & SendableMetatype>(
        _ path: any KeyPath<Root, Value> & Sendable, _ name: String
    ) -> Column {
        Column(path: path, name: name) { row in
            do throws(PostgresError) {
                let json = try PostgresJSON(encoding: row[keyPath: path])
                return json.text == "null" ? "NULL" : "\(json)"
            } catch {
                return .failing(error)
            }
        }
    }

    private init(path: any PartialKeyPath<Root> & Sendable, name: String, bind: @escaping @Sendable (Root) -> SQL) {
        self.path = path
        self.name = name
        type = .jsonb
        isGenerated = false
        isOptional = false
        self.bind = bind
    }
}

/// Tells optionals from other values.
protocol OptionalValue {}
extension Optional: OptionalValue {}
