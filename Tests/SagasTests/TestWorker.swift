import AMQP
import Contracts
import Logging
import Messaging
import Postgres
import Sagas
import TestSupport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A worker within the test process: its own schema and queue, real servers.
struct TestWorker: Sendable {
    let configuration: MessagingConfiguration
    let postgres: PostgresClient
    let amqp: AMQPClient
    let messaging: Messaging

    init(
        _ configuration: MessagingConfiguration, _ handlers: MessageHandlers, database: PostgresConfiguration
    ) async throws {
        let logger = Self.logger(configuration.worker)
        self.configuration = configuration
        postgres = PostgresClient(configuration: database, logger: logger)
        amqp = AMQPClient(configuration: try AMQPConfiguration(url: try await TestRabbitMQ.url()), logger: logger)
        messaging = Messaging(
            configuration: configuration, handlers: handlers, postgres: postgres, amqp: amqp, logger: logger)
        try await messaging.prepare()
    }

    static func logger(_ name: String) -> Logger {
        var logger = Logger(label: name)
        logger.logLevel = .critical
        return logger
    }

    /// Runs the messaging while `body` runs, then drains it.
    func running<R: Sendable>(_ body: @Sendable () async throws -> R) async throws -> R {
        let work = Task { try await messaging.run() }
        do {
            let result = try await body()
            work.cancel()
            _ = await work.result
            return result
        } catch {
            work.cancel()
            _ = await work.result
            throw error
        }
    }

    /// Deletes the queue and closes the connections.
    func end() async {
        for queue in configuration.queues { _ = try? await amqp.delete(queue: queue) }
        await amqp.close()
        await postgres.close()
    }

    static func configuration(_ worker: String) -> MessagingConfiguration {
        var configuration = MessagingConfiguration(worker: worker, queue: TestRabbitMQ.uniqueName("test.\(worker)"))
        configuration.queueType = .classic
        configuration.relayPoll = .milliseconds(100)
        configuration.timerPoll = .milliseconds(20)
        configuration.retry = RetryPolicy()
        return configuration
    }
}
