import Foundation
import Servers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The folder in which `millrace up` keeps servers, passwords and what the other commands need to know.
package final class DataFolder: Sendable {
    package let path: String
    private let lock: Int32

    /// Makes the folder if needed, and takes it for this process alone.
    /// - Throws: `Failed` if another process has it.
    package init(_ path: String) throws {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
        // Others may pass through: as root, the servers run under accounts of their own.
        try FileManager.default.createDirectory(
            atPath: self.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
        try FileManager.default.createDirectory(
            atPath: self.path + "/secrets", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let file = self.path + "/lock"
        lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw Failed("cannot write \(file): \(String(cString: strerror(errno)))") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let holder = (try? String(contentsOfFile: file, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "?"
            close(lock)
            throw Failed("\(self.path) is in use by process \(holder); stop that one, or choose another folder with --data")
        }
        ftruncate(lock, 0)
        let text = "\(getpid())\n"
        _ = pwrite(lock, text, text.utf8.count, 0)
    }

    deinit { close(lock) }

    /// The password of that name; made the first time, kept with mode 0600.
    package func secret(_ name: String) throws -> String { try Secret.kept(in: "\(path)/secrets/\(name)") }

    /// Writes down how to reach what runs, for the other commands.
    func write(_ state: RunState) throws {
        let file = path + "/run.json"
        unlink(file)
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failed("cannot write \(file): \(String(cString: strerror(errno)))") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: Data(JSON.text(state).utf8))
        try handle.close()
    }

    /// Removes it: nothing runs any more.
    func removeState() { unlink(path + "/run.json") }
}

/// How to reach what `millrace up` has started.
struct RunState: Codable, Sendable {
    struct Worker: Codable, Sendable {
        var name: String
        var schema: String
        var url: String
        var databaseURL: String
        var amqpURL: String
        /// What a further instance must have as well: the kind of its queue, say, or its partitions.
        var settings: [String: String]

        /// The environment of a further instance. What `own` has counts more.
        func environment(_ own: [String: String]) -> [String: String] {
            let found = settings.merging(["DATABASE_URL": databaseURL, "AMQP_URL": amqpURL]) { $1 }
            return found.merging(own.filter { !$0.value.isEmpty }) { $1 }
        }
    }

    var pid: Int32
    var databaseURL: String
    var amqpURL: String
    var workers: [Worker]

    /// What runs in this folder, or if none is named in that of the project.
    static func find(_ folder: String?) -> RunState? { read(folder ?? (try? Project.find())?.dataFolder ?? ".millrace") }

    /// Reads what a running `up` has written into the folder; nil if nothing runs there.
    static func read(_ folder: String) -> RunState? {
        guard let data = FileManager.default.contents(atPath: folder + "/run.json"),
            let state = try? JSONDecoder().decode(RunState.self, from: data), kill(state.pid, 0) == 0 || errno == EPERM
        else { return nil }
        return state
    }
}
