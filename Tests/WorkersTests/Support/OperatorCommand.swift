import Foundation
import Servers
import TestSupport
import Testing

/// The command `millrace` as an operator types it, against the schema of a worker under test.
struct OperatorCommand {
    let worker: WorkerUnderTest

    /// Runs it to its end; the worker's schema is appended to the arguments.
    func run(_ arguments: String...) async throws -> ChildProcess.Result { try await run(arguments) }

    private func run(_ arguments: [String]) async throws -> ChildProcess.Result {
        var environment = worker.environment
        environment["USER"] = "tester"
        return try await ChildProcess.run(
            .init(
                executable: BuiltProducts.path("millrace"), arguments: arguments + ["--schema", worker.schema], environment: environment,
                workingDirectory: WorkerUnderTest.home))
    }

    /// Runs it with `-o json` and reads what it prints.
    func json(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws -> Any {
        let result = try await run(arguments + ["-o", "json"])
        #expect(result.status == .exited(0), "\(result)", sourceLocation: sourceLocation)
        return try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8), options: .fragmentsAllowed)
    }

    /// The rows of a list.
    func rows(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws -> [[String: Any]] {
        let result = try await run(arguments + ["-o", "json"])
        #expect(result.status == .exited(0), "\(result)", sourceLocation: sourceLocation)
        return try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [[String: Any]] ?? []
    }
}

/// Whether a text is an identifier as everybody writes it: in lower case.
func isLowerCaseID(_ value: Any?) -> Bool {
    guard let text = value as? String, UUID(uuidString: text) != nil else { return false }
    return text == text.lowercased()
}
