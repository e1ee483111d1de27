import Postgres

/// What `migrations` of a worker's executable is asked for: looking at the histories of its migrations, and mending them.
package enum MigrationTask: Equatable, Sendable {
    /// Where each migration stands.
    case info
    /// Whether anything forbids to migrate.
    case validate
    /// Makes the histories agree with the migrations; see `Migrator.repair`.
    case repair
    /// Begins the history of the worker's own migrations at a version.
    case baseline(String)

    /// Reads the arguments after `migrations`.
    /// - Throws: ``UsageError``.
    package init(arguments: [String]) throws(UsageError) {
        switch (arguments.first ?? "", arguments.count) {
        case ("info", 1): self = .info
        case ("validate", 1): self = .validate
        case ("repair", 1): self = .repair
        case ("baseline", 2):
            guard let version = MigrationVersion(arguments[1]) else { throw UsageError("'\(arguments[1])' is not a version") }
            self = .baseline(version.text)
        default: throw UsageError("usage: migrations info|validate|repair|baseline VERSION")
        }
    }
}
