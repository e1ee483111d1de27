import ArgumentParser
import Foundation

/// The folder that holds `workers/` and `topics/`.
package struct Project: Sendable {
    /// Its absolute path.
    package let path: String
    /// Its workers, sorted by name.
    package let workers: [WorkerManifest]

    /// Finds the project: `MILLRACE_HOME`, else the current folder or the nearest above it that has `workers/`.
    package static func find(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> Project {
        if let home = environment["MILLRACE_HOME"], !home.isEmpty { return try Project(path: home) }
        guard let folder = Folder.nearest(holding: "workers") else {
            throw UsageFailure("found no folder workers/ in \(Folder.current) or above it; go to the project, or set MILLRACE_HOME")
        }
        return try Project(path: folder)
    }

    /// Reads every `workers/*/worker.yaml`.
    package init(path: String) throws {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
        let folder = self.path + "/workers"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder))?.sorted() ?? []
        var workers = try names.compactMap { name -> WorkerManifest? in
            let file = "\(folder)/\(name)/worker.yaml"
            guard FileManager.default.fileExists(atPath: file) else { return nil }
            return try WorkerManifest(file: file)
        }
        let topics = Self.topics(workers, contracts: self.path + "/topics")
        for index in workers.indices { workers[index].consumeEverything(of: topics) }
        self.workers = workers
        guard !workers.isEmpty else { throw UsageFailure("\(folder) holds no worker (a folder with a worker.yaml)") }
    }

    /// The topics that a worker names, or that have a contract.
    private static func topics(_ workers: [WorkerManifest], contracts: String) -> Set<String> {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: contracts)) ?? []
        let known = files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
        return Set(workers.flatMap { $0.owns + $0.consumes } + known).subtracting([WorkerManifest.everything])
    }

    /// Where servers, passwords and run state lie unless another folder is named.
    var dataFolder: String { path + "/.millrace" }

    /// The workers of these names, separated by commas; all for nil.
    func workers(only names: String?) throws -> [WorkerManifest] {
        guard let names else { return workers }
        return try names.split(separator: ",").map { try worker($0.trimmingCharacters(in: .whitespaces)) }
    }

    /// The worker of this name.
    package func worker(_ name: String) throws -> WorkerManifest {
        guard let worker = workers.first(where: { $0.name == name }) else {
            let known = workers.map(\.name).joined(separator: ", ")
            throw UsageFailure("there is no worker `\(name)`; the project has \(known)")
        }
        return worker
    }

    /// The executable of a worker: beside this program, else in `PATH`.
    package func executable(of worker: WorkerManifest) throws -> String {
        if worker.executable.contains("/") {
            let path = worker.executable.hasPrefix("/") ? worker.executable : "\(self.path)/\(worker.executable)"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        } else {
            let path = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":").map(String.init) ?? []
            for folder in [Self.programFolder] + path {
                let candidate = folder + "/" + worker.executable
                if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            }
        }
        throw UsageFailure(
            "the worker `\(worker.name)` is not built: there is no \(worker.executable) in \(Self.programFolder); run `make build`")
    }

    /// The folder this program lies in.
    static var programFolder: String {
        #if os(Linux)
            let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        #else
            let own = Bundle.main.executablePath ?? CommandLine.arguments[0]
        #endif
        return (own as NSString).deletingLastPathComponent
    }
}

/// Wrong usage, found after the arguments were read: exit code 64.
package struct UsageFailure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// A failure with its message ready for people: exit code 1.
package struct Failed: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
