import AMQP
import Locking
import ServiceLifecycle
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(4))) struct RequestTests {
    @Test(arguments: TestBroker.allCases) func declaresBindsAndRoutes(_ broker: TestBroker) async throws {
        try await withClient(broker) { client, name in
            try await client.declare(
                AMQPTopology(
                    exchanges: [.init(name: name + "-a"), .init(name: name + "-b", kind: "fanout", autoDelete: true, internal: true)],
                    queues: [.init(name: name, arguments: ["x-queue-type": "quorum"])],
                    bindings: [
                        .init(source: name + "-a", destination: name + "-b", destinationIsExchange: true, routingKey: "x.*"),
                        .init(source: name + "-b", destination: name, routingKey: ""),
                    ]))
            let publisher = client.publisher()
            #expect(
                await publisher.publish(OutgoingMessage(exchange: name + "-a", routingKey: "x.1", body: [1], mandatory: true)).isConfirmed)
            #expect(try await client.get(queue: name)?.body == [1])
            #expect(try await client.get(queue: name) == nil)
            _ = await publisher.publish((0..<3).map { message(name, $0) })
            #expect(try await client.purge(queue: name) == 3)
            _ = await publisher.publish(message(name, 1))
            #expect(try await client.delete(queue: name) == 1)
            #expect(try await client.queueInfo(name) == nil)
            try await client.delete(exchange: name + "-a")
        }
    }

    /// Fails when a closed channel takes the requests behind the culprit with it.
    @Test(arguments: TestBroker.allCases) func aRefusalTouchesNobodyElse(_ broker: TestBroker) async throws {
        try await withClient(broker) { client, name in
            try await client.declare(AMQPTopology(queues: [.init(name: name)]))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for n in 0..<30 {
                    group.addTask { () async throws -> Void in
                        if n % 3 == 0 {
                            let error = await #expect(throws: AMQPError.self) {
                                try await client.declare(AMQPTopology(queues: [.init(name: name, durable: false)]))
                            }
                            #expect(error?.code == .channelClosed)
                            #expect(error?.replyCode == 406)
                            #expect(error?.replyText?.contains("PRECONDITION_FAILED") == true)
                            #expect(error?.isConnectionFailure == false)
                        } else if n % 3 == 1 {
                            let info = try await client.queueInfo("\(name)-none")
                            #expect(info == nil)
                        } else {
                            let info = try await client.queueInfo(name)
                            #expect(info == QueueInfo(messages: 0, consumers: 0))
                        }
                    }
                }
                try await group.waitForAll()
            }
            await #expect(throws: AMQPError.self) { _ = try await client.purge(queue: "\(name)-none") }
            await #expect(throws: AMQPError.self) { try await client.get(queue: "\(name)-none") }
            let usage = await #expect(throws: AMQPError.self) { try await client.queueInfo("") }
            #expect(usage?.code == .usage)
            _ = try await client.delete(queue: name)
        }
    }

    @Test(arguments: TestBroker.allCases) func tellsWhyTheLoginFailed(_ broker: TestBroker) async throws {
        let good = try AMQPConfiguration(url: try await broker.url())
        var bad = good
        bad.password = "wrong"
        let client = AMQPClient(configuration: bad, logger: quietLogger())
        let error = await #expect(throws: AMQPError.self) { try await client.queueInfo("q") }
        #expect(error?.code == .connectionFailed)
        #expect(error?.replyCode == 403)
        #expect(error?.replyText?.contains("ACCESS_REFUSED") == true)
        await client.close()

        bad = good
        bad.vhost = "nowhere"
        let other = AMQPClient(configuration: bad, logger: quietLogger())
        let missing = await other.publisher().publish(message("q", 1)).error
        #expect(missing?.replyCode == 530)
        await other.close()
    }

    @Test(arguments: TestBroker.allCases) func runsAsAService(_ broker: TestBroker) async throws {
        let client = AMQPClient(configuration: try AMQPConfiguration(url: try await broker.url()), logger: quietLogger())
        let group = ServiceGroup(configuration: .init(services: [.init(service: client)], logger: quietLogger()))
        let running = Task { try await group.run() }
        await client.reaches(isConnected)
        #expect(client.isConnected)
        await group.triggerGracefulShutdown()
        try await running.value
        #expect(!client.isConnected)
    }

    @Test func cancellationEndsRun() async throws {
        let client = AMQPClient(configuration: try AMQPConfiguration(url: "amqp://127.0.0.1:1"), logger: quietLogger())
        let running = Task { try await client.run() }
        await client.reaches(isDisconnected)
        running.cancel()
        try await running.value
        for await state in client.states { if case .closed = state { break } else { Issue.record("\(state)") } }
    }

    /// A binding to an exchange that its owner declares only after the reconnect. Fails when what was refused is not tried again
    /// (TopologyRecovery.checkTime).
    @Test(arguments: TestBroker.allCases) func whatIsRefusedAfterAReconnectIsTriedAgain(_ broker: TestBroker) async throws {
        let proxy = try Proxy(to: try AMQPConfiguration(url: try await broker.url()).port)
        defer { proxy.close() }
        try await withClient(broker) { owner, exchange in
            try await owner.declare(AMQPTopology(exchanges: [.init(name: exchange)]))
            try await withClient(broker, configure: { $0.port = proxy.port }) { guest, queue in
                try await guest.declare(
                    AMQPTopology(
                        queues: [.init(name: queue)], bindings: [.init(source: exchange, destination: queue, routingKey: "#")]))
                proxy.sever()
                await guest.reaches(isDisconnected)
                try await owner.delete(exchange: exchange)
                proxy.restore()
                await guest.reaches(isConnected)
                try await owner.declare(AMQPTopology(exchanges: [.init(name: exchange)]))
                // The time limit of the suite bounds it.
                let message = OutgoingMessage(exchange: exchange, routingKey: "k", body: [1], mandatory: true)
                while await !owner.publisher().publish(message).isConfirmed { try await Task.sleep(for: .milliseconds(10)) }
                #expect(try await guest.delete(queue: queue) == 1)
            }
            try await owner.delete(exchange: exchange)
        }
    }

    /// A connection that is lost before it has answered the declarations, and then none for longer than an answer may take. Fails when
    /// what was asked of it counts for the next (TopologyRecovery, without both `round` and the `end` in `start`): consumers do not wait
    /// for their queues then.
    @Test func nothingIsConsumedBeforeItsQueueIsThere() async throws {
        let (declare, consume): (UInt32, UInt32) = (0x0032_000a, 0x003c_0014)
        let connections = Locked(0)
        let lostAt = Locked(ContinuousClock.now)
        let isEarly = Locked(false)
        let isConsumed = Locked(false)
        let broker = try FakeBroker { connection in
            let number = connections.withLock { count in
                count += 1
                return count
            }
            let isAway = number > 2 && ContinuousClock.now < lostAt.withLock { $0 } + .seconds(6)
            guard !isAway, connection.handshake() else { return }
            guard number > 2 else {
                connection.serve { $0.method == (number == 1 ? consume : declare) }
                return lostAt.withLock { $0 = .now }
            }
            // It takes its time for the queue, and answers everything else.
            connection.serve { $0.method == declare }
            connection.limitReads(milliseconds: 300)
            connection.serve { frame in
                if frame.method == consume { isEarly.withLock { $0 = true } }
                return false
            }
            connection.method(1, 0x0032_000b, [1, 0x71] + FakeConnection.bytes(0) + FakeConnection.bytes(0))
            connection.limitReads(milliseconds: 900)
            connection.serve { frame in
                if frame.method == consume { isConsumed.withLock { $0 = true } }
                return false
            }
        }
        try await withClient(
            url: broker.url,
            configure: {
                // The first declaration has to be through within it, connecting included.
                $0.operationTimeout = .seconds(4)
                $0.reconnect = .init(initial: .milliseconds(50), maximum: .milliseconds(50))
            }
        ) { client, queue in
            try await client.declare(AMQPTopology(queues: [.init(name: queue)]))
            let consumer = client.consumer(queue: queue)
            while !isConsumed.withLock({ $0 }), !isEarly.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
            #expect(!isEarly.withLock { $0 })
            await consumer.close()
        }
        withExtendedLifetime(broker) {}
    }
}
