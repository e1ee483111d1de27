import Foundation
import Logging
import Postgres
import Servers
import TestSupport

/// A worker's executable, run as a process of its own against the test servers, in a schema of its own.
actor WorkerUnderTest {
    let name: String
    let schema: String
    let environment: [String: String]
    private var process: ChildProcess?
    private(set) var port = 0

    /// Prepares and starts a worker.
    static func start(_ name: String, environment: [String: String] = [:]) async throws -> WorkerUnderTest {
        let worker = try await WorkerUnderTest(name, environment: environment)
        try await worker.command("prepare")
        // Other tests publish to topics that the worker's queue, which outlives each worker, is bound to.
        try await TopicWire.purge("worker.\(name)")
        try await worker.run()
        return worker
    }

    init(_ name: String, environment: [String: String] = [:]) async throws {
        self.name = name
        schema = "\(name)_\(UUID().uuidString.lowercased().prefix(8))"
        var all = [
            "DATABASE_URL": try await TestPostgres.url(),
            "AMQP_URL": try await WorkersBroker.url(),
            "MILLRACE_SCHEMA": schema,
            "MILLRACE_HOME": Self.home,
            "MILLRACE_QUEUE_TYPE": "classic",
            "MILLRACE_SUPERVISED": "1",
            "MILLRACE_DRAIN_SECONDS": "10",
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "",
        ]
        all.merge(environment) { $1 }
        self.environment = all
    }

    /// Runs `prepare`, `audit` or `describe` to its end.
    @discardableResult
    func command(_ word: String) async throws -> String {
        let result = try await ChildProcess.run(
            .init(executable: Self.executable(name), arguments: [word], environment: environment), timeout: .seconds(60))
        guard result.status.isSuccess else {
            throw Failure(description: "\(name)-worker \(word): \(result.status) \(result.standardError)")
        }
        return result.standardOutput
    }

    /// The worker's counts and checks.
    func audit() async throws -> [String: Int] {
        try JSONDecoder().decode([String: Int].self, from: Data(await command("audit").utf8))
    }

    /// Starts the process and waits for its line `ready`.
    func run() async throws {
        let process = try ChildProcess.spawn(
            .init(
                executable: Self.executable(name), arguments: ["run"], environment: environment, standardError: .lines))
        self.process = process
        var log: [String] = []
        for await line in process.standardError {
            log.append(line)
            guard line.contains("\"message\":\"ready\"") else { continue }
            let fields = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
            port = Int(fields["port"] ?? "") ?? 0
            // Somebody has to read on, or the worker's log would fill its pipe.
            Task { for await _ in process.standardError {} }
            return
        }
        throw Failure(description: "\(name)-worker did not get ready:\n\(log.joined(separator: "\n"))")
    }

    /// Ends the process in order.
    /// - Returns: its exit code.
    @discardableResult
    func stop() async -> Int32 {
        guard let process else { return -1 }
        self.process = nil
        return await process.stop(signal: SIGTERM, timeout: .seconds(20)).shellCode
    }

    /// Ends the process by closing its standard input, as the death of its parent does.
    func abandon() async -> Int32 {
        guard let process else { return -1 }
        self.process = nil
        process.closeInput()
        return await process.wait().shellCode
    }

    /// A client on the worker's schema.
    nonisolated func database() throws -> PostgresClient {
        var configuration = try PostgresConfiguration(url: environment["DATABASE_URL"] ?? "")
        configuration.searchPath = schema
        configuration.pool.maximum = 2
        return PostgresClient(configuration: configuration, logger: Logger(label: "test.worker"))
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The checkout that this file belongs to.
    static let home = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    static func executable(_ name: String) -> String { BuiltProducts.path("\(name)-worker") }
}
