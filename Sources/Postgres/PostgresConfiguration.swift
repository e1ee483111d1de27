/// Where the database is and how to use it.
public struct PostgresConfiguration: Sendable {
    /// The role to log in as.
    public var user: String
    /// Its password; never part of ``description`` or of an error.
    public var password: String?
    /// The database.
    public var database: String
    /// A host name, an address, or the folder of a Unix socket when it starts with `/`.
    public var host: String
    /// The TCP port, or the number in the name of the socket.
    public var port: Int
    /// The schemas to search, e.g. `orders` or `orders, public`; the server's default when nil.
    public var searchPath: String?
    /// The name shown in `pg_stat_activity`.
    public var applicationName: String?
    /// How long opening a connection may take, all of it.
    public var connectTimeout: Duration = .seconds(10)
    /// After this the server cancels a statement (error code `timeout`); no limit when nil.
    public var statementTimeout: Duration?
    /// Whether and how TLS is used.
    public var sslMode: SSLMode = .prefer
    /// A file of certificates to trust (PEM); needed for `verify-ca` and `verify-full` unless it is `system` (libpq 16).
    public var sslRootCert: String?
    /// The client's certificate (PEM).
    public var sslCert: String?
    /// The client's key (PEM).
    public var sslKey: String?
    /// More server options for the start of a connection, as `-c name=value …`.
    public var options: String?
    /// More libpq connection keywords (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS).
    public var parameters: [String: String] = [:]
    /// Whether ``SQL/init(unsafe:)`` may be executed.
    public var allowRawSQL = false
    /// How many prepared statements a connection keeps; the least recently used is closed first.
    public var statementCacheSize = 256
    /// The limits of the pool.
    public var pool = PoolConfiguration()

    /// How TLS is used, as libpq's `sslmode`.
    public enum SSLMode: String, Sendable, CaseIterable {
        /// Never.
        case disable
        /// When the server wants it.
        case allow
        /// When the server offers it (default).
        case prefer
        /// Always, without checking who the server is.
        case require
        /// Always, with a certificate signed by a trusted authority.
        case verifyCA = "verify-ca"
        /// Always, with a trusted certificate that names the host.
        case verifyFull = "verify-full"
    }

    /// The limits of a pool of connections.
    public struct PoolConfiguration: Sendable {
        /// Connections that are kept open while ``PostgresClient/run()`` runs.
        public var minimum = 1
        /// Connections that are open at most.
        public var maximum = 8
        /// How long a caller waits for a connection.
        public var acquireTimeout: Duration = .seconds(10)
        /// How long a caller waits while the server cannot be reached at all and no connection is open; a restart of the server
        /// that is shorter is not noticed. The error then has code `connectionFailed`.
        public var unreachableTimeout: Duration = .seconds(3)
        /// After this time unused a connection above the minimum is closed.
        public var idleTimeout: Duration = .seconds(300)
        /// After this time a connection is closed when it is next unused; no limit when nil.
        public var maxLifetime: Duration? = .seconds(3600)
        /// A connection unused for this long is asked for a sign of life before it is handed out.
        public var pingAfterIdle: Duration = .seconds(30)

        /// The defaults.
        public init() {}
    }

    /// A configuration from its parts.
    public init(
        host: String = "127.0.0.1", port: Int = 5432, user: String, password: String? = nil, database: String
    ) {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.database = database
    }
}

extension PostgresConfiguration: CustomStringConvertible {
    /// The target of the connection, without the password.
    public var description: String {
        "\(user)@\(host.hasPrefix("/") ? "[\(host)]" : host):\(port)/\(database)" + (searchPath.map { " (\($0))" } ?? "")
    }
}
