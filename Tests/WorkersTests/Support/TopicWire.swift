import AMQP
import Contracts
import Foundation
import Logging
import TestSupport

/// Speaks with workers as other workers do: sends commands, publishes events, and hears the answers.
actor TopicWire {
    private let client: AMQPClient
    private let publisher: AMQPPublisher
    private let running: Task<Void, any Error>
    private var listening: Task<Void, any Error>?
    private var heard: [UUID: [Envelope]] = [:]
    /// Everything heard, in order.
    private(set) var all: [Envelope] = []
    private var givenUp: Set<UUID> = []
    private var waiters: [UUID: [CheckedContinuation<Void, Never>]] = [:]

    /// Connects, and listens to all events of the given topics, and to commands of the given types in place of the worker that
    /// would handle them.
    static func connect(topics: [String], commands: [String] = []) async throws -> TopicWire {
        var configuration = try AMQPConfiguration(url: try await WorkersBroker.url())
        configuration.connectionName = "test.wire"
        let wire = TopicWire(AMQPClient(configuration: configuration, logger: Logger(label: "test.wire")))
        try await wire.listen(topics, commands)
        return wire
    }

    /// How many consumers a queue has; nil if it is not there.
    func consumers(of queue: String) async throws -> Int? { try await client.queueInfo(queue)?.consumers }

    /// Empties a queue.
    static func purge(_ queue: String) async throws {
        let client = AMQPClient(
            configuration: try AMQPConfiguration(url: try await WorkersBroker.url()), logger: Logger(label: "test.wire"))
        let running = Task { try await client.run() }
        _ = try await client.purge(queue: queue)
        await client.close()
        running.cancel()
    }

    private init(_ client: AMQPClient) {
        self.client = client
        running = Task { try await client.run() }
        publisher = client.publisher()
    }

    private func listen(_ topics: [String], _ commands: [String]) async throws {
        let queue = TestRabbitMQ.uniqueName("test.wire")
        let exchanges =
            topics.map { AMQPTopology.Exchange(name: $0, kind: "topic", durable: true) }
            + [AMQPTopology.Exchange(name: WellKnown.commandsExchange, kind: "direct", durable: true)]
        try await client.declare(
            AMQPTopology(
                exchanges: exchanges,
                queues: [.init(name: queue, durable: false, exclusive: false, autoDelete: true)],
                bindings: topics.map { .init(source: $0, destination: queue, routingKey: "#") }
                    + commands.map { .init(source: WellKnown.commandsExchange, destination: queue, routingKey: $0) }))
        let consumer = client.consumer(queue: queue)
        listening = Task { [weak self] in
            while let batch = try await consumer.nextBatch(max: 100) {
                for delivery in batch {
                    if let envelope = try? Envelope(decoding: delivery.body) { await self?.hear(envelope) }
                }
                if let last = batch.last { consumer.acknowledge(through: last, multiple: true) }
            }
        }
    }

    private func hear(_ envelope: Envelope) {
        all.append(envelope)
        guard let cause = envelope.causationID else { return }
        heard[cause, default: []].append(envelope)
        for waiter in waiters.removeValue(forKey: cause) ?? [] { waiter.resume() }
    }

    /// Sends a command and waits for the first event that it causes.
    func ask<C: Command>(_ command: C, id: UUID = .v7()) async throws -> Envelope {
        try await send([(command, id)])
        return try await answer(to: id)
    }

    /// Sends commands, all at once.
    func send<C: Command>(_ commands: [(C, UUID)]) async throws {
        try await publish(
            commands.map { try Envelope($0.0, id: $0.1, source: "/test", correlationID: $0.1) }, to: WellKnown.commandsExchange)
    }

    /// Publishes envelopes to an exchange.
    func publish(_ envelopes: [Envelope], to exchange: String) async throws {
        let messages = envelopes.map { envelope in
            OutgoingMessage(
                exchange: exchange, routingKey: envelope.type,
                properties: MessageProperties(
                    contentType: WellKnown.contentType, messageID: envelope.id.lowercased, type: envelope.type),
                body: envelope.encoded(), mandatory: exchange == WellKnown.commandsExchange)
        }
        for outcome in await publisher.publish(messages) where !outcome.isConfirmed {
            throw WorkerUnderTest.Failure(description: "not published: \(outcome)")
        }
    }

    /// Sends bytes that need not be an envelope to a queue.
    func send(_ bytes: [UInt8], to queue: String) async throws {
        let outcome = await publisher.publish(OutgoingMessage(exchange: "", routingKey: queue, body: bytes, mandatory: true))
        guard outcome.isConfirmed else { throw WorkerUnderTest.Failure(description: "not published: \(outcome)") }
    }

    /// What was heard of a type and a key, in order; waits until there are `count`.
    func heard(_ type: String, key: String, count: Int) async throws -> [Envelope] {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let found = all.filter { $0.type == type && $0.partitionKey == key }
            if found.count >= count { return found }
            guard ContinuousClock.now < deadline else {
                let heard = all.filter { $0.partitionKey == key }.map(\.type).joined(separator: ", ")
                throw WorkerUnderTest.Failure(
                    description:
                        "not within half a minute: \(count) of \(type) with the key \(key); there were \(found.count), among: \(heard)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// The first event that a message has caused.
    /// - Throws: if there is none within half a minute.
    func answer(to id: UUID) async throws -> Envelope {
        let timer = Task {
            try await Task.sleep(for: .seconds(30))
            giveUp(id)
        }
        defer { timer.cancel() }
        while true {
            if let envelope = heard[id]?.first { return envelope }
            guard !givenUp.contains(id) else {
                throw WorkerUnderTest.Failure(description: "no answer to \(id) within half a minute")
            }
            await withCheckedContinuation { waiters[id, default: []].append($0) }
        }
    }

    private func giveUp(_ id: UUID) {
        givenUp.insert(id)
        for waiter in waiters.removeValue(forKey: id) ?? [] { waiter.resume() }
    }

    /// How many events a message has caused so far.
    func count(of id: UUID) -> Int { heard[id]?.count ?? 0 }

    /// Disconnects.
    func close() async {
        listening?.cancel()
        await client.close()
        running.cancel()
    }
}
