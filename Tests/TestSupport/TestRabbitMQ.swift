import Foundation
import Logging
public import Servers

/// The RabbitMQ node of this test process: started when the first test asks for it, gone when the process ends.
///
/// All suites share it, so each takes names of its own (``uniqueName(_:)``). A test that kills or blocks a broker starts
/// one for itself with `PrivateRabbitMQ.temporary()`.
public enum TestRabbitMQ {
    private actor Node {
        var starting: Task<PrivateRabbitMQ, any Error>?

        func get() async throws -> PrivateRabbitMQ {
            if let starting { return try await starting.value }
            let task = Task { try await PrivateRabbitMQ.temporary() as PrivateRabbitMQ }
            starting = task
            return try await task.value
        }
    }

    private static let node = Node()

    /// The shared node.
    public static func shared() async throws -> PrivateRabbitMQ { try await node.get() }

    /// The administrator's URL of the shared node, or of the one that `MILLRACE_TEST_AMQP_URL` names.
    public static func url() async throws -> String {
        if let url = ProcessInfo.processInfo.environment["MILLRACE_TEST_AMQP_URL"] { return url }
        return try await shared().url()
    }

    /// A name that no other test uses.
    public static func uniqueName(_ stem: String) -> String {
        "\(stem)-\(UUID().uuidString.lowercased().prefix(13))"
    }
}

extension PrivateRabbitMQ {
    /// Runs `rabbitmqctl` against this node and returns what it printed. Takes about two seconds. Linux only.
    @discardableResult
    public func control(_ arguments: String...) async throws -> String { try await control(arguments) }

    /// As the other, with the arguments in an array.
    @discardableResult
    public func control(_ arguments: [String]) async throws -> String {
        guard let process else { throw ServersError(.exitedEarly, "the node does not run") }
        // The environment of the node says where its cookie and its port mapper are.
        let raw = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(process.pid)/environ"))
        var environment: [String: String] = [:]
        for entry in raw.split(separator: 0) {
            let pair = String(decoding: entry, as: UTF8.self).split(separator: "=", maxSplits: 1)
            if pair.count == 2 { environment[String(pair[0])] = String(pair[1]) }
        }
        environment = environment.filter {
            ["HOME", "PATH", "LC_ALL", "ERL_EPMD_PORT", "ERL_EPMD_ADDRESS", "RABBITMQ_NODENAME"].contains($0.key)
        }
        let result = try await ChildProcess.run(
            .init(executable: "/usr/lib/rabbitmq/bin/rabbitmqctl", arguments: arguments, environment: environment), timeout: .seconds(60))
        guard result.status.isSuccess else {
            throw ServersError(.exitedEarly, "rabbitmqctl \(arguments) failed: \(result.standardError) \(result.standardOutput)")
        }
        return result.standardOutput
    }
}
