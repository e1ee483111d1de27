import Foundation
import Servers

/// The brokers that everything which depends on a broker is tested on, with the same assertions:
/// `@Test(arguments: TestBroker.allCases) func …(_ broker: TestBroker)`.
public enum TestBroker: String, CaseIterable, Sendable {
    /// Our own, as a process of its own with its data in a folder.
    case embedded
    case rabbitMQ

    /// The administrator's URL of the broker of this kind that all suites of this test process share.
    public func url() async throws -> String {
        switch self {
        case .embedded: try await Self.shared.url()
        case .rabbitMQ: try await TestRabbitMQ.url()
        }
    }

    /// Runs `body` with a broker of the test's own, which it may stop and kill. It is gone afterwards.
    public func withOwn<R>(_ body: (OwnBroker) async throws -> R) async throws -> R {
        let broker: OwnBroker
        switch self {
        case .embedded:
            let process = try await BrokerProcess.temporary()
            broker = OwnBroker(
                url: process.url, start: { try await process.start() }, stop: { await process.stop() }, kill: { await process.kill() },
                remove: { await process.remove() })
        case .rabbitMQ:
            let node = try await PrivateRabbitMQ.temporary()
            broker = OwnBroker(
                url: await node.url(), start: { _ = try await node.start() }, stop: { await node.stop() }, kill: { await node.kill() },
                remove: { await node.remove() })
        }
        do {
            let result = try await body(broker)
            await broker.remove()
            return result
        } catch {
            await broker.remove()
            throw error
        }
    }

    private actor Shared {
        private var starting: Task<BrokerProcess, any Error>?

        func url() async throws -> String {
            if let starting { return try await starting.value.url }
            let task = Task { try await BrokerProcess.temporary() }
            starting = task
            return try await task.value.url
        }
    }

    private static let shared = Shared()
}

/// A broker that belongs to one test, of either kind.
public struct OwnBroker: Sendable {
    /// The administrator's URL; it stays the same over restarts.
    public let url: String
    /// Starts it again on what is on its disk, and waits until it listens.
    public let start: @Sendable () async throws -> Void
    /// Stops it in good order.
    public let stop: @Sendable () async -> Void
    /// Kills it as a power failure would, and returns when it is gone.
    public let kill: @Sendable () async -> Void
    /// Stops it and removes its data.
    let remove: @Sendable () async -> Void
}
