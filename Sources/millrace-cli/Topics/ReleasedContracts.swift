import ContractFiles
import Foundation

/// The contracts that the present ones are compared with: a folder, or a state of the Git repository.
enum ReleasedContracts {
    /// Reads them.
    /// - Parameters:
    ///   - source: a folder of contracts, a folder with `topics/` in it, or a Git reference (`main`, `v1.2`, `HEAD~1`).
    ///   - folder: the folder of the present contracts.
    /// - Throws: `UsageFailure` when it is none of them.
    static func load(_ source: String, beside folder: String) async throws -> TopicCatalog {
        if Folder.exists(source) {
            let inner = source + "/topics"
            return try TopicsOptions.load(Folder.exists(inner) ? inner : source)
        }
        return try await fromGit(source, folder)
    }

    private static func fromGit(_ reference: String, _ folder: String) async throws -> TopicCatalog {
        guard !reference.hasPrefix("-") else { throw UsageFailure("\(reference) is neither a folder nor a Git reference") }
        let commit = try git(["rev-parse", "--verify", "--quiet", "--end-of-options", reference + "^{commit}"], in: folder)
        guard let commit else { throw UsageFailure("\(reference) is neither a folder nor a Git reference of the repository of \(folder)") }
        let hash = commit.trimmingCharacters(in: .whitespacesAndNewlines)
        guard let list = try git(["ls-tree", "--name-only", "-z", hash, "."], in: folder) else {
            throw Failed("git ls-tree \(reference) failed in \(folder)")
        }
        var topics: [TopicFile] = []
        for name in list.split(separator: "\0").map(String.init).sorted() where name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
            guard let text = try git(["show", "\(hash):./\(name)"], in: folder) else {
                throw Failed("git show \(reference):./\(name) failed in \(folder)")
            }
            do {
                topics.append(try TopicFile.parse(text, path: "\(reference):\((folder as NSString).lastPathComponent)/\(name)"))
            } catch {
                throw Failed("the contracts of \(reference) are not in order\n\(error.description)")
            }
        }
        guard !topics.isEmpty else { throw UsageFailure("\(reference) has no contracts in \(folder)") }
        return try TopicCatalog(topics)
    }

    /// Runs Git in a folder.
    /// - Returns: what it prints; nil when it fails.
    private static func git(_ arguments: [String], in folder: String) throws -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "-C", folder] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw Failed("cannot run git: \(error)")
        }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
    }
}
