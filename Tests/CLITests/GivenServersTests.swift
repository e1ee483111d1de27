import AMQP
import Foundation
import Postgres
import Servers
import Testing

@Suite(
    "millrace demo on given servers", .timeLimit(.minutes(12)),
    .enabled(if: ServersAvailability.postgres != nil && ServersAvailability.rabbitMQ != nil))
struct GivenServersTests {
    /// Fails when the roles are made over those that are there: the passwords of somebody's real workers would change.
    @Test("runs where nothing of its workers is, leaves nothing, and keeps its hands off what others have")
    func demo() async throws {
        try await CLIServers.with { servers in
            let environment = ["DATABASE_URL": await servers.databaseURL("postgres"), "AMQP_URL": await servers.rabbit.url()]
            for _ in 0..<2 {
                let result = try await ChildProcess.run(
                    .init(
                        executable: Fixture.millrace, arguments: ["demo", "--orders", "40", "-o", "json"],
                        environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }, workingDirectory: Fixture.project),
                    timeout: .seconds(300))
                #expect(result.status == .exited(0), "\(result)")
                let report = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [String: Any]
                #expect(report?["holds"] as? Bool == true)
            }
            let admin = PostgresClient(
                configuration: try PostgresConfiguration(url: await servers.databaseURL("postgres")), logger: Fixture.logger)
            #expect(try await admin.query("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'worker%'", as: Int.self) == [0])
            #expect(
                try await admin.query("SELECT count(*) FROM pg_namespace WHERE nspname IN ('orders', 'edge', 'payments')", as: Int.self)
                    == [0])
            #expect(try await !servers.rabbit.control("list_queues", "name", "--silent").contains("worker."))

            // Somebody deploys for real; the demo must not touch that.
            let folder = try TemporaryDirectory.make() + "/secrets"
            defer { TemporaryDirectory.remove((folder as NSString).deletingLastPathComponent) }
            let setup = try await Fixture.run(
                "setup", "--secrets", folder, environment: try await servers.environment(database: "postgres"))
            #expect(setup.status == .exited(0), "\(setup)")
            let refused = try await Fixture.run("demo", "--orders", "10", environment: environment)
            #expect(refused.status == .exited(64) && refused.standardError.contains("worker_orders"), "\(refused)")
            let worker = PostgresClient(
                configuration: try PostgresConfiguration(url: try Fixture.variables(folder, "orders")["DATABASE_URL"] ?? ""),
                logger: Fixture.logger)
            #expect(try await worker.query("SELECT current_user::text", as: String.self) == ["worker_orders"])
            await worker.close()
            await admin.close()
        }
    }
}
