import AMQP
import Contracts
import Foundation
import Logging
import Postgres
import Servers
import TestSupport
import Testing
import Topics

/// The worker of the documents does what they say.
@Suite("The example worker", .timeLimit(.minutes(4)), .enabled(if: ServersAvailability.rabbitMQ != nil))
struct LoyaltyTests {
    /// The same event twice, as a broker may deliver it.
    @Test("gives a point for each euro, once")
    func points() async throws {
        let database = try await TestPostgres.database("loyalty")
        let amqpURL = try await TestRabbitMQ.url()
        let url = try PostgresConfiguration.url(try await TestPostgres.url(), database: database.database)
        var environment = ProcessInfo.processInfo.environment
        environment.merge(
            [
                "DATABASE_URL": url, "AMQP_URL": amqpURL, "MILLRACE_HOME": Fixture.project + "/Examples", "MILLRACE_QUEUE_TYPE": "classic",
            ]
        ) { $1 }
        let process = try ChildProcess.spawn(
            .init(
                executable: Fixture.millrace, arguments: ["worker", "run", "loyalty", "--prepare"], environment: environment,
                standardError: .lines))
        for await line in process.standardError where line.contains("\"message\":\"ready\"") { break }
        #expect(process.isRunning)

        let client = AMQPClient(configuration: try AMQPConfiguration(url: amqpURL), logger: Fixture.logger)
        let order = OrderCreated(
            orderID: .v7(), customerID: "42", items: [OrderItem(productID: "tea", quantity: 2, unitPriceCents: 1_199)], totalCents: 2_398)
        let envelope = try Envelope(order, source: "/test")
        for _ in 0..<2 {
            let outcome = await client.publisher().publish(
                OutgoingMessage(exchange: OrderCreated.topic, routingKey: OrderCreated.type, body: envelope.encoded(), mandatory: true))
            #expect(outcome.isConfirmed)
        }
        let db = PostgresClient(configuration: database, logger: Fixture.logger)
        let isDone = try await Fixture.eventually {
            let (info, rows) = (
                try await client.queueInfo("worker.loyalty"), try await db.query("SELECT count(*) FROM loyalty.points", as: Int.self)
            )
            return info?.messages == 0 && rows == [1]
        }
        #expect(isDone)
        #expect(await process.stop(signal: SIGTERM, timeout: .seconds(30)) == .exited(0))
        #expect(try await db.query("SELECT points FROM loyalty.points WHERE customer_id = '42'", as: Int.self) == [23])
        await db.close()
        _ = try await client.delete(queue: "worker.loyalty")
        await client.close()
    }
}
