import AMQP
import MillraceTesting
import Testing

/// What the documentation promises of `withBroker`.
@Suite(.timeLimit(.minutes(4))) struct WithBrokerTests {
    private struct OfTheTest: Error {}

    /// Runs `body` with a client that is closed at the end.
    private func connected<R>(
        _ url: String, waitingFor limit: Duration = .seconds(30), _ body: (AMQPClient) async throws -> R
    ) async throws -> R {
        var configuration = try AMQPConfiguration(url: url)
        configuration.operationTimeout = limit
        return try await AMQPClient(configuration: configuration, logger: .silent).executeThenClose(body)
    }

    @Test func aTestHasABrokerOfItsOwn() async throws {
        let body = try await withBroker { url in
            try await connected(url) { client in
                try await client.declare(
                    AMQPTopology(
                        exchanges: [.init(name: "commerce.orders")], queues: [.init(name: "seen")],
                        bindings: [.init(source: "commerce.orders", destination: "seen", routingKey: "order.*")]))
                let outcome = await client.publisher().publish(
                    OutgoingMessage(exchange: "commerce.orders", routingKey: "order.created", body: [1, 2, 3], mandatory: true))
                #expect(outcome.isConfirmed)
                return try await client.get(queue: "seen")?.body
            }
        }
        #expect(body == [1, 2, 3])
    }

    @Test func twoAtATimeKnowNothingOfEachOther() async throws {
        try await withBroker { first in
            try await withBroker { second in
                #expect(first != second)
                try await connected(first) { try await $0.declare(AMQPTopology(queues: [.init(name: "only-there")])) }
                #expect(try await connected(second) { try await $0.queueInfo("only-there") } == nil)
            }
        }
    }

    /// Fails when the broker is not shut down after `body`, or not when that throws.
    @Test(arguments: [false, true]) func itIsGoneAtTheEnd(_ throwing: Bool) async throws {
        var urls: [String] = []
        do {
            try await withBroker { url in
                urls.append(url)
                try await connected(url) { _ = try await $0.queueInfo("q") }
                if throwing { throw OfTheTest() }
            }
            #expect(!throwing)
        } catch is OfTheTest {
            #expect(throwing)
        }
        let error = await #expect(throws: AMQPError.self) {
            try await connected(urls[0], waitingFor: .seconds(5)) { try await $0.queueInfo("q") }
        }
        #expect(error?.isConnectionFailure == true)
    }

    @Test func itsConfigurationCanBeChanged() async throws {
        let login = ("o'brien@x", "p/ä:%#")
        try await withBroker({
            $0.defaultUser = login.0
            $0.defaultPassword = login.1
            $0.limits.messageBytes = 1_000
        }) { url in
            #expect(!url.contains(login.1))
            try await connected(url) { client in
                try await client.declare(AMQPTopology(queues: [.init(name: "q")]))
                let publisher = client.publisher()
                let outcomes = [
                    await publisher.publish(OutgoingMessage(exchange: "", routingKey: "q", body: Array(repeating: 0, count: 1_000))),
                    await publisher.publish(OutgoingMessage(exchange: "", routingKey: "q", body: Array(repeating: 0, count: 1_001))),
                ]
                #expect(outcomes.map(\.isConfirmed) == [true, false])
            }
        }
    }

    @Test func theManagementPortIsToldToo() async throws {
        try await withBrokerAddress({ $0.management = .init(port: 0) }) { address, url in
            #expect(address.managementPort != nil)
            #expect(url.contains(":\(address.port ?? -1)/"))
        }
        try await withBrokerAddress { address, _ in #expect(address.managementPort == nil) }
    }
}
