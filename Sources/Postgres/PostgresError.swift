/// What went wrong between this process and PostgreSQL.
///
/// An error says what failed (``code``), what the server said about it (``sqlState``, ``detail``, ``constraint`` …) and
/// where in the calling code it was asked for (``file``, ``line``). It never holds a password or the value of a bound parameter.
public struct PostgresError: Error, Sendable {
    /// The kind of failure. More kinds may come; compare with `==` and keep a default branch.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private let name: String
        private init(_ name: String) { self.name = name }

        /// No connection could be made: unreachable, refused, wrong credentials, failed TLS verification.
        public static let connectionFailed = Code("connectionFailed")
        /// A connection that had been open is gone; whether a statement in flight took effect is not known.
        public static let connectionClosed = Code("connectionClosed")
        /// No connection of the pool became free in time. ``PostgresError/underlying`` says why when the server is unreachable.
        public static let poolTimeout = Code("poolTimeout")
        /// The pool has been closed.
        public static let poolClosed = Code("poolClosed")
        /// The calling task was cancelled; the statement was cancelled on the server or never sent.
        public static let cancelled = Code("cancelled")
        /// The statement ran longer than the configured statement timeout, or an answer did not come in time.
        public static let timeout = Code("timeout")
        /// The server refused the statement; see ``PostgresError/sqlState``.
        public static let server = Code("server")
        /// The statement was not run, because an earlier one of the same transaction or pipeline failed;
        /// ``PostgresError/underlying`` is that failure.
        public static let aborted = Code("aborted")
        /// A value from the server cannot become the wanted Swift type.
        public static let decoding = Code("decoding")
        /// A Swift value cannot be sent as a parameter.
        public static let encoding = Code("encoding")
        /// The library was used in a way that cannot work.
        public static let usage = Code("usage")
        /// Raw SQL text was executed although the configuration does not allow it.
        public static let rawSQLForbidden = Code("rawSQLForbidden")
        /// A schema migration was refused or failed.
        public static let migration = Code("migration")

        /// The name of the code, for logs.
        public var description: String { name }
    }

    private struct Fields: Sendable {
        var code: Code
        var message: String
        var sqlState: String?
        var detail: String?
        var hint: String?
        var constraint: String?
        var table: String?
        var column: String?
        var query: String?
        var position: Int?
        var underlying: (any Error)?
        var file: String
        var line: Int
    }

    /// The fields live in one heap object, so that `throws(PostgresError)` passes a single word around.
    private final class Box: Sendable {
        let fields: Fields
        init(_ fields: Fields) { self.fields = fields }
    }

    private var box: Box

    private mutating func modify(_ change: (inout Fields) -> Void) {
        var fields = box.fields
        change(&fields)
        box = Box(fields)
    }

    /// Makes an error. `file` and `line` default to the place of the call.
    public init(
        code: Code, message: String, sqlState: String? = nil, detail: String? = nil, hint: String? = nil,
        constraint: String? = nil, table: String? = nil, column: String? = nil, query: String? = nil,
        position: Int? = nil, underlying: (any Error)? = nil, file: String = #fileID, line: Int = #line
    ) {
        box = Box(
            Fields(
                code: code, message: message, sqlState: sqlState, detail: detail, hint: hint, constraint: constraint,
                table: table, column: column, query: query, position: position, underlying: underlying, file: file,
                line: line))
    }

    /// The kind of failure.
    public var code: Code {
        get { box.fields.code }
        set { modify { $0.code = newValue } }
    }
    /// One sentence for people, without secrets.
    public var message: String {
        get { box.fields.message }
        set { modify { $0.message = newValue } }
    }
    /// The five characters of SQLSTATE, when the server answered
    /// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
    public var sqlState: String? {
        get { box.fields.sqlState }
        set { modify { $0.sqlState = newValue } }
    }
    /// The server's detail message, e.g. the key that violates a constraint. May hold data of the row.
    public var detail: String? {
        get { box.fields.detail }
        set { modify { $0.detail = newValue } }
    }
    /// The server's hint.
    public var hint: String? {
        get { box.fields.hint }
        set { modify { $0.hint = newValue } }
    }
    /// The violated constraint.
    public var constraint: String? {
        get { box.fields.constraint }
        set { modify { $0.constraint = newValue } }
    }
    /// The table the server names.
    public var table: String? {
        get { box.fields.table }
        set { modify { $0.table = newValue } }
    }
    /// The column the server or the decoder names.
    public var column: String? {
        get { box.fields.column }
        set { modify { $0.column = newValue } }
    }
    /// The text of the statement with its placeholders, never with values.
    public var query: String? {
        get { box.fields.query }
        set { modify { $0.query = newValue } }
    }
    /// Where in ``query`` the server found the error, in characters from 1.
    public var position: Int? {
        get { box.fields.position }
        set { modify { $0.position = newValue } }
    }
    /// The error beneath this one.
    public var underlying: (any Error)? {
        get { box.fields.underlying }
        set { modify { $0.underlying = newValue } }
    }
    /// The file that asked for what failed (`#fileID`).
    public var file: String {
        get { box.fields.file }
        set { modify { $0.file = newValue } }
    }
    /// The line in ``file``.
    public var line: Int {
        get { box.fields.line }
        set { modify { $0.line = newValue } }
    }
}
