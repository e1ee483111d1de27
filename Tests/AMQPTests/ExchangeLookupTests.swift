import AMQP
import Servers
import TestSupport
import Testing

/// Exchanges that are declared only if they are missing, by a user who may make its own alone.
@Suite(.timeLimit(.minutes(4))) struct ExchangeLookupTests {
    private static let name = "modest"

    /// A node of its own with a user that may make what begins with `mine`, and bind to what begins with `theirs`.
    private func withModestUser(_ body: (AMQPClient, AMQPClient, PrivateRabbitMQ) async throws -> Void) async throws {
        let user = PrivateRabbitMQ.User(
            name: Self.name, password: "secret", configure: "^mine.*$", write: "^mine.*$", read: "^(mine|theirs).*$")
        let node = try await PrivateRabbitMQ.temporary(users: [user])
        do {
            let url = await node.url()
            try await withClient(url: await node.url(user: Self.name, password: "secret")) { modest, _ in
                try await withClient(url: url) { administrator, _ in try await body(modest, administrator, node) }
            }
            await node.remove()
        } catch {
            await node.remove()
            throw error
        }
    }

    private func topology(_ exchanges: String...) -> AMQPTopology {
        AMQPTopology(
            exchanges: exchanges.map { .init(name: $0, onlyIfMissing: true) }, queues: [.init(name: "mine.queue", durable: false)],
            bindings: exchanges.map { .init(source: $0, destination: "mine.queue", routingKey: "#") })
    }

    /// Fails when `onlyIfMissing` is not looked at (ControlChannel.declare): 403 for what is there. Fails when the declaration of
    /// what is missing does not come before the rest (`enqueueFirst` in ControlChannel.lookup): 404 for the bindings. And the last
    /// part fails when the same is not done after a reconnect: the binding of a queue that is gone would not come back.
    @Test func whatIsThereIsTakenAndWhatIsMissingIsMade() async throws {
        try await withModestUser { modest, administrator, node in
            #expect(try await !modest.exchangeExists("theirs"))
            try await administrator.declare(AMQPTopology(exchanges: [.init(name: "theirs")]))
            #expect(try await modest.exchangeExists("theirs"))
            try await modest.declare(topology("mine.a", "theirs", "mine.b"))
            let consumer = modest.consumer(queue: "mine.queue")
            let publisher = administrator.publisher()
            for exchange in ["mine.a", "theirs", "mine.b"] {
                #expect(
                    await publisher.publish(OutgoingMessage(exchange: exchange, routingKey: "k", body: [1], mandatory: true)).isConfirmed)
            }
            #expect(try await consumer.take(3).map(\.exchange) == ["mine.a", "theirs", "mine.b"])

            await node.stop()
            await modest.reaches(isDisconnected)
            try await node.start()
            await modest.reaches(isConnected)
            await administrator.reaches(isConnected)
            try await administrator.waitForConsumers(1, of: "mine.queue")
            #expect(await publisher.publish(OutgoingMessage(exchange: "theirs", routingKey: "k", body: [1], mandatory: true)).isConfirmed)
        }
    }

    /// What is missing and may not be made is refused by the broker's own words, and nothing behind it is declared.
    @Test func whatMayNotBeMadeIsRefused() async throws {
        try await withModestUser { modest, administrator, _ in
            let error = await #expect(throws: AMQPError.self) { try await modest.declare(topology("theirs", "mine.c")) }
            #expect(error?.replyCode == 403)
            #expect(error?.replyText?.contains("'theirs'") == true)
            #expect(try await administrator.queueInfo("mine.queue") == nil)
            // The channel is good for what comes next, and a second try works once the exchange is there.
            try await administrator.declare(AMQPTopology(exchanges: [.init(name: "theirs")]))
            try await modest.declare(topology("theirs", "mine.c"))
            #expect(try await administrator.queueInfo("mine.queue") != nil)
        }
    }
}
