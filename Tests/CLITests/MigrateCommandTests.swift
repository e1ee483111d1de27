import Foundation
import Logging
import Postgres
import Servers
import TestSupport
import Testing

/// An operator's way from a refused migration to a migrated schema.
@Suite(
    "millrace migrate", .timeLimit(.minutes(4)), .enabled(if: ServersAvailability.postgres != nil && ServersAvailability.rabbitMQ != nil))
struct MigrateCommandTests {
    /// A project with the worker `payments`, a server of its own, and the commands on it.
    private struct System {
        let project: String
        let environment: [String: String]

        func write(_ script: String, _ sql: String) throws {
            try sql.write(toFile: "\(project)/workers/payments/migrations/\(script)", atomically: true, encoding: .utf8)
        }

        func migrate(_ arguments: String...) async throws -> ChildProcess.Result { try await migrate(arguments) }

        func migrate(_ arguments: [String]) async throws -> ChildProcess.Result {
            try await ChildProcess.run(
                .init(executable: Fixture.millrace, arguments: ["migrate", "payments"] + arguments, environment: environment))
        }

        /// The states of the worker's own migrations by their scripts.
        func states(_ arguments: String...) async throws -> [String: String] {
            let result = try await migrate(arguments + ["-o", "json"])
            #expect(result.status == .exited(0), "\(result)")
            let rows = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [[String: Any]] ?? []
            #expect(rows.allSatisfy { $0["worker"] as? String == "payments" })
            let own = rows.filter { $0["history"] as? String == "flyway_schema_history" }
            return Dictionary(own.map { ($0["script"] as? String ?? "", $0["state"] as? String ?? "") }) { first, _ in first }
        }
    }

    private func withSystem(_ body: (System) async throws -> Void) async throws {
        let project = try TemporaryDirectory.make(prefix: "millrace-project")
        defer { TemporaryDirectory.remove(project) }
        try FileManager.default.createDirectory(atPath: project + "/workers/payments/migrations", withIntermediateDirectories: true)
        try "name: payments\nowns: [commerce.payments]\n".write(
            toFile: project + "/workers/payments/worker.yaml", atomically: true, encoding: .utf8)
        let postgres = try await PrivatePostgres.temporary()
        var environment = ProcessInfo.processInfo.environment
        environment["DATABASE_URL"] = await postgres.url()
        environment["AMQP_URL"] = try await TestRabbitMQ.url()
        environment["MILLRACE_HOME"] = project
        environment["MILLRACE_QUEUE_TYPE"] = "classic"
        do {
            try await body(System(project: project, environment: environment))
        } catch {
            await postgres.remove()
            throw error
        }
        await postgres.remove()
    }

    @Test("a script that has changed is refused with the command that accepts it, and then it goes on")
    func repair() async throws {
        try await withSystem { system in
            try system.write("V1__made.sql", "CREATE TABLE made (n int);")
            #expect(try await system.states("--info") == ["V1__made.sql": "pending"])
            #expect(try await system.migrate().status == .exited(0))
            #expect(try await system.states("--info") == ["V1__made.sql": "applied"])
            let fine = try await system.migrate("--validate")
            #expect(fine.status == .exited(0) && fine.standardOutput.contains("yes"), "\(fine)")

            try system.write("V1__made.sql", "CREATE TABLE made (n int); -- changed")
            let refused = try await system.migrate()
            #expect(refused.status == .exited(1) && refused.standardError.contains("was changed after it was applied"), "\(refused)")
            #expect(refused.standardError.contains("millrace migrate payments --repair"), "\(refused)")
            #expect(try await system.states("--info") == ["V1__made.sql": "changed"])
            let invalid = try await system.migrate("--validate", "-o", "json")
            #expect(invalid.status == .exited(1) && invalid.standardOutput.contains(#""isValid" : false"#), "\(invalid)")

            #expect(try await system.states("--repair") == ["V1__made.sql": "aligned"])
            #expect(try await system.states("--repair") == [:])
            try system.write("V2__more.sql", "ALTER TABLE made ADD COLUMN m int;")
            #expect(try await system.migrate().status == .exited(0))
            #expect(try await system.states("--info") == ["V1__made.sql": "applied", "V2__more.sql": "applied"])
            #expect(try await system.migrate("--validate").status == .exited(0))
        }
    }

    @Test("a baseline leaves out what is up to it, and can only be the beginning")
    func baseline() async throws {
        try await withSystem { system in
            try system.write("V1__there.sql", "SELECT nobody FROM nothing;")
            try system.write("V2__made.sql", "CREATE TABLE made (n int);")
            #expect(try await system.migrate("--baseline", "1").status == .exited(0))
            #expect(try await system.migrate("--baseline", "1").status == .exited(0))
            #expect(try await system.migrate().status == .exited(0))
            let states = try await system.states("--info")
            #expect(states["V1__there.sql"] == "belowBaseline" && states["V2__made.sql"] == "applied", "\(states)")
            let late = try await system.migrate("--baseline", "2")
            #expect(late.status == .exited(1) && late.standardError.contains("can only be its beginning"), "\(late)")
        }
    }
}
