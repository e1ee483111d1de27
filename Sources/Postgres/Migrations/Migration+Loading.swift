#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Migration {
    /// Reads the migrations of a folder and of its subfolders, sorted: versioned ones by
    /// version, then repeatable ones by description.
    ///
    /// File names follow Flyway: `V1__name.sql`, `V1_1__name.sql`, `V2024.11.03__name.sql` and
    /// `R__name.sql`. A `.conf` file beside a script (`V1__name.sql.conf`) may hold
    /// `executeInTransaction=false`. Files that do not end in `.sql` are left alone, and so are
    /// hidden ones; any other `.sql` file is an error, because a script with a mistyped name
    /// must not be skipped in silence.
    ///
    /// - Parameter directory: path of the folder.
    /// - Throws: `PostgresError` of code `.migration` that names the file: unreadable folder or
    ///   file, text that is not UTF-8, a name that does not follow the pattern, two scripts of
    ///   one version or description.
    public static func load(directory: String) throws(PostgresError) -> [Migration] {
        var found: [Migration] = []
        for name in try scripts(in: directory, below: "") {
            found.append(try load(script: name, in: directory))
        }
        let sorted = found.sorted(by: Migration.precedes)
        if let problem = Migration.duplicate(in: sorted) { throw .migration(problem) }
        return sorted
    }

    /// The order in which migrations run.
    static func precedes(_ lhs: Migration, _ rhs: Migration) -> Bool {
        switch (lhs.version, rhs.version) {
        case (let left?, let right?): left < right
        case (.some, nil): true
        case (nil, .some): false
        case (nil, nil): lhs.description < rhs.description
        }
    }

    /// Says which two migrations have the same version or description; `nil` if none have.
    static func duplicate(in sorted: [Migration]) -> String? {
        for (left, right) in zip(sorted, sorted.dropFirst()) {
            if let version = left.version, version == right.version {
                return "two migrations have version \(version): '\(left.script)' and '\(right.script)'; rename one"
            }
            if left.version == nil, right.version == nil, left.description == right.description {
                return "two repeatable migrations are called '\(left.description)': "
                    + "'\(left.script)' and '\(right.script)'; rename one"
            }
        }
        return nil
    }

    private static func scripts(in directory: String, below prefix: String) throws(PostgresError) -> [String] {
        let path = prefix.isEmpty ? directory : directory + "/" + prefix
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        } catch {
            throw .migration("cannot read the migrations folder '\(path)'", underlying: error)
        }
        var found: [String] = []
        for name in names where !name.hasPrefix(".") {
            let relative = prefix.isEmpty ? name : prefix + "/" + name
            var isFolder = false
            guard FileManager.default.fileExists(atPath: directory + "/" + relative, isDirectory: &isFolder) else { continue }
            if isFolder {
                found += try scripts(in: directory, below: relative)
            } else if name.lowercased().hasSuffix(".sql") {
                found.append(relative)
            }
        }
        return found
    }

    private static func load(script: String, in directory: String) throws(PostgresError) -> Migration {
        let name = script.split(separator: "/").last.map(String.init) ?? script
        let (kind, description) = try parse(name: name, script: script)
        let sql = try read(directory + "/" + script)
        let settings = directory + "/" + script + ".conf"
        let transactional =
            FileManager.default.fileExists(atPath: settings) ? try transactional(read(settings), script: script) : nil
        return Migration(kind: kind, description: description, script: script, sql: sql, transactional: transactional)
    }

    /// Splits `V1_1__name.sql` into its version and description.
    private static func parse(name: String, script: String) throws(PostgresError) -> (Kind, String) {
        let expected = "expected V<version>__<name>.sql, e.g. V1_1__stock.sql, or R__<name>.sql"
        guard name.hasSuffix(".sql"), let separator = firstIndex(of: "__", in: name) else {
            throw .migration("'\(script)' is not the name of a migration: \(expected)")
        }
        let head = name[..<separator]
        let tail = name[name.index(separator, offsetBy: 2)...].dropLast(4)
        let description = String(tail.map { $0 == "_" ? " " : $0 })
        guard !description.allSatisfy(\.isWhitespace) else {
            throw .migration("'\(script)' has no name after '__': \(expected)")
        }
        if head == "R" { return (.repeatable, description) }
        if head.hasPrefix("V"), let version = MigrationVersion(String(head.dropFirst())) {
            return (.versioned(version), description)
        }
        if head.hasPrefix("U") {
            throw .migration("'\(script)': undo migrations are not supported; write a new version that undoes the change")
        }
        if head.hasPrefix("B"), MigrationVersion(String(head.dropFirst())) != nil {
            throw .migration(
                "'\(script)': baseline migrations are not supported; keep the versioned ones, and begin the history of a schema "
                    + "that exists already with a baseline")
        }
        throw .migration("'\(script)' is not the name of a migration: \(expected)")
    }

    private static func firstIndex(of needle: String, in text: String) -> String.Index? {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index...].hasPrefix(needle) { return index }
            index = text.index(after: index)
        }
        return nil
    }

    private static func read(_ path: String) throws(PostgresError) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .migration("cannot read '\(path)'")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw .migration("'\(path)' is not UTF-8 text")
        }
        return text
    }

    private static func transactional(_ settings: String, script: String) throws(PostgresError) -> Bool? {
        var result: Bool?
        for line in settings.split(whereSeparator: \.isNewline) {
            let text = line.filter { !$0.isWhitespace }
            if text.isEmpty || text.hasPrefix("#") { continue }
            switch text {
            case "executeInTransaction=true": result = true
            case "executeInTransaction=false": result = false
            default:
                throw .migration("'\(script).conf': '\(line)' is not supported; known is executeInTransaction=true|false")
            }
        }
        return result
    }
}
