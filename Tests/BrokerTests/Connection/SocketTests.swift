import AMQP
import Broker
import Logging
import NIOCore
import NIOPosix
import Testing

/// Runs a broker of its own on a free port.
func withBroker<Result>(
    _ configure: (inout BrokerConfiguration) -> Void = { _ in }, _ body: (BrokerAddress) async throws -> Result
) async throws -> Result {
    var configuration = BrokerConfiguration()
    configuration.port = 0
    configure(&configuration)
    var logger = Logger(label: "broker")
    logger.logLevel = .critical
    let broker = Broker(configuration: configuration, logger: logger)
    let address = try await broker.start()
    do {
        let result = try await body(address)
        await broker.shutdown()
        return result
    } catch {
        await broker.shutdown()
        throw error
    }
}

extension AMQP.PublishOutcome {
    fileprivate var isConfirmed: Bool { if case .confirmed = self { true } else { false } }
}

/// The broker over real sockets, with this project's own client and with bare bytes.
@Suite struct SocketTests {
    private func withClient(_ address: BrokerAddress, _ body: (AMQPClient) async throws -> Void) async throws {
        var logger = Logger(label: "client")
        logger.logLevel = .critical
        let url = "amqp://guest:guest@127.0.0.1:\(address.port ?? 0)/%2F"
        try await AMQPClient(configuration: try AMQPConfiguration(url: url), logger: logger).executeThenClose(body)
    }

    @Test func publishesConfirmsAndDelivers() async throws {
        try await withBroker { address in
            try await withClient(address) { client in
                try await client.declare(AMQPTopology(queues: [.init(name: "q")]))
                let batch = (0..<500).map { number in
                    OutgoingMessage(
                        exchange: "", routingKey: "q", properties: MessageProperties(messageID: "m\(number)"),
                        body: Array("\(number)".utf8), mandatory: true)
                }
                let outcomes = await client.publisher().publish(batch)
                let confirmed = outcomes.filter(\.isConfirmed).count
                #expect(confirmed == 500)
                let consumer = client.consumer(queue: "q", prefetch: 50)
                var received: [String] = []
                while received.count < 500, let deliveries = try await consumer.nextBatch(max: 500) {
                    received += deliveries.map { String(decoding: $0.body, as: UTF8.self) }
                    if let last = deliveries.last { consumer.acknowledge(through: last, multiple: true) }
                }
                #expect(received == (0..<500).map { "\($0)" })
                await consumer.close()
                #expect(try await client.queueInfo("q")?.messages == 0)
            }
        }
    }

    @Test func largeBodiesPassThrough() async throws {
        try await withBroker { address in
            try await withClient(address) { client in
                try await client.declare(AMQPTopology(queues: [.init(name: "q")]))
                let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
                let message = OutgoingMessage(
                    exchange: "", routingKey: "q", properties: MessageProperties(), body: body, mandatory: true)
                let outcome = await client.publisher().publish(message)
                #expect(outcome.isConfirmed)
                #expect(try await client.get(queue: "q")?.body == body)
            }
        }
    }

    @Test func wrongPasswordsAreRefused() async throws {
        try await withBroker { address in
            var configuration = try AMQPConfiguration(url: "amqp://guest:wrong@127.0.0.1:\(address.port ?? 0)/%2F")
            configuration.operationTimeout = .seconds(10)
            var logger = Logger(label: "client")
            logger.logLevel = .critical
            let client = AMQPClient(configuration: configuration, logger: logger)
            await #expect(throws: (any Error).self) { _ = try await client.queueInfo("q") }
            await client.close()
        }
    }

    @Test func manyBrokersLiveInOneProcess() async throws {
        try await withBroker { first in
            try await withBroker { second in
                #expect(first.port != second.port)
                try await withClient(first) { try await $0.declare(AMQPTopology(queues: [.init(name: "q")])) }
                try await withClient(second) { client in
                    let info = try await client.queueInfo("q")
                    #expect(info == nil)
                }
            }
        }
    }

    @Test func aTakenPortIsSaid() async throws {
        try await withBroker { address in
            var configuration = BrokerConfiguration()
            configuration.port = address.port ?? 0
            let other = Broker(configuration: configuration, logger: Logger(label: "broker"))
            let error = await #expect(throws: BrokerError.self) { _ = try await other.start() }
            #expect(error?.code == .listen)
        }
    }

    /// Sockets that are opened and dropped leave nothing behind, and others are served meanwhile.
    @Test func droppedConnections() async throws {
        try await withBroker { address in
            try await withClient(address) { client in
                try await client.declare(AMQPTopology(queues: [.init(name: "q")]))
                for round in 0..<20 {
                    let sockets = try await Self.connect(address, 50)
                    for (number, socket) in sockets.enumerated() {
                        if number.isMultiple(of: 2) { try? await socket.writeAndFlush(ByteBuffer(bytes: [0x41, 0x4D, 0x51])) }
                        try? await socket.close()
                    }
                    if round.isMultiple(of: 5) { #expect(try await client.queueInfo("q") != nil) }
                }
            }
        }
    }

    private static func connect(_ address: BrokerAddress, _ count: Int) async throws -> [any Channel] {
        var all: [any Channel] = []
        for _ in 0..<count {
            all.append(
                try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: "127.0.0.1", port: address.port ?? 0).get())
        }
        return all
    }
}
