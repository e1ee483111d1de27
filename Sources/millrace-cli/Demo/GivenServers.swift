import AMQP
import Foundation
import Messaging
import Observability
import Postgres

/// What a demo does to servers that it was given: it counts from nothing, so it begins only where there is nothing of its workers,
/// and it takes away again what it has made.
struct GivenServers: Sendable {
    let database: String?
    let broker: String?
    let workers: [WorkerManifest]

    /// Those of `DATABASE_URL` and `AMQP_URL`.
    init(workers: [WorkerManifest], environment: [String: String] = ProcessInfo.processInfo.environment) {
        database = environment["DATABASE_URL"].flatMap { $0.isEmpty ? nil : $0 }
        broker = environment["AMQP_URL"].flatMap { $0.isEmpty ? nil : $0 }
        self.workers = workers
    }

    /// - Throws: `UsageFailure` that names what is there already: roles, schemas or queues of somebody's real workers.
    func refuseUsed() async throws {
        var found: [String] = []
        if let database { found += try await DatabaseSetup.existing(database, workers) }
        if let broker {
            try await withBroker(broker) { client in
                for queue in workers.flatMap(\.queues) where try await client.queueInfo(queue) != nil { found.append("the queue \(queue)") }
            }
        }
        guard found.isEmpty else {
            throw UsageFailure(
                "the demo counts from nothing and removes what it made, but the given servers have \(found.joined(separator: ", ")) already; give others, or an empty database and vhost"
            )
        }
    }

    /// Removes roles, schemas and queues.
    func remove() async {
        do {
            if let database { try await DatabaseSetup.remove(database, workers) }
            if let broker {
                try await withBroker(broker) { client in
                    for queue in workers.flatMap(\.queues) { _ = try await client.delete(queue: queue) }
                }
            }
        } catch {
            Console.shared.warn("not everything could be removed from the given servers: \(Redaction.text("\(error)"))")
        }
    }

    private func withBroker(_ url: String, _ body: (AMQPClient) async throws -> Void) async throws {
        try await AMQPClient(configuration: try AMQPConfiguration(url: url), logger: .quiet).executeThenClose(body)
    }
}

extension WorkerManifest {
    /// Its queues at the broker, as many as the environment that it is started with asks for.
    var queues: [String] {
        var configuration = MessagingConfiguration(worker: name)
        configuration.partitions = ProcessInfo.processInfo.environment["MILLRACE_PARTITIONS"].flatMap { Int($0) } ?? 1
        return configuration.queues
    }
}
