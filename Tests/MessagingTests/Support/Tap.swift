import AMQP
import Contracts
import Testing

/// Reads everything that is published to a topic or to commands of some types.
final class Tap: Sendable {
    private let queue: String
    private let amqp: AMQPClient
    private let reading: Task<Void, Never>
    private let box: Box<[Envelope]>

    /// What came, in order. Copies are there twice.
    var envelopes: [Envelope] { box.value }

    private init(queue: String, amqp: AMQPClient, reading: Task<Void, Never>, box: Box<[Envelope]>) {
        self.queue = queue
        self.amqp = amqp
        self.reading = reading
        self.box = box
    }

    /// Listens while `body` runs.
    static func with<R>(
        _ rig: Rig, exchange: String? = nil, routingKey: String = "#", _ body: (Tap) async throws -> R
    ) async throws -> R {
        let queue = "tap.\(rig.worker).\(UInt64.random(in: 0 ... .max))"
        let exchange = exchange ?? rig.topic
        try await rig.amqp.declare(
            AMQPTopology(
                exchanges: [.init(name: exchange, kind: exchange == WellKnown.commandsExchange ? "direct" : "topic")],
                queues: [.init(name: queue)],
                bindings: [.init(source: exchange, destination: queue, routingKey: routingKey)]))
        let consumer = rig.amqp.consumer(queue: queue, prefetch: 1_000)
        let box = Box<[Envelope]>([])
        let reading = Task {
            while let batch = try? await consumer.nextBatch(max: 1_000) {
                let envelopes = batch.compactMap { try? Envelope(decoding: $0.body) }
                box.update { $0 += envelopes }
                if let last = batch.last { consumer.acknowledge(through: last, multiple: true) }
            }
        }
        let tap = Tap(queue: queue, amqp: rig.amqp, reading: reading, box: box)
        do {
            let result = try await body(tap)
            await tap.end(consumer)
            return result
        } catch {
            await tap.end(consumer)
            throw error
        }
    }

    private func end(_ consumer: AMQPConsumer) async {
        await consumer.close()
        await reading.value
        _ = try? await amqp.delete(queue: queue)
    }
}
