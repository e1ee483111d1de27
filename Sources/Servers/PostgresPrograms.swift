import Foundation

/// The programs of one installed version of PostgreSQL.
struct PostgresPrograms: Sendable {
    let folder: String
    var postgres: String { folder + "/postgres" }
    var initdb: String { folder + "/initdb" }

    /// The folders in which a version may be, the likeliest first. Debian keeps the server's programs out of PATH.
    static func candidates(preferred version: String?) -> [String] {
        let roots = ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt"]
        var versioned: [(version: Int, folder: String)] = []
        for root in roots {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [] {
                let digits = name.split(separator: "@").last.map(String.init) ?? name
                if let number = Int(digits) { versioned.append((number, "\(root)/\(name)/bin")) }
            }
        }
        versioned.sort { $0.version > $1.version }
        if let version = version.flatMap({ Int($0) }) {
            versioned = versioned.filter { $0.version == version } + versioned.filter { $0.version != version }
        }
        let path = Files.program("postgres").map { [($0 as NSString).deletingLastPathComponent] } ?? []
        return versioned.map(\.folder) + path + ["/usr/local/pgsql/bin", "/opt/homebrew/bin"]
    }

    /// The version that made the cluster if it is installed, else the newest.
    static func find(forCluster cluster: String? = nil) throws(ServersError) -> PostgresPrograms {
        let version = cluster.flatMap { Files.text($0 + "/PG_VERSION") }?.trimmingCharacters(in: .whitespacesAndNewlines)
        for folder in candidates(preferred: version) {
            let programs = PostgresPrograms(folder: folder)
            let files = FileManager.default
            if files.isExecutableFile(atPath: programs.postgres), files.isExecutableFile(atPath: programs.initdb) { return programs }
        }
        throw ServersError(
            .programMissing, "PostgreSQL is not installed (no `postgres` and `initdb`); on Debian: apt-get install postgresql")
    }
}

/// `postmaster.pid`, by which a server says that it is there and how it is.
enum PostgresPidFile {
    /// How far a server is.
    enum Status {
        /// Nothing is known of it.
        case none
        /// It reads its data, and after a crash all that its log has of it.
        case starting
        /// It accepts connections.
        case ready
    }

    /// How far the server of that process is: the eighth line says so, as `pg_ctl` reads it.
    static func status(cluster: String, pid: Int32) -> Status {
        guard let text = Files.text(cluster + "/postmaster.pid") else { return .none }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 8, Int32(lines[0]) == pid else { return .none }
        return lines[7].hasPrefix("ready") ? .ready : .starting
    }

    /// Ends a server that an earlier process has left behind on this cluster, and removes a file whose process
    /// number now belongs to some other program (PostgreSQL would refuse to start then).
    static func clearStale(cluster: String) async throws(ServersError) {
        let path = cluster + "/postmaster.pid"
        guard let first = Files.text(path)?.split(separator: "\n").first, let pid = Int32(first), pid > 1 else { return }
        guard let command = ProcessTable.command(of: pid) else { return }
        if command.contains(cluster) {
            try await ProcessTable.end(pid, signal: SIGINT, what: "PostgreSQL on \(cluster)")
        } else {
            try? FileManager.default.removeItem(atPath: path)
        }
    }
}
