/// A migration of a worker, as `millrace migrate --info` and `--repair` print it.
struct MigrationView: Codable, Sendable {
    /// The worker; its own answer does not name it.
    var worker: String?
    /// The table that records it.
    var history: String
    var script: String
    /// Where it stands, or what was done about it.
    var state: String
    var version: String?
    var description: String?
    /// RFC 3339.
    var appliedAt: String?

    static func table(_ views: [MigrationView]) -> Table {
        var table = Table(["WORKER", "HISTORY", "VERSION", "SCRIPT", "STATE", "APPLIED"], right: [2])
        for view in views {
            table.add([view.worker ?? "", view.history, view.version ?? "", view.script, view.state, view.appliedAt ?? ""])
        }
        return table
    }
}

/// What came of looking at a worker's migrations, or of mending them.
struct MigrationOutcome: Sendable {
    var worker: String
    var migrations: [MigrationView]
    /// Why it failed; nil if it did not.
    var failure: String?
}

/// Whether a worker can be migrated, as `millrace migrate --validate` prints it.
struct MigrationVerdict: Encodable {
    var worker: String
    var isValid: Bool
    var problem: String?

    init(_ outcome: MigrationOutcome) {
        worker = outcome.worker
        isValid = outcome.failure == nil
        problem = outcome.failure
    }
}
