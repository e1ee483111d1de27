/// The comparison of what is known here with what was applied: a pure function of both.
package struct MigrationPlan: Sendable {
    /// Every migration with its state: versioned ones by version, then repeatable ones.
    package let infos: [MigrationInfo]
    /// What forbids to migrate, each with what to do about it; empty if nothing does.
    package let problems: [String]
    /// What the next `migrate` applies, in order.
    package let pending: [Migration]
    /// The highest version in the history.
    package let version: MigrationVersion?
    /// Repeatable scripts that have run as they are here, and after that with another text.
    package let superseded: [String]

    /// Compares.
    package init(migrations: [Migration], entries: [MigrationEntry], options: Migrator.Options = .init()) {
        var builder = Builder(migrations: migrations.sorted(by: Migration.precedes), entries: entries, options: options)
        builder.checkDeclarations()
        builder.compareVersioned()
        builder.compareRepeatable()
        infos = builder.infos
        problems = builder.problems
        pending = builder.pending
        version = builder.highestApplied
        superseded = builder.superseded
    }

    /// What a program that needs its migrations must not run with: those that were not applied, and those of which something
    /// else was. A version that a newer release has applied, or a script that was removed, is nothing to it; nor is another text of
    /// a repeatable one that has run as it is here before, for that is of a newer release too while both are deployed.
    package var obstacles: [MigrationInfo] {
        infos.filter { info in
            switch info.state {
            case .pending, .outOfOrder, .changed: true
            case .outdated: !superseded.contains(info.script)
            // One that is not known here is of another release, which may be running it now.
            case .failed: info.checksum != nil && !superseded.contains(info.script)
            case .applied, .missing, .newer, .belowBaseline, .baseline: false
            }
        }
    }
}

private struct Builder {
    let migrations: [Migration]
    let options: Migrator.Options
    var infos: [MigrationInfo] = []
    var problems: [String] = []
    var pending: [Migration] = []

    /// The entries in force, by version and by description: those that were not deleted again.
    private var versioned: [MigrationVersion: MigrationEntry] = [:]
    private var repeatable: [String: MigrationEntry] = [:]
    /// The checksums with which repeatable ones have run, by description.
    private var texts: [String: Set<Int32>] = [:]
    private(set) var superseded: [String] = []
    private var baseline: (version: MigrationVersion, entry: MigrationEntry)?
    private(set) var highestApplied: MigrationVersion?

    init(migrations: [Migration], entries: [MigrationEntry], options: Migrator.Options) {
        self.migrations = migrations
        self.options = options
        for entry in entries.sorted(by: { $0.rank < $1.rank }) { read(entry) }
        highestApplied = [versioned.keys.max(), baseline?.version].compactMap { $0 }.max()
    }

    private mutating func read(_ entry: MigrationEntry) {
        guard let text = entry.version else {
            switch entry.role {
            case .script:
                repeatable[entry.description] = entry
                if entry.success, let checksum = entry.checksum { texts[entry.description, default: []].insert(checksum) }
            case .removal:
                repeatable[entry.description] = nil
                texts[entry.description] = nil
            case .baseline, .note: break
            }
            return
        }
        guard let version = MigrationVersion(text) else {
            problems.append("the history has an entry (rank \(entry.rank)) with the version '\(text)', which is none")
            return
        }
        switch entry.role {
        case .script: versioned[version] = entry
        case .removal: versioned[version] = nil
        case .baseline: baseline = (version, entry)
        case .note: break
        }
    }

    mutating func checkDeclarations() {
        for migration in migrations {
            if let problem = migration.problem { problems.append("\(migration.script): \(problem)") }
        }
        if let duplicate = Migration.duplicate(in: migrations) { problems.append(duplicate) }
    }

    mutating func compareVersioned() {
        var found: [(version: MigrationVersion, info: MigrationInfo)] = []
        if let baseline {
            found.append((baseline.version, info(.baseline, nil, baseline.entry, baseline.version)))
        }
        var known: Set<MigrationVersion> = []
        for migration in migrations {
            guard let version = migration.version else { continue }
            known.insert(version)
            let state = state(of: migration, version)
            if state == .pending || (state == .outOfOrder && options.outOfOrder) { pending.append(migration) }
            found.append((version, info(state, migration, versioned[version], version)))
        }
        let highestKnown = known.max()
        for (version, entry) in versioned.sorted(by: { $0.key < $1.key }) where !known.contains(version) {
            let isNewer = highestKnown.map { version > $0 } ?? true
            found.append((version, info(reportAbsent(entry, isNewer: isNewer), nil, entry, version)))
        }
        infos += found.sorted { ($0.version, $0.info.state == .baseline ? 0 : 1) < ($1.version, $1.info.state == .baseline ? 0 : 1) }
            .map(\.info)
    }

    private mutating func state(of migration: Migration, _ version: MigrationVersion) -> MigrationInfo.State {
        if let entry = versioned[version] { return stateOfApplied(migration, entry) }
        if let baseline, version <= baseline.version { return .belowBaseline }
        guard let highestApplied, version < highestApplied else { return .pending }
        if !options.outOfOrder {
            problems.append(
                "\(migration.script) was not applied, but version \(highestApplied), which is later, was: "
                    + "give it a version above \(highestApplied), or allow outOfOrder")
        }
        return .outOfOrder
    }

    private mutating func stateOfApplied(_ migration: Migration, _ entry: MigrationEntry) -> MigrationInfo.State {
        if !entry.success {
            reportFailed(entry)
            return .failed
        }
        if entry.type != "SQL" {
            problems.append(
                "\(migration.script) has the version of '\(entry.script)', which was applied on \(day(entry)) as \(entry.type), "
                    + "not as a script of SQL: give it a version of its own; if it does the same, accept it with repair")
            return .changed
        }
        if let applied = entry.checksum, applied != migration.checksum {
            problems.append(
                "\(migration.script) was changed after it was applied on \(day(entry)) "
                    + "(checksum \(applied) in the history, \(migration.checksum) now): restore the script and put the change "
                    + "into a new migration; if the change cannot matter, e.g. in a comment, accept it with repair")
            return .changed
        }
        if entry.description != migration.description {
            problems.append(
                "\(migration.script) was applied as '\(entry.description)': restore its name, or accept the new one with repair")
            return .changed
        }
        return .applied
    }

    private mutating func reportFailed(_ entry: MigrationEntry) {
        problems.append(
            "\(entry.script) is half done: it runs outside of a transaction and stopped on \(day(entry)) before its end. "
                + "See which of its statements took effect, undo or complete them by hand, then run repair, then migrate")
    }

    private mutating func reportAbsent(_ entry: MigrationEntry, isNewer: Bool) -> MigrationInfo.State {
        if !entry.success {
            reportFailed(entry)
            return .failed
        }
        if isNewer {
            if !options.allowsNewer {
                problems.append(
                    "\(entry.script) was applied on \(day(entry)) but is missing here, where no later version is known: deploy the "
                        + "release that holds it, restore the script, or allow a newer schema (allowsNewer); if it was removed on "
                        + "purpose, add a later version, then run repair")
            }
            return .newer
        }
        problems.append(
            "\(entry.script) was applied on \(day(entry)) but is missing here: restore the script; "
                + "if it was removed on purpose, run repair")
        return .missing
    }

    mutating func compareRepeatable() {
        var known: Set<String> = []
        for migration in migrations where migration.version == nil {
            known.insert(migration.description)
            let entry = repeatable[migration.description]
            let state: MigrationInfo.State
            switch entry {
            case nil: state = .pending
            case let entry? where !entry.success:
                reportFailed(entry)
                state = .failed
            case let entry?: state = entry.checksum == migration.checksum ? .applied : .outdated
            }
            if state == .pending || state == .outdated { pending.append(migration) }
            if let entry, entry.checksum != migration.checksum, texts[migration.description]?.contains(migration.checksum) == true {
                superseded.append(migration.script)
            }
            infos.append(info(state, migration, entry, nil))
        }
        for (description, entry) in repeatable.sorted(by: { $0.key < $1.key }) where !known.contains(description) {
            infos.append(info(reportAbsent(entry, isNewer: false), nil, entry, nil))
        }
    }

    private func info(
        _ state: MigrationInfo.State, _ migration: Migration?, _ entry: MigrationEntry?, _ version: MigrationVersion?
    ) -> MigrationInfo {
        MigrationInfo(
            state: state, version: version, description: migration?.description ?? entry?.description ?? "",
            script: migration?.script ?? entry?.script ?? "", checksum: migration?.checksum, entry: entry)
    }

    private func day(_ entry: MigrationEntry) -> String { "\(entry.installedOn)" }
}
