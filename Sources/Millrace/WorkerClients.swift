import AMQP
import Logging
import Messaging
import Postgres

/// A worker's connections to the world, configured and not yet used.
struct WorkerClients {
    let postgres: PostgresClient
    let amqp: AMQPClient
    let messaging: Messaging

    /// - Throws: ``SettingsError`` for a URL that is missing or makes no sense.
    init(_ worker: Worker, logger: Logger) throws {
        postgres = try Self.postgres(worker, logger: logger)
        amqp = try Self.amqp(worker, logger: logger)
        messaging = Messaging(
            configuration: worker.messaging, handlers: worker.allHandlers(), postgres: postgres, amqp: amqp, logger: logger)
    }

    static func postgres(_ worker: Worker, logger: Logger) throws -> PostgresClient {
        guard let url = worker.settings.environment["DATABASE_URL"], !url.isEmpty else {
            throw SettingsError("DATABASE_URL is not set: postgres://user:password@host:port/database")
        }
        var configuration: PostgresConfiguration
        do {
            configuration = try PostgresConfiguration(url: url)
        } catch {
            throw SettingsError("DATABASE_URL: \(error.message)")
        }
        configuration.setSchema(worker.settings.schema)
        configuration.applicationName = "millrace/\(worker.name)"
        // Batches, relay, retries, timers, submissions and queries; each is opened when it is first needed.
        configuration.pool.minimum = 1
        // A client is better told 503 soon than kept waiting.
        configuration.pool.acquireTimeout = .seconds(3)
        configuration.pool.maximum = worker.settings.connections
        return PostgresClient(configuration: configuration, logger: logger)
    }

    static func amqp(_ worker: Worker, logger: Logger) throws -> AMQPClient {
        guard let url = worker.settings.environment["AMQP_URL"], !url.isEmpty else {
            throw SettingsError("AMQP_URL is not set: amqp://user:password@host:port/vhost")
        }
        var configuration: AMQPConfiguration
        do {
            configuration = try AMQPConfiguration(url: url)
        } catch {
            throw SettingsError("AMQP_URL: \(error.message)")
        }
        configuration.connectionName = "millrace/\(worker.name)"
        return AMQPClient(configuration: configuration, logger: logger)
    }
}
