public import Logging

/// What a worker process knows of its surroundings, read from the environment.
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `DATABASE_URL` | PostgreSQL, `postgres://user:password@host:port/database` | required to run |
/// | `AMQP_URL` | the broker, `amqp://user:password@host:port/vhost` | required to run |
/// | `MILLRACE_SCHEMA` | the worker's schema | its name, `-` as `_` |
/// | `MILLRACE_HTTP_HOST` | the address that HTTP listens at | `127.0.0.1` |
/// | `MILLRACE_HTTP_PORT` | the port that HTTP listens at; 0 takes a free one | `0` |
/// | `MILLRACE_HTTP_CONNECTIONS` | how many HTTP connections are served at once, 1 to 100,000; more wait to be accepted | `500` |
/// | `MILLRACE_HOME` | the folder that holds `workers/` and `topics/` | the current folder |
/// | `MILLRACE_LOG_LEVEL` | trace, debug, info, notice, warning, error, critical | `info` |
/// | `MILLRACE_QUEUE_TYPE` | `quorum` or `classic` | `quorum` |
/// | `MILLRACE_PARTITIONS` | over how many queues the worker's messages are spread by key, 1 to 64; see `docs/workers.md` | `1` |
/// | `MILLRACE_MAX_MESSAGE_BYTES` | how large a message that is published may be, 1,000 to 16,000,000 | `1000000` |
/// | `MILLRACE_DRAIN_SECONDS` | how long a shutdown may take, 1 to 3600 | `30` |
/// | `MILLRACE_SAGA_RETENTION_DAYS` | how long a finished saga can be looked at, 1 to 3650 | `30` |
/// | `MILLRACE_SUPERVISED` | `1`: shut down when standard input ends | off |
public struct WorkerSettings: Sendable {
    /// The environment, complete, for a worker's own variables.
    public let environment: [String: String]
    /// The worker's schema in the database.
    public var schema: String
    /// Where HTTP listens.
    public var httpHost: String
    /// Where HTTP listens; 0 takes a free port.
    public var httpPort: Int
    /// How many HTTP connections are served at once. Each is an open file, of which a process often may have 1,024.
    public var httpConnections: Int
    /// The folder that holds `workers/` and `topics/`.
    public var home: String
    /// The lowest level that is logged.
    public var logLevel: Logger.Level
    /// How long a shutdown may take.
    public var drain: Duration
    /// Over how many queues the worker's messages are spread by their key.
    public var partitions: Int
    /// How large a message that is published may be, in bytes.
    public var maximumMessageBytes: Int
    /// Whether the end of standard input means that the parent is gone and the worker must go too.
    public var isSupervised: Bool

    /// Reads the environment.
    /// - Throws: ``SettingsError`` that names the variable.
    public init(worker: String, environment: [String: String]) throws(SettingsError) {
        self.environment = environment
        schema = environment["MILLRACE_SCHEMA"] ?? String(worker.map { $0 == "-" ? "_" : $0 })
        httpHost = environment["MILLRACE_HTTP_HOST"] ?? "127.0.0.1"
        home = environment["MILLRACE_HOME"] ?? "."
        isSupervised = environment["MILLRACE_SUPERVISED"] == "1"
        httpPort = 0
        httpConnections = 500
        logLevel = .info
        drain = .seconds(30)
        maximumMessageBytes = 1_000_000
        partitions = 1
        httpPort = try integer("MILLRACE_HTTP_PORT", default: 0, in: 0...65_535)
        httpConnections = try integer("MILLRACE_HTTP_CONNECTIONS", default: httpConnections, in: 1...100_000)
        maximumMessageBytes = try integer("MILLRACE_MAX_MESSAGE_BYTES", default: maximumMessageBytes, in: 1_000...16_000_000)
        drain = .seconds(try integer("MILLRACE_DRAIN_SECONDS", default: 30, in: 1...3600))
        partitions = try integer("MILLRACE_PARTITIONS", default: 1, in: 1...64)
        if let text = environment["MILLRACE_LOG_LEVEL"] {
            guard let level = Logger.Level(rawValue: text.lowercased()) else {
                let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw SettingsError("MILLRACE_LOG_LEVEL must be one of \(levels), not '\(text)'")
            }
            logLevel = level
        }
        if let type = environment["MILLRACE_QUEUE_TYPE"], type != "quorum", type != "classic" {
            throw SettingsError("MILLRACE_QUEUE_TYPE must be quorum or classic, not '\(type)'")
        }
        if schema.isEmpty { throw SettingsError("MILLRACE_SCHEMA must not be empty") }
    }

    /// A whole number of the environment.
    /// - Throws: ``SettingsError`` if it is no number, or out of range.
    public func integer(
        _ name: String, default fallback: Int, in range: ClosedRange<Int> = 0...Int.max
    ) throws(SettingsError) -> Int {
        guard let text = environment[name], !text.isEmpty else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            let bounds = "from \(range.lowerBound) to \(range.upperBound)"
            throw SettingsError("\(name) must be a whole number \(bounds), not '\(text)'")
        }
        return value
    }

    /// Where the worker's own migrations lie.
    func migrationsFolder(worker: String) -> String { "\(home)/workers/\(worker)/migrations" }
}

/// A variable of the environment is missing or makes no sense.
public struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, naming the variable, never quoting a secret.
    public let description: String

    /// Creates an error.
    public init(_ description: String) {
        self.description = description
    }
}
