import AMQP
import Contracts
import Messaging
import TestSupport
import Testing

/// A worker's queue split over several by the partition key.
extension Rig {
    static let partitions = 4

    /// What `with` does, and the queues of the partitions are removed too.
    static func withPartitions(_ broker: TestBroker = .rabbitMQ, _ body: (Rig) async throws -> Void) async throws {
        try await with(broker) { rig in
            do {
                try await body(rig)
            } catch {
                await rig.removePartitions()
                throw error
            }
            await rig.removePartitions()
        }
    }

    func removePartitions() async {
        for partition in 0..<Self.partitions { _ = try? await amqp.delete(queue: "worker.\(worker).\(partition)") }
        _ = try? await amqp.delete(exchange: "worker.\(worker)")
    }

    /// Publishes as the relay does: the key goes into the header by which the exchange chooses.
    func publishByKey(_ envelopes: [Envelope]) async {
        let outcomes = await publisher.publish(
            envelopes.map { envelope in
                var properties = MessageProperties(contentType: WellKnown.contentType, messageID: envelope.id.lowercased)
                properties.headers = ["partitionkey": .string(envelope.partitionKey ?? "")]
                return OutgoingMessage(
                    exchange: topic, routingKey: envelope.type, properties: properties, body: envelope.encoded(), mandatory: true)
            })
        #expect(outcomes.allSatisfy { $0.isConfirmed })
    }
}
