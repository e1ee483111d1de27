extension SQL: ExpressibleByStringInterpolation {
    /// A literal without interpolations. `StaticString` keeps text made at run time out: only the compiler can make one from a
    /// literal.
    public init(stringLiteral value: StaticString) { self.init(text: value.description) }

    /// A literal with interpolations.
    public init(stringInterpolation: StringInterpolation) { self = stringInterpolation.sql }

    /// Collects the pieces of an interpolated literal.
    public struct StringInterpolation: StringInterpolationProtocol {
        /// Literal pieces are static, so that a run-time string can only ever be bound.
        public typealias StringLiteralType = StaticString

        var sql: SQL

        /// Called by the compiler.
        public init(literalCapacity: Int, interpolationCount: Int) {
            sql = SQL()
            sql.text.reserveCapacity(literalCapacity + 3 * interpolationCount)
            sql.marks.reserveCapacity(interpolationCount)
            sql.parameters.reserveCapacity(interpolationCount)
        }

        /// Appends text of the source code.
        public mutating func appendLiteral(_ literal: StaticString) {
            guard literal.hasPointerRepresentation else {
                sql.text += literal.description
                return
            }
            sql.text += literal.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
        }

        /// Binds a value as the next parameter.
        public mutating func appendInterpolation<T: PostgresEncodable>(_ value: T) { sql.bind(value) }

        /// Binds a value or NULL as the next parameter. (The compiler warns about an optional in an interpolation unless a method
        /// asks for one by name.)
        public mutating func appendInterpolation<T: PostgresEncodable>(_ value: T?) { sql.bind(value) }

        /// Splices another piece of SQL with its parameters.
        public mutating func appendInterpolation(_ fragment: SQL) { sql.append(fragment) }

        /// Inserts a quoted identifier (`"order"`), with quotes inside it doubled. An empty one, or one with a NUL character,
        /// makes the execution fail with ``PostgresError/Code/encoding``.
        public mutating func appendInterpolation(identifier: String) { sql.append(identifier: identifier) }
    }
}
