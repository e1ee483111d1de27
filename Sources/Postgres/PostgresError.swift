/// What went wrong between this process and PostgreSQL.
///
/// An error says what failed (`code`), what the server said about it (`sqlState`, `detail`, `constraint` …) and
/// where in the calling code it was asked for (`file`, `line`); see ``Fields``. It never holds a password or the value of a bound parameter.
@dynamicMemberLookup
public struct PostgresError: Error, Sendable {
    /// The kind of failure. More kinds may come; compare with `==` and keep a default branch.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private let name: String
        private init(_ name: String) { self.name = name }

        /// No connection could be made: unreachable, refused, wrong credentials, failed TLS verification.
        public static let connectionFailed = Code("connectionFailed")
        /// A connection that had been open is gone; whether a statement in flight took effect is not known.
        public static let connectionClosed = Code("connectionClosed")
        /// No connection of the pool became free in time. ``Fields/underlying`` says why when the server is unreachable.
        public static let poolTimeout = Code("poolTimeout")
        /// The pool has been closed.
        public static let poolClosed = Code("poolClosed")
        /// The calling task was cancelled; the statement was cancelled on the server or never sent.
        public static let cancelled = Code("cancelled")
        /// The statement ran longer than the configured statement timeout, or an answer did not come in time.
        public static let timeout = Code("timeout")
        /// The server refused the statement; see ``Fields/sqlState``.
        public static let server = Code("server")
        /// The statement was not run, because an earlier one of the same transaction or pipeline failed;
        /// ``Fields/underlying`` is that failure.
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

    /// What an error says; each field is read and set on the error itself, as in `error.sqlState`.
    public struct Fields: Sendable {
        /// The kind of failure.
        public var code: Code
        /// One sentence for people, without secrets.
        public var message: String
        /// The five characters of SQLSTATE, when the server answered
        /// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
        public var sqlState: String?
        /// The server's detail message, e.g. the key that violates a constraint. May hold data of the row.
        public var detail: String?
        /// The server's hint.
        public var hint: String?
        /// The violated constraint.
        public var constraint: String?
        /// The table the server names.
        public var table: String?
        /// The column the server or the decoder names.
        public var column: String?
        /// The function of the server that found the error. Unlike messages it is never translated.
        public var routine: String?
        /// The text of the statement with its placeholders, never with values.
        public var query: String?
        /// Where in ``query`` the server found the error, in characters from 1.
        public var position: Int?
        /// The error beneath this one.
        public var underlying: (any Error)?
        /// The file that asked for what failed (`#fileID`).
        public var file: String
        /// The line in ``file``.
        public var line: Int
    }

    /// The fields live in one heap object, so that `throws(PostgresError)` passes a single word around.
    private final class Box: Sendable {
        let fields: Fields
        init(_ fields: Fields) { self.fields = fields }
    }

    private var box: Box

    /// Makes an error. `file` and `line` default to the place of the call.
    public init(
        code: Code, message: String, sqlState: String? = nil, detail: String? = nil, hint: String? = nil,
        constraint: String? = nil, table: String? = nil, column: String? = nil, routine: String? = nil, query: String? = nil,
        position: Int? = nil, underlying: (any Error)? = nil, file: String = #fileID, line: Int = #line
    ) {
        box = Box(
            Fields(
                code: code, message: message, sqlState: sqlState, detail: detail, hint: hint, constraint: constraint,
                table: table, column: column, routine: routine, query: query, position: position, underlying: underlying,
                file: file, line: line))
    }

    /// A field of the error.
    public subscript<Value>(dynamicMember field: WritableKeyPath<Fields, Value>) -> Value {
        get { box.fields[keyPath: field] }
        set {
            var fields = box.fields
            fields[keyPath: field] = newValue
            box = Box(fields)
        }
    }
}
