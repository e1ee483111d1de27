import ArgumentParser
import Foundation
import Logging
import Observability
import Postgres

/// How a command that talks to running servers finds them.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The data folder of a running `millrace up`.", valueName: "dir"))
    var data: String?

    /// The database: `DATABASE_URL`, else that of the running `up`.
    func databaseURL() throws -> String {
        if let url = ProcessInfo.processInfo.environment["DATABASE_URL"], !url.isEmpty { return url }
        if let state = RunState.find(data) { return state.databaseURL }
        throw UsageFailure("no database: set DATABASE_URL, or start `millrace up` first")
    }

    /// The broker: `AMQP_URL`, else that of the running `up`.
    func amqpURL() throws -> String {
        if let url = ProcessInfo.processInfo.environment["AMQP_URL"], !url.isEmpty { return url }
        if let state = RunState.find(data) { return state.amqpURL }
        throw UsageFailure("no broker: set AMQP_URL, or start `millrace up` first")
    }

    /// Calls `body` with a client of the database whose unqualified names are those of the schema.
    func with<R: Sendable>(schema: String, _ body: (PostgresClient) async throws -> R) async throws -> R {
        var configuration = try PostgresConfiguration(url: databaseURL())
        configuration.setSchema(schema)
        configuration.applicationName = "millrace"
        return try await PostgresClient(configuration: configuration, logger: .quiet).executeThenClose { try await body($0) }
    }
}

/// How a command reaches the schema of a worker.
struct SchemaOptions: ParsableArguments {
    @Option(help: "Its schema (default: its name, with _ for -).") var schema: String?
    @OptionGroup var connections: ConnectionOptions

    /// Calls `body` with a client whose unqualified names are those of the worker's schema, and the schema's name.
    func with<R: Sendable>(_ worker: String, _ body: (PostgresClient, String) async throws -> R) async throws -> R {
        let schema = schema ?? WorkerManifest.schema(of: worker)
        return try await connections.with(schema: schema) { try await body($0, schema) }
    }
}

extension Logger {
    /// Says only what is grave: the command's own words are for people.
    static var quiet: Logger {
        var logger = Logger(label: "millrace") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .critical
        return logger
    }
}

/// Runs the body of a command and turns what it throws into words and an exit code.
func reporting(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let error as ExitCode {
        throw error
    } catch let error as UsageFailure {
        Console.shared.endProgress()
        Console.shared.complain(error.description)
        throw ExitCode.usage
    } catch {
        Console.shared.endProgress()
        Console.shared.complain(Redaction.text("\(error)"))
        throw ExitCode.failure
    }
}
