#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// One line of ``Migrator/info()``: a migration that is known here, was applied to the database, or both.
public struct MigrationInfo: Sendable {
    /// Where a migration stands.
    public enum State: String, Sendable, CaseIterable {
        /// To be applied by the next `migrate`.
        case pending
        /// Applied, and unchanged since.
        case applied
        /// Applied, but its text or name has been changed since, or something else than a script of SQL was applied.
        case changed
        /// Not applied, although a later version is.
        case outOfOrder
        /// Applied, but no longer known here.
        case missing
        /// Applied, with a version above all that are known here: a newer release was deployed.
        case newer
        /// Not transactional, and stopped halfway.
        case failed
        /// A repeatable migration with a new text, to be applied by the next `migrate`.
        case outdated
        /// At or below the version with which the history began; never applied.
        case belowBaseline
        /// The entry with which the history began.
        case baseline
    }

    /// Where it stands.
    public let state: State
    /// The version; `nil` for a repeatable migration.
    public let version: MigrationVersion?
    /// What it does.
    public let description: String
    /// The name of its script.
    public let script: String
    /// Its checksum as it is here; `nil` if it is not known here.
    public let checksum: Int32?
    /// Its entry in the history; `nil` if it was never applied.
    public let entry: MigrationEntry?
}

/// One row of the history table.
public struct MigrationEntry: Sendable, Equatable {
    /// The position in the history, from 1.
    public let rank: Int
    /// The version as stored; `nil` for a repeatable migration.
    public let version: String?
    /// What the migration does.
    public let description: String
    /// `SQL`, `BASELINE`, `DELETE`, or another type that Flyway wrote.
    public let type: String
    /// The name of the script.
    public let script: String
    /// The checksum of the script when it was applied.
    public let checksum: Int32?
    /// The role that applied it.
    public let installedBy: String
    /// When it was applied.
    public let installedOn: Date
    /// How long it ran, in milliseconds.
    public let executionTime: Int
    /// `false`: it is running outside of a transaction, or stopped halfway.
    public let success: Bool

    /// An entry, as read from the table.
    package init(
        rank: Int, version: String?, description: String, type: String, script: String, checksum: Int32?, installedBy: String,
        installedOn: Date, executionTime: Int, success: Bool
    ) {
        self.rank = rank
        self.version = version
        self.description = description
        self.type = type
        self.script = script
        self.checksum = checksum
        self.installedBy = installedBy
        self.installedOn = installedOn
        self.executionTime = executionTime
        self.success = success
    }

    /// What an entry says of its version or description.
    enum Role {
        /// That it was applied.
        case script
        /// That it is to be applied again: it was marked as deleted, or undone.
        case removal
        /// That the history begins with it.
        case baseline
        /// Nothing.
        case note
    }

    /// Its role, by the types that Flyway writes; early versions say `SQL_STATE_SCRIPT` for `SQL_BASELINE`.
    var role: Role {
        switch type {
        // What has stopped halfway stands in the way, whatever it was to become.
        case _ where !success: .script
        case "SCHEMA": .note
        case "DELETE": .removal
        case "BASELINE": .baseline
        case _ where type.hasPrefix("UNDO_"): .removal
        case _ where type.hasSuffix("_BASELINE") || type.hasSuffix("_STATE_SCRIPT"): .baseline
        default: .script
        }
    }
}

/// What ``Migrator/migrate()`` did.
public struct MigrationReport: Sendable {
    /// The scripts that were applied, in order; empty when nothing was pending.
    public var applied: [String] = []
    /// The highest applied version afterwards; `nil` if only repeatable migrations exist.
    public var version: MigrationVersion?
}

/// What ``Migrator/repair()`` changed in the history.
public struct RepairReport: Sendable {
    /// Scripts whose failed entries were removed, so that they are pending again.
    public var removed: [String] = []
    /// Scripts whose checksum, description and type were set to those of the file.
    public var aligned: [String] = []
    /// Scripts that are no longer known here, though later ones are, and were marked as deleted.
    public var deleted: [String] = []
}
