import AMQP
import Foundation
import Postgres
import Servers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A folder with one folder for each worker, in which lies one file `env`, mode 0600: the worker's URLs with their passwords, in
/// the form that `docker --env-file`, systemd's `EnvironmentFile=` and `kubectl create secret --from-env-file` read.
struct WorkerSecrets: Sendable {
    /// The passwords of a worker.
    struct Passwords: Sendable {
        var database: String
        var broker: String
    }

    let folder: String

    /// Where a worker's file lies.
    func file(_ worker: WorkerManifest) -> String { "\(folder)/\(worker.name)/env" }

    /// The passwords that the worker's file holds, new ones for those that it does not hold.
    /// - Parameter fresh: make new ones in any case.
    func passwords(_ worker: WorkerManifest, fresh: Bool) throws -> Passwords {
        let known = fresh ? [:] : try EnvironmentFile.read(file(worker), ifMissing: [:])
        return Passwords(
            database: try known["DATABASE_URL"].flatMap { try PostgresConfiguration(url: $0).password } ?? Secret.random(),
            broker: try known["AMQP_URL"].map { try AMQPConfiguration(url: $0).password } ?? Secret.random())
    }

    /// Writes the worker's variables over what its file holds; variables that are not given stay.
    func write(_ variables: [String: String], of worker: WorkerManifest) throws -> SetupStep {
        let path = file(worker)
        let existed = FileManager.default.fileExists(atPath: path)
        let known = try EnvironmentFile.read(path, ifMissing: [:])
        let all = known.merging(variables) { $1 }
        if existed, all == known { return SetupStep("file", path, .kept) }
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var text = "# The connections of the worker \(worker.name), made by `millrace setup`. Nobody else may read them.\n"
        for (name, value) in all.sorted(by: { $0.key < $1.key }) { text += "\(name)=\(value)\n" }
        try Secret.keep(text, in: path)
        return SetupStep("file", path, existed ? .updated : .made)
    }
}

/// A file of lines `NAME=value`; lines that begin with # are comments.
package enum EnvironmentFile {
    /// Reads the file. Warns if others than its owner may read it.
    /// - Throws: `UsageFailure` that names the file and the line, never what stands in it.
    package static func read(_ path: String, ifMissing fallback: [String: String]? = nil) throws -> [String: String] {
        guard let data = FileManager.default.contents(atPath: path) else {
            if let fallback, !FileManager.default.fileExists(atPath: path) { return fallback }
            throw UsageFailure("cannot read \(path)")
        }
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & 0o077 != 0 {
            Console.shared.warn("others may read \(path): chmod 600 \(path)")
        }
        var variables: [String: String] = [:]
        for (number, line) in String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let equals = line.firstIndex(of: "="), equals > line.startIndex else {
                throw UsageFailure("\(path), line \(number + 1), is not like NAME=value")
            }
            variables[line[..<equals].trimmingCharacters(in: .whitespaces)] = String(line[line.index(after: equals)...])
        }
        return variables
    }
}
