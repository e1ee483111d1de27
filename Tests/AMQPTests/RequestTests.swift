import AMQP
import ServiceLifecycle
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(2))) struct RequestTests {
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
            #expect(await publisher.publish(OutgoingMessage(exchange: name + "-a", routingKey: "x.1", body: [1], mandatory: true)).isConfirmed)
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
}

