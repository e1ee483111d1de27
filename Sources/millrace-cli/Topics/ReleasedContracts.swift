import ContractFiles
import Foundation
import Servers

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
        let commit = try await git(["rev-parse", "--verify", "--quiet", "--end-of-options", reference + "^{commit}"], in: folder)
        guard let commit else { throw UsageFailure("\(reference) is neither a folder nor a Git reference of the repository of \(folder)") }
        let hash = commit.trimmingCharacters(in: .whitespacesAndNewlines)
        guard let list = try await git(["ls-tree", "--name-only", "-z", hash, "."], in: folder) else {
            throw Failed("git ls-tree \(reference) failed in \(folder)")
        }
        var topics: [TopicFile] = []
        for name in list.split(separator: "\0").map(String.init).sorted() where name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
            guard let text = try await git(["show", "\(hash):./\(name)"], in: folder) else {
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
    private static func git(_ arguments: [String], in folder: String) async throws -> String? {
        let result = try await ChildProcess.run(.init(executable: "git", arguments: ["-C", folder] + arguments))
        return result.status.isSuccess ? result.standardOutput : nil
    }
}
