import ContractFiles
import Foundation

/// Finds the folder `topics/`.
enum ContractFolder {
    /// `MILLRACE_HOME/topics`, else `topics/` in the current folder or the nearest above it. That of the current folder is
    /// `topics`, so that places in it are short.
    static func find(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> String {
        if let home = environment["MILLRACE_HOME"], !home.isEmpty { return home + "/topics" }
        guard let folder = Folder.nearest(holding: "topics") else {
            throw UsageFailure(
                "found no folder topics/ here or above; go to the project, set MILLRACE_HOME, make one with `millrace topics new`, or waive the check with --no-check"
            )
        }
        return folder == Folder.current ? "topics" : folder + "/topics"
    }

    /// Reads all contracts.
    static func load() throws -> TopicCatalog {
        do {
            return try TopicCatalog.load(directory: try find())
        } catch let error as ContractFileError {
            throw UsageFailure(error.description)
        }
    }
}
