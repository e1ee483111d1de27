import AMQP
import Logging
import TestSupport
import Testing

/// A client on the shared broker of that kind, or on that of `url`, closed at the end; `queue` is a fresh name.
func withClient<R>(
    _ broker: TestBroker = .rabbitMQ, url: String? = nil, configure: (inout AMQPConfiguration) -> Void = { _ in },
    _ body: (AMQPClient, String) async throws -> R
) async throws -> R {
    let shared = url == nil ? try await broker.url() : ""
    var configuration = try AMQPConfiguration(url: url ?? shared)
    configure(&configuration)
    let client = AMQPClient(configuration: configuration, logger: quietLogger())
    let queue = TestRabbitMQ.uniqueName("q")
    return try await client.executeThenClose { try await body($0, queue) }
}

/// What `body` returns, or nil if that takes longer than `limit`; then `body` is left to itself, so that a test of something that
/// may hang for ever ends with a failure and not with its time limit.
func within<R: Sendable>(_ limit: Duration, _ body: @escaping @Sendable () async -> R) async -> R? {
    let (answers, answer) = AsyncStream<R?>.makeStream()
    let clock = Task {
        try await Task.sleep(for: limit)
        answer.yield(nil)
    }
    Task { answer.yield(await body()) }
    defer { clock.cancel() }
    for await first in answers { return first }
    return nil
}

func quietLogger() -> Logger {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
}

func message(_ queue: String, _ number: Int, mandatory: Bool = false, size: Int = 0) -> OutgoingMessage {
    OutgoingMessage(
        exchange: "", routingKey: queue, properties: MessageProperties(messageID: "m\(number)"),
        body: Array("\(number)".utf8) + [UInt8](repeating: 0x20, count: size), mandatory: mandatory)
}

extension Delivery {
    var number: Int { Int(String(decoding: body.prefix { $0 != 0x20 }, as: UTF8.self)) ?? -1 }
}

extension PublishOutcome {
    var error: AMQPError? { if case .failed(let error) = self { error } else { nil } }
}

extension AMQPConsumer {
    /// Takes deliveries until there are `count`, acknowledging each batch.
    func take(_ count: Int, acknowledge: Bool = true) async throws -> [Delivery] {
        var all: [Delivery] = []
        while all.count < count, let batch = try await nextBatch(max: count - all.count) {
            all += batch
            if acknowledge, let last = batch.last { self.acknowledge(through: last, multiple: true) }
        }
        return all
    }
}

extension AMQPClient {
    /// Whether a queue comes to be so: RabbitMQ takes messages back, and forgets a consumer, some time after it has answered the
    /// close.
    func settles(_ queue: String, _ isSo: (QueueInfo) -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            if let info = try await queueInfo(queue), isSo(info) { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    /// Waits until a queue has so many consumers; the test's own time limit bounds it.
    func waitForConsumers(_ count: Int, of queue: String) async throws {
        while try await queueInfo(queue)?.consumers != count { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// Waits for a state; the test's own time limit bounds it, and then the last state is said.
    func reaches(_ matches: (ConnectionState) -> Bool) async {
        var last: ConnectionState?
        for await state in states {
            if matches(state) { return }
            last = state
        }
        Issue.record("the client stayed \(last.map { "\($0)" } ?? "without a state")")
    }
}

func isConnected(_ state: ConnectionState) -> Bool { if case .connected = state { true } else { false } }
func isDisconnected(_ state: ConnectionState) -> Bool { if case .disconnected = state { true } else { false } }
func isBlocked(_ state: ConnectionState) -> Bool { if case .blocked = state { true } else { false } }
