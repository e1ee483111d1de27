import Foundation
import Servers
import TestSupport

/// Where things lie.
enum Fixture {
    /// The project: `MILLRACE_HOME`, or the folder with `data/` above this file.
    static let project: String = {
        if let home = ProcessInfo.processInfo.environment["MILLRACE_HOME"] { return home }
        var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        while folder.path != "/" {
            if FileManager.default.fileExists(atPath: folder.path + "/data/cdnow-orders.csv") { return folder.path }
            folder = folder.deletingLastPathComponent()
        }
        return FileManager.default.currentDirectoryPath
    }()

    /// The built command, beside the test bundle.
    static let millrace = BuiltProducts.path("millrace")

    static func run(_ arguments: String..., in folder: String = project, environment: [String: String] = [:]) async throws
        -> ChildProcess.Result
    {
        var all = ProcessInfo.processInfo.environment
        for key in ["DATABASE_URL", "AMQP_URL", "MILLRACE_HOME"] { all[key] = nil }
        all.merge(environment) { $1 }
        return try await ChildProcess.run(.init(executable: millrace, arguments: arguments, environment: all, workingDirectory: folder))
    }
}
