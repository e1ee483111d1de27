import AMQP
import Foundation
import Logging
import Postgres
import Servers
import TestSupport

/// Servers that a test gives to the command, as somebody who already has servers does.
struct CLIServers {
    let postgres: PrivatePostgres
    let rabbit: PrivateRabbitMQ
    let managementPort: Int

    static func with<R>(_ body: (CLIServers) async throws -> R) async throws -> R {
        let port = try FreePort.next()
        let rabbit = try await PrivateRabbitMQ.temporary(
            plugins: PrivateRabbitMQ.standardPlugins + ["rabbitmq_management"],
            settings: ["management.tcp.ip": "127.0.0.1", "management.tcp.port": "\(port)"])
        let postgres = try await PrivatePostgres.temporary()
        let servers = CLIServers(postgres: postgres, rabbit: rabbit, managementPort: port)
        do {
            let result = try await body(servers)
            await servers.remove()
            return result
        } catch {
            await servers.remove()
            throw error
        }
    }

    private func remove() async {
        await rabbit.remove()
        await postgres.remove()
    }

    /// The administrator's URL of a database that need not be there.
    func databaseURL(_ name: String) async -> String { await postgres.url(database: name) }

    /// The administrator's URL of the broker's management.
    func managementURL() async throws -> String {
        let login = try AMQPConfiguration(url: await rabbit.url())
        return "http://\(login.user):\(login.password)@127.0.0.1:\(managementPort)"
    }

    /// The environment from which `setup` learns all of this.
    func environment(database: String) async throws -> [String: String] {
        [
            "DATABASE_URL": await databaseURL(database), "BROKER_MANAGEMENT_URL": try await managementURL(),
            "AMQP_URL": "amqp://127.0.0.1:\(await rabbit.port)/%2F",
        ]
    }
}

extension Fixture {
    /// The variables in a worker's file.
    static func variables(_ folder: String, _ worker: String) throws -> [String: String] {
        let text = try String(contentsOfFile: "\(folder)/\(worker)/env", encoding: .utf8)
        var variables: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let pair = line.split(separator: "=", maxSplits: 1).map(String.init)
            if pair.count == 2 { variables[pair[0]] = pair[1] }
        }
        return variables
    }

    /// The permission bits of a file.
    static func mode(_ path: String) -> Int? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int
    }

    /// A worker's executable, beside the command.
    static func executable(_ worker: String) -> String { BuiltProducts.path("\(worker)-worker") }

    static let logger: Logger = {
        var logger = Logger(label: "test.cli")
        logger.logLevel = .critical
        return logger
    }()

    /// Looks every 20 ms whether a condition holds.
    static func eventually(within limit: Duration = .seconds(60), _ condition: () async throws -> Bool) async rethrows -> Bool {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if try await condition() { return true }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return try await condition()
    }
}
