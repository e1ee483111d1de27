public import Logging

/// Brings a schema to the state that a list of migrations describes, in the Flyway manner.
///
/// What was applied is written down in a table of the schema with Flyway's layout and
/// checksums, so that Flyway can take over, and the other way round. Each migration runs in one
/// transaction together with its entry; killed at any moment, it is either applied or not.
/// Only a migration that opts out of the transaction can stop halfway: its entry is written
/// before it starts, and the next run refuses to go on and says which one it is.
///
/// Two processes that migrate at the same time take turns, by an advisory lock on the schema.
///
/// ```swift
/// let migrations = try Migration.load(directory: "workers/inventory/migrations")
/// try await Migrator(client: postgres, schema: "inventory", migrations: migrations).migrate()
/// ```
public struct Migrator: Sendable {
    /// How strict to be.
    public struct Options: Sendable {
        /// Whether a migration may be applied although a later version already is. Default: no.
        public var outOfOrder = false
        /// Whether the schema may have versions above all that are known here, because a newer
        /// release was deployed and this is an instance of the old one. Default: no.
        public var allowsNewer = false
        /// How long to wait for another process that migrates the schema. Default: 60 seconds.
        public var lockTimeout: Duration = .seconds(60)

        /// The defaults.
        public init() {}
    }

    let client: PostgresClient
    let history: MigrationHistory
    let migrations: [Migration]
    let options: Options
    let logger: Logger

    /// A migrator for one schema.
    ///
    /// - Parameters:
    ///   - client: the database. Migrating opens one more connection with the client's
    ///     configuration, without its statement timeout, and closes it at the end.
    ///   - schema: the schema to migrate; made if it is not there. Scripts run with it first in
    ///     the search path. `nil`: the first schema of the client's search path, else `public`.
    ///   - historyTable: the table of the history in that schema.
    ///   - migrations: all migrations, applied and new, in any order.
    ///   - options: how strict to be.
    ///   - logger: told about each migration that is applied.
    public init(
        client: PostgresClient, schema: String? = nil, historyTable: String = "flyway_schema_history", migrations: [Migration],
        options: Options = .init(), logger: Logger = Logger(label: "millrace.migrations")
    ) {
        self.client = client
        let schema = schema ?? Self.firstSchema(of: client.configuration.searchPath)
        self.history = MigrationHistory(schema: schema ?? "public", table: historyTable)
        self.migrations = migrations
        self.options = options
        self.logger = logger
    }

    /// The first name of a search path, unquoted.
    package static func firstSchema(of searchPath: String?) -> String? {
        guard var rest = searchPath?.drop(while: \.isWhitespace), !rest.isEmpty else { return nil }
        guard rest.first == "\"" else {
            return rest.prefix { $0 != "," }.split(whereSeparator: \.isWhitespace).first.map { $0.lowercased() }
        }
        rest.removeFirst()
        var name = ""
        while let character = rest.popFirst() {
            if character == "\"" {
                // A doubled quote stands for one; a single one ends the name.
                guard rest.first == "\"" else { break }
                rest.removeFirst()
            }
            name.append(character)
        }
        return name.isEmpty ? nil : name
    }

    /// Applies what is pending: versioned migrations in the order of their versions, then
    /// repeatable ones that are new or changed.
    ///
    /// - Throws: `PostgresError` of code `.migration` when the history and the migrations
    ///   contradict each other (all contradictions are listed, with what to do about each) or
    ///   when a statement fails (with its script and line; ``PostgresError/Fields/underlying`` is the
    ///   server's error); other codes when the database cannot be reached.
    @discardableResult
    public func migrate() async throws(PostgresError) -> MigrationReport {
        // Most starts of a worker find nothing to do; they need neither the lock nor a connection of their own.
        let plan = try await plan(on: client)
        if plan.problems.isEmpty, plan.pending.isEmpty {
            return MigrationReport(version: plan.version)
        }
        return try await locked { (connection) throws(PostgresError) in
            try await history.create(on: connection)
            let plan = try await self.plan(on: connection)
            try refuse(plan.problems)
            var report = MigrationReport(version: plan.version)
            for migration in plan.pending {
                try await MigrationRun(migration: migration, history: history, logger: logger).apply(on: connection)
                report.applied.append(migration.script)
            }
            report.version = [plan.version, plan.pending.compactMap(\.version).max()].compactMap { $0 }.max()
            return report
        }
    }

    /// Where each migration stands. Changes nothing.
    ///
    /// - Throws: `PostgresError` when the database cannot be asked.
    public func info() async throws(PostgresError) -> [MigrationInfo] {
        try await plan(on: client).infos
    }

    /// Checks that nothing forbids to migrate. Pending migrations are no problem.
    ///
    /// - Throws: `PostgresError` of code `.migration` that lists all contradictions between the
    ///   history and the migrations, with what to do about each.
    public func validate() async throws(PostgresError) {
        let problems = try await plan(on: client).problems
        guard !problems.isEmpty else { return }
        // What looks half done may be running just now: look again when nobody is migrating.
        try await locked { (connection) throws(PostgresError) in
            try refuse(try await self.plan(on: connection).problems)
        }
    }

    /// Makes the history agree with the migrations: removes entries of failed ones, accepts
    /// changed scripts as they are, fills in checksums that are not there, and marks missing ones
    /// as deleted. The schema itself is not touched; look at it first.
    ///
    /// Versions above all that are known here and that have succeeded are left alone, and so are
    /// repeatable ones that are not known here while there are such versions: marked as deleted, they
    /// would run again when the release that holds them is deployed the next time.
    ///
    /// - Throws: `PostgresError`.
    @discardableResult
    public func repair() async throws(PostgresError) -> RepairReport {
        try await locked { (connection) throws(PostgresError) in
            try await history.create(on: connection)
            var report = RepairReport()
            var statements: [SQL] = []
            let infos = try await self.plan(on: connection).infos
            let isOld = infos.contains { $0.state == .newer }
            for info in infos {
                guard let entry = info.entry else { continue }
                switch info.state {
                case .failed:
                    statements.append(history.remove(rank: entry.rank))
                    report.removed.append(entry.script)
                case .applied where entry.checksum != nil: break
                case .applied, .changed:
                    guard let migration = migrations.first(where: { $0.version == info.version }) else { continue }
                    statements.append(history.align(rank: entry.rank, with: migration))
                    report.aligned.append(migration.script)
                case .missing where isOld && info.version == nil: break
                case .missing:
                    statements.append(
                        history.append(
                            version: entry.version, description: entry.description, type: "DELETE", script: entry.script,
                            checksum: entry.checksum, milliseconds: 0, success: true))
                    report.deleted.append(entry.script)
                default: break
                }
            }
            // Outside of a transaction a pipeline is one: the history is repaired as a whole or not at all.
            if !statements.isEmpty { try await connection.pipeline(statements) }
            return report
        }
    }

    /// Begins the history of a schema that exists already: migrations up to `version` count as
    /// applied. Does nothing if the history began with this version before, under whichever
    /// description (Flyway wants the same one).
    ///
    /// - Throws: `PostgresError` of code `.migration` when the history has other entries, and for
    ///   version 0 when it says that Flyway made the schema, which is version 0.
    public func baseline(
        version: String = "1", description: String = "<< Flyway Baseline >>"
    ) async throws(PostgresError) {
        guard let parsed = MigrationVersion(version) else { throw .migration("'\(version)' is not a version") }
        try await locked { (connection) throws(PostgresError) in
            try await history.create(on: connection)
            let all = try await history.entries(on: connection)
            let entries = all.filter { $0.type != "SCHEMA" }
            if let first = entries.first {
                if first.type == "BASELINE", first.version.flatMap(MigrationVersion.init) == parsed { return }
                throw .migration(
                    "the history of schema '\(history.schema)' already has \(entries.count) entries, the first being "
                        + "'\(first.script)': a baseline can only be its beginning")
            }
            if all.count > entries.count, parsed == MigrationVersion("0") {
                throw .migration(
                    "the history of schema '\(history.schema)' begins with the schema itself, which Flyway made, and that is "
                        + "version 0: migrate without a baseline, or begin with a later version")
            }
            try await connection.execute(
                history.append(
                    version: parsed.text, description: description, type: "BASELINE", script: description, checksum: nil,
                    milliseconds: 0, success: true))
        }
    }

    func plan(on executor: some PostgresExecutor) async throws(PostgresError) -> MigrationPlan {
        MigrationPlan(migrations: migrations, entries: try await history.entries(on: executor), options: options)
    }

    private func refuse(_ problems: [String]) throws(PostgresError) {
        guard !problems.isEmpty else { return }
        let list = problems.count == 1 ? problems[0] : problems.map { "\n  - \($0)" }.joined()
        throw .migration("schema '\(history.schema)' cannot be migrated: \(list)")
    }
}
