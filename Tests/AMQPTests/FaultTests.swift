import AMQP
import Locking
import Servers
import Synchronization
import TestSupport
import Testing

/// Each with a broker of its own, which it hurts. One after another: a node takes a core to start.
@Suite(.serialized, .timeLimit(.minutes(5))) struct FaultTests {
    private func withNode(settings: [String: String] = [:], _ body: (PrivateRabbitMQ, String) async throws -> Void) async throws {
        let node = try await PrivateRabbitMQ.temporary(settings: settings)
        do {
            try await body(node, await node.url())
            await node.remove()
        } catch {
            await node.remove()
            throw error
        }
    }

    private final class Numbers: Sendable {
        private let numbers = Locked<Set<Int>>([])
        func insert(_ new: some Sequence<Int>) { numbers.withLock { $0.formUnion(new) } }
        var all: Set<Int> { numbers.withLock { $0 } }
    }

    /// Fails when what was in flight counts as confirmed; hangs until the time limit when an outcome is lost with the connection
    /// (both in PublishChannel.connectionLost).
    @Test(arguments: TestBroker.allCases) func killedUnderLoad(_ broker: TestBroker) async throws {
        try await broker.withOwn { node in
            try await withClient(url: node.url) { client, queue in
                try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
                let publisher = client.publisher(window: 200)
                let confirmed = Numbers()
                let taken = Numbers()
                let consumer = client.consumer(queue: queue, prefetch: 100)
                let consuming = Task {
                    while let batch = try await consumer.nextBatch(max: 50) {
                        taken.insert(batch.map(\.number))
                        if let last = batch.last { consumer.acknowledge(through: last, multiple: true) }
                    }
                }
                let failures = Atomic<Int>(0)
                let publishing = Task {
                    var number = 0
                    while !Task.isCancelled {
                        let batch = (number..<(number + 100)).map { message(queue, $0, size: 200) }
                        number += 100
                        for (message, outcome) in zip(batch, await publisher.publish(batch)) {
                            if outcome.isConfirmed {
                                confirmed.insert([Int(message.properties.messageID?.dropFirst() ?? "") ?? -1])
                            } else {
                                failures.add(1, ordering: .relaxed)
                            }
                        }
                    }
                }
                defer { publishing.cancel() }
                for round in 1...2 {
                    while confirmed.all.count < round * 2000 { try await Task.sleep(for: .milliseconds(5)) }
                    await node.kill()
                    await client.reaches(isDisconnected)
                    try await node.start()
                    await client.reaches(isConnected)
                    let before = confirmed.all.count
                    while confirmed.all.count < before + 500 { try await Task.sleep(for: .milliseconds(5)) }
                }
                publishing.cancel()
                await publishing.value
                #expect(failures.load(ordering: .relaxed) > 0)
                let deadline = ContinuousClock.now + .seconds(60)
                while !confirmed.all.isSubset(of: taken.all), ContinuousClock.now < deadline {
                    try await Task.sleep(for: .milliseconds(10))
                }
                #expect(confirmed.all.isSubset(of: taken.all))
                await consumer.close()
                try await consuming.value
            }
        }
    }

    /// Fails when the topology is not declared again: none of this survives a restart of the broker by itself.
    @Test(arguments: TestBroker.allCases) func declaresAgainAfterARestart(_ broker: TestBroker) async throws {
        try await broker.withOwn { node in
            try await withClient(url: node.url) { client, name in
                try await client.declare(
                    AMQPTopology(
                        exchanges: [.init(name: name, durable: false)],
                        queues: [.init(name: name + "-1", durable: false), .init(name: name + "-2", durable: false, exclusive: true)],
                        bindings: [
                            .init(source: name, destination: name + "-1", routingKey: "#"),
                            .init(source: name, destination: name + "-2", routingKey: "#"),
                        ]))
                let first = client.consumer(queue: name + "-1")
                let second = client.consumer(queue: name + "-2")
                let publisher = client.publisher()
                let event = OutgoingMessage(exchange: name, routingKey: "k", body: Array("1".utf8), mandatory: true)
                #expect(await publisher.publish(event).isConfirmed)
                let old = try await first.take(1, acknowledge: false)
                _ = try await second.take(1)
                await node.stop()
                await client.reaches(isDisconnected)
                try await node.start()
                await client.reaches(isConnected)
                // Until the exclusive queue of the other connection is back the message may be in one queue only.
                for queue in [name + "-1", name + "-2"] { try await client.waitForConsumers(1, of: queue) }
                first.acknowledge(through: old[0], multiple: true)
                #expect(old[0].epoch != first.epoch)
                #expect(await publisher.publish(event).isConfirmed)
                #expect(try await first.take(1).count == 1)
                #expect(try await second.take(1).count == 1)
            }
        }
    }

    /// With a real broker: the state says `blocked`, consumers go on, and what was under way is confirmed afterwards. That nothing
    /// is sent meanwhile cannot be seen here, since the broker stops reading too; `BlockedTests` see it.
    @Test func waitsWhileTheBrokerHasNoMemory() async throws {
        try await withNode { node, url in
            try await withClient(url: url) { client, queue in
                try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
                let publisher = client.publisher()
                #expect(await publisher.publish((0..<100).map { message(queue, $0) }).allSatisfy { $0.isConfirmed })
                try await node.control("set_vm_memory_high_watermark", "0")
                // The broker tells a connection only when it publishes.
                let publishing = Task { await publisher.publish((100..<200).map { message(queue, $0) }) }
                await client.reaches(isBlocked)
                #expect(client.isConnected)
                // Consumers go on, and their acknowledgements arrive.
                let consumer = client.consumer(queue: queue, prefetch: 10)
                #expect(try await consumer.take(100).map(\.number) == Array(0..<100))
                try await node.control("set_vm_memory_high_watermark", "0.6")
                #expect(await publishing.value.allSatisfy { $0.isConfirmed })
                #expect(try await consumer.take(100).map(\.number) == Array(100..<200))
            }
        }
    }

    @Test func closesWhileTheBrokerIsBlockedOrGone() async throws {
        try await withNode { node, url in
            let clock = ContinuousClock()
            for blocked in [true, false] {
                let client = AMQPClient(configuration: try AMQPConfiguration(url: url), logger: quietLogger())
                let queue = TestRabbitMQ.uniqueName("q")
                try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
                let publisher = client.publisher()
                #expect(await publisher.publish(message(queue, 0)).isConfirmed)
                if blocked { try await node.control("set_vm_memory_high_watermark", "0") } else { await node.kill() }
                let publishing = Task { await publisher.publish((0..<2000).map { message(queue, $0, size: 10_000) }) }
                await client.reaches(blocked ? isBlocked : isDisconnected)
                let began = clock.now
                await client.close()
                #expect(clock.now - began < .seconds(20))
                #expect(await publishing.value.contains { $0.error != nil })
                if blocked { try await node.control("set_vm_memory_high_watermark", "0.6") }
            }
        }
    }
}
