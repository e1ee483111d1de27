/// One step of a schema's history: a script that runs once (versioned), or again whenever its
/// text changes (repeatable).
///
/// Scripts come from files in the Flyway manner, see ``load(directory:)``, or are written
/// inline:
///
/// ```swift
/// Migration(version: "1", description: "stock", sql: "CREATE TABLE stock (…)")
/// ```
///
/// A script may hold several statements. It runs in one transaction together with its entry in
/// the history. A script that cannot (`CREATE INDEX CONCURRENTLY`, `VACUUM`) says so in a
/// comment before its first statement:
///
/// ```sql
/// -- executeInTransaction=false
/// CREATE INDEX CONCURRENTLY …
/// ```
public struct Migration: Sendable {
    /// When a migration runs.
    public enum Kind: Sendable, Hashable {
        /// Once, in the order of the versions.
        case versioned(MigrationVersion)
        /// After all versioned ones, in the order of the descriptions, each time its checksum
        /// differs from the one applied last.
        case repeatable
    }

    /// When the migration runs.
    public let kind: Kind
    /// What it does, in words; for a file the part of its name after `__`, with `_` as spaces.
    public let description: String
    /// The name of the script, as stored in the history: `V1__name.sql`.
    public let script: String
    /// The text of the script.
    public let sql: String
    /// Flyway's CRC-32 checksum of ``sql``.
    public let checksum: Int32
    /// Whether the script runs inside a transaction. `true` unless it opts out.
    public let isTransactional: Bool
    /// What is wrong with the declaration, found again by every command of ``Migrator``:
    /// an inline declaration is a constant, which has no place to throw.
    package let problem: String?

    /// A versioned migration. A version or description that cannot be stored is reported by
    /// ``Migrator`` as an error of code `.migration`.
    ///
    /// - Parameters:
    ///   - version: whole numbers separated by `.` or `_`, e.g. `1`, `1.2`; at most 50 characters.
    ///   - description: at most 200 characters.
    ///   - sql: one or more statements.
    public init(version: String, description: String, sql: String) {
        let parsed = MigrationVersion(version)
        let script = "V\(version)__\(Self.underscored(description)).sql"
        self.init(
            kind: parsed.map(Kind.versioned) ?? .repeatable, description: description, script: script, sql: sql,
            problem: parsed == nil
                ? "'\(version)' is no version: use whole numbers separated by '.' or '_', at most 50 characters" : nil)
    }

    /// A repeatable migration: it runs again whenever its text changes, so it must be written
    /// to be run twice (`CREATE OR REPLACE VIEW …`).
    ///
    /// - Parameters:
    ///   - description: identifies the migration; at most 200 characters.
    ///   - sql: one or more statements.
    public init(repeatable description: String, sql: String) {
        let script = "R__\(Self.underscored(description)).sql"
        self.init(kind: .repeatable, description: description, script: script, sql: sql)
    }

    /// The common initialiser. `transactional: nil` means: as the header of the script says.
    package init(
        kind: Kind, description: String, script: String, sql: String, transactional: Bool? = nil, problem: String? = nil
    ) {
        self.kind = kind
        self.description = description
        self.script = script
        self.sql = sql
        self.checksum = FlywayChecksum.of(sql)
        let header = MigrationHeader(script: sql)
        self.isTransactional = transactional ?? header.isTransactional
        if let problem = problem ?? header.problem {
            self.problem = problem
        } else if description.unicodeScalars.count > 200 {
            self.problem = "its description is longer than 200 characters"
        } else if script.unicodeScalars.count > 1000 {
            self.problem = "its script name is longer than 1000 characters"
        } else {
            self.problem = nil
        }
    }

    private static func underscored(_ description: String) -> String {
        String(description.map { $0 == " " ? "_" : $0 })
    }

    /// The version of a versioned migration; `nil` for a repeatable one.
    public var version: MigrationVersion? {
        if case .versioned(let version) = kind { version } else { nil }
    }
}

/// What the comments before the first statement of a script ask for.
struct MigrationHeader {
    var isTransactional = true
    var problem: String?

    init(script: String) {
        for line in script.split(whereSeparator: \.isNewline) {
            let text = line.filter { !$0.isWhitespace && $0 != "\u{FEFF}" }
            if text.isEmpty { continue }
            guard text.hasPrefix("--") else { return }
            let setting = text.dropFirst(2).lowercased()
            guard setting.hasPrefix("executeintransaction=") else { continue }
            switch setting.dropFirst("executeintransaction=".count) {
            case "true": isTransactional = true
            case "false": isTransactional = false
            default: problem = "its header '\(line)' must say executeInTransaction=true or =false"
            }
        }
    }
}
