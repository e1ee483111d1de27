import AMQP
import Contracts
import Foundation

/// Reads topics live through a queue of its own.
struct TopicReader {
    let client: AMQPClient
    let consumer: AMQPConsumer

    /// Declares the queue, binds it and subscribes.
    /// - Throws: ``Failed`` when a topic is not on the broker; ``BrokerUnreachable`` when it does not answer.
    init(client: AMQPClient, selection: TopicSelection, purpose: String, prefetch: UInt16 = 500) async throws {
        let queue = "\(purpose).\(UUID.v7().lowercased)"
        try await Self.declare(.reading(selection, queue: queue), client)
        self.client = client
        consumer = client.consumer(queue: queue, prefetch: prefetch)
    }

    private static func declare(_ topology: AMQPTopology, _ client: AMQPClient) async throws {
        do {
            try await client.declare(topology)
        } catch {
            guard error.replyCode != nil, !error.isConnectionFailure else {
                throw BrokerUnreachable(description: "the broker does not answer: \(error.message)")
            }
            guard error.replyCode == 404 else { throw error }
            throw Failed(
                "\(error.replyText ?? error.message)\nthe topic has no contract here and is not on the broker; `millrace topics list` shows what there is"
            )
        }
    }

    /// Hands over each delivery until `body` returns false or the task is cancelled. Goes on after a lost connection.
    func forEach(_ body: (Delivery) async throws -> Bool) async throws {
        let watcher = Task { await sayConnectionChanges() }
        defer { watcher.cancel() }
        try await withTaskCancellationHandler {
            while let batch = await next() {
                for delivery in batch {
                    guard try await body(delivery) else { return }
                }
                if let last = batch.last { consumer.acknowledge(through: last, multiple: true) }
            }
        } onCancel: {
            Task { await consumer.close() }
        }
    }

    /// The next deliveries; none after a complaint of the broker, which the consumer gets over by itself; nil at the end.
    private func next() async -> [Delivery]? {
        do {
            return try await consumer.nextBatch(max: 200)
        } catch {
            if error.code == .cancelled { return nil }
            Console.shared.warn(error.message)
            return []
        }
    }

    private func sayConnectionChanges() async {
        var wasConnected = true
        for await state in client.states {
            switch state {
            case .connected where !wasConnected:
                Console.shared.say("connected again; what passed meanwhile was not seen")
                wasConnected = true
            case .connected, .blocked: break
            default:
                if wasConnected { Console.shared.warn("the connection to the broker is lost; trying again …") }
                wasConnected = false
            }
        }
    }
}
