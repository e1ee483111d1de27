extension PostgresConfiguration {
    /// Reads a connection URL: `postgres://user:password@host:port/database?name=value&…`.
    ///
    /// User, password, host and database may be percent-encoded. Of the parameters, `host` (also a socket folder), `port`, `user`,
    /// `password`, `dbname`, `sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `options`, `application_name`, `search_path`,
    /// `connect_timeout` (seconds) and `statement_timeout` (milliseconds) have a meaning here; others go to libpq as they are.
    /// - Throws: code `usage`; the message never holds the URL, because that has the password.
    public init(url: String) throws(PostgresError) {
        var parser = PostgresURL(url)
        let parts = try parser.parse()
        self.init(
            host: parts.host ?? "127.0.0.1", port: parts.port ?? 5432, user: parts.user ?? "postgres", password: parts.password,
            database: parts.database ?? parts.user ?? "postgres")
        for (name, value) in parts.parameters { try apply(name, value) }
    }

    /// Makes unqualified names those of one schema, whatever letters its name has.
    public mutating func setSchema(_ name: String) { searchPath = "\"" + name.replacing("\"", with: "\"\"") + "\"" }

    /// The same URL with another login, database or search path; whatever is nil stays as it is.
    ///
    /// This is how the URL of an administrator becomes that of a worker's role. Parameters that say the same thing in another
    /// way (`?user=`, `?dbname=` …) are dropped, so that they do not win over the new value. A password belongs to its user: with a
    /// new `user` and no `password` the URL has none.
    /// - Throws: code `usage` if it is no PostgreSQL URL; the message never holds the URL.
    public static func url(
        _ url: String, user: String? = nil, password: String? = nil, database: String? = nil, searchPath: String? = nil
    ) throws(PostgresError) -> String {
        var parser = PostgresURL(url)
        var parts = try parser.parse()
        if let user {
            parts.user = user
            parts.password = nil
            parts.drop("user", "password")
        }
        if let password {
            parts.password = password
            parts.drop("password")
        }
        if let database {
            parts.database = database
            parts.drop("dbname")
        }
        if let searchPath {
            parts.drop("search_path")
            parts.parameters.append(("search_path", searchPath))
        }
        return parts.url
    }

    private mutating func apply(_ name: String, _ value: String) throws(PostgresError) {
        switch name {
        case "host": host = value
        case "port": port = try PostgresURL.port(value)
        case "user": user = value
        case "password": password = value
        case "dbname": database = value
        case "sslmode":
            guard let mode = SSLMode(rawValue: value) else { throw PostgresURL.wrong("sslmode is not one of libpq's") }
            sslMode = mode
        case "sslrootcert": sslRootCert = value
        case "sslcert": sslCert = value
        case "sslkey": sslKey = value
        case "options": options = value
        case "application_name": applicationName = value
        case "search_path": searchPath = value
        case "connect_timeout":
            guard let seconds = Int(value), seconds >= 0 else { throw PostgresURL.wrong("connect_timeout is not a number") }
            if seconds > 0 { connectTimeout = .seconds(seconds) }
        case "statement_timeout":
            guard let milliseconds = Int(value), milliseconds >= 0 else {
                throw PostgresURL.wrong("statement_timeout is not a number of milliseconds")
            }
            statementTimeout = milliseconds == 0 ? nil : .milliseconds(milliseconds)
        default:
            parameters[name] = value
        }
    }
}
