import Foundation
import Servers
import Testing

/// All tests that run workers. Workers have queues of fixed names, so these tests run one after another.
@Suite(.serialized, .timeLimit(.minutes(8)))
enum Workers {}

/// The broker of these tests. It is theirs alone: other tests send commands of the same types.
enum WorkersBroker {
    private actor Node {
        var starting: Task<PrivateRabbitMQ, any Error>?

        func url() async throws -> String {
            let task = starting ?? Task { try await PrivateRabbitMQ.temporary() as PrivateRabbitMQ }
            starting = task
            return try await task.value.url()
        }
    }

    private static let node = Node()

    /// The administrator's URL, or what `MILLRACE_TEST_WORKERS_AMQP_URL` names.
    static func url() async throws -> String {
        if let url = ProcessInfo.processInfo.environment["MILLRACE_TEST_WORKERS_AMQP_URL"] { return url }
        return try await node.url()
    }
}

/// Runs a test with a worker and a wire to it, and ends both.
func withWorker(
    _ name: String, topics: [String], commands: [String] = [], environment: [String: String] = [:],
    _ body: (WorkerUnderTest, TopicWire) async throws -> Void
) async throws {
    let wire = try await TopicWire.connect(topics: topics, commands: commands)
    let worker = try await WorkerUnderTest.start(name, environment: environment)
    do {
        try await body(worker, wire)
    } catch {
        await worker.stop()
        await wire.close()
        throw error
    }
    #expect(await worker.stop() == 0)
    await wire.close()
}
