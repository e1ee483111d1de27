import AMQP
import Locking
import Servers
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(4))) struct HeartbeatTests {
    /// Fails when heartbeats are off: a half-open connection looks like a quiet one until a confirm is missed.
    @Test(arguments: TestBroker.allCases) func aSilentPeerIsDead(_ broker: TestBroker) async throws {
        var configuration = try AMQPConfiguration(url: try await broker.url())
        let proxy = try FreezingProxy(to: configuration.port)
        configuration.host = "127.0.0.1"
        configuration.port = proxy.port
        configuration.heartbeat = 3
        // So that nothing but the heartbeats finds it out.
        configuration.confirmTimeout = .seconds(90)
        let client = AMQPClient(configuration: configuration, logger: quietLogger())
        let queue = TestRabbitMQ.uniqueName("q")
        try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
        let publisher = client.publisher()
        #expect(await publisher.publish(message(queue, 1)).isConfirmed)
        proxy.freeze()
        let frozen = ContinuousClock.now
        let lost = await publisher.publish(message(queue, 2))
        #expect(lost.error?.isConnectionFailure == true)
        #expect(ContinuousClock.now - frozen < .seconds(40))
        await client.reaches(isDisconnected)
        proxy.thaw()
        await client.reaches(isConnected)
        #expect(await publisher.publish(message(queue, 3)).isConfirmed)
        let taken = try await client.consumer(queue: queue).take(2)
        #expect(taken.map(\.number) == [1, 3] || taken.map(\.number) == [1, 2])
        try await client.delete(queue: queue)
        await client.close()
    }

    /// A broker that says nothing itself, not even heartbeats, so that nothing wakes the client but its own clock. Fails when the
    /// loop of the connection does not wake up for them (`patience` in ConnectionDriver.serve).
    @Test func aSilentBrokerGetsHeartbeats() async throws {
        let heard = Locked(false)
        let broker = try FakeBroker { connection in
            guard connection.handshake(heartbeat: 2) else { return }
            connection.serve { frame in
                if frame.type == 8 { heard.withLock { $0 = true } }
                return false
            }
        }
        try await withClient(url: broker.url, configure: { $0.heartbeat = 2 }) { client, queue in
            try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
            let deadline = ContinuousClock.now + .seconds(15)
            while !heard.withLock({ $0 }), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
            #expect(heard.withLock { $0 })
        }
        withExtendedLifetime(broker) {}
    }

    /// The broker closes a connection without heartbeats after six seconds here, and its own wake the client.
    @Test(arguments: TestBroker.allCases) func anIdleConnectionStaysOpen(_ broker: TestBroker) async throws {
        try await withClient(broker, configure: { $0.heartbeat = 3 }) { client, queue in
            try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
            let consumer = client.consumer(queue: queue)
            let publisher = client.publisher()
            #expect(await publisher.publish(message(queue, 1)).isConfirmed)
            let first = try await consumer.take(1, acknowledge: false)
            // The one wait in these tests that is for time itself.
            try await Task.sleep(for: .seconds(15))
            #expect(consumer.epoch == first[0].epoch)
            consumer.acknowledge(through: first[0], multiple: true)
            #expect(await publisher.publish(message(queue, 2)).isConfirmed)
            #expect(try await consumer.take(1).map(\.number) == [2])
        }
    }

    /// Fails when the epoch is not looked at: the broker counts tags from 1 again, and the answer to the old delivery
    /// would settle a new one that nobody has handled.
    @Test(arguments: TestBroker.allCases) func answersFromBeforeAReconnectAreIgnored(_ broker: TestBroker) async throws {
        var configuration = try AMQPConfiguration(url: try await broker.url())
        let proxy = try FreezingProxy(to: configuration.port)
        configuration.host = "127.0.0.1"
        configuration.port = proxy.port
        let client = AMQPClient(configuration: configuration, logger: quietLogger())
        let queue = TestRabbitMQ.uniqueName("q")
        try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
        #expect(await client.publisher().publish(message(queue, 1)).isConfirmed)
        let consumer = client.consumer(queue: queue)
        let old = try await consumer.take(1, acknowledge: false)
        proxy.thaw()
        let new = try await consumer.take(1, acknowledge: false)
        #expect(new[0].tag == old[0].tag)
        #expect(new[0].epoch != old[0].epoch)
        #expect(new[0].redelivered)
        consumer.acknowledge(through: old[0], multiple: true)
        await consumer.close()
        #expect(try await client.settles(queue) { $0.messages == 1 })
        try await client.delete(queue: queue)
        await client.close()
    }
}
