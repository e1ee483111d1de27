import AMQP
import Foundation
import Postgres
import Servers
import Testing

@Suite(
    "millrace setup", .serialized, .timeLimit(.minutes(4)),
    .enabled(if: ServersAvailability.postgres != nil && ServersAvailability.rabbitMQ != nil))
struct SetupTests {
    private struct Step: Decodable, Equatable {
        var what: String
        var name: String
        var change: String
    }

    private func steps(_ result: ChildProcess.Result) throws -> [Step] {
        #expect(result.status == .exited(0), "\(result)")
        return try JSONDecoder().decode([Step].self, from: Data(result.standardOutput.utf8))
    }

    /// Fails when the files' passwords are not read again: the second run would give the roles new ones under running workers.
    @Test("makes everything, keeps it the second time, and a worker runs on it")
    func everything() async throws {
        try await CLIServers.with { servers in
            let folder = try TemporaryDirectory.make() + "/secrets"
            defer { TemporaryDirectory.remove((folder as NSString).deletingLastPathComponent) }
            let environment = try await servers.environment(database: "shop")
            let result = try await Fixture.run("setup", "--secrets", folder, "-o", "json", environment: environment)
            let first = try steps(result)
            #expect(first.first { $0.what == "database" } == Step(what: "database", name: "shop", change: "made"))
            for what in ["role", "schema", "user", "permissions", "file"] {
                #expect(first.filter { $0.what == what }.map(\.change) == Array(repeating: "made", count: 6), "\(what)")
            }
            // All topics, so that the workers may start in any order though none may make another's.
            let topics = ["commerce.orders", "commerce.payments", "logistics.shipments", "supply.inventory"]
            #expect(first.filter { $0.what == "topic" } == topics.map { Step(what: "topic", name: $0, change: "made") })
            #expect(first.contains(Step(what: "exchange", name: "commands", change: "made")))
            let before = try ["orders", "payments"].map { try Fixture.variables(folder, $0) }
            for name in ["orders", "payments"] {
                #expect(Fixture.mode("\(folder)/\(name)/env") == 0o600 && Fixture.mode("\(folder)/\(name)") == 0o700)
            }
            // No password is printed, neither an administrator's nor a worker's.
            for url in before.flatMap(\.values) + environment.values {
                guard let password = URLComponents(string: url)?.password else { continue }
                #expect(!result.standardOutput.contains(password) && !result.standardError.contains(password))
            }

            let second = try steps(try await Fixture.run("setup", "--secrets", folder, "-o", "json", environment: environment))
            #expect(second.allSatisfy { $0.change != "made" })
            #expect(second.filter { ["file", "permissions", "vhost", "schema", "exchange", "topic"].contains($0.what) }.allSatisfy { $0.change == "kept" })
            #expect(try ["orders", "payments"].map { try Fixture.variables(folder, $0) } == before)

            // Somebody has widened a user's permissions by hand.
            try await servers.rabbit.control("set_permissions", "worker-orders", ".*", ".*", ".*")
            let mended = try steps(try await Fixture.run("setup", "--secrets", folder, "-o", "json", environment: environment))
            #expect(mended.filter { $0.what == "permissions" && $0.change == "updated" }.map(\.name) == ["worker-orders in /"])

            for worker in ["checkout", "edge", "inventory", "orders", "payments", "shipping"] {
                try await run(worker, folder)
            }

            // Fails when what somebody has added to a worker's file is lost.
            let file = folder + "/orders/env"
            try Secret.keep(String(contentsOfFile: file, encoding: .utf8) + "MILLRACE_LOG_LEVEL=debug\n", in: file)
            let rotated = try steps(try await Fixture.run("setup", "--secrets", folder, "--rotate", "--only", "orders", "-o", "json", environment: environment))
            #expect(rotated.contains(Step(what: "file", name: folder + "/orders/env", change: "updated")))
            #expect(try Fixture.variables(folder, "orders") != before[0] && Fixture.variables(folder, "payments") == before[1])
            #expect(try Fixture.variables(folder, "orders")["MILLRACE_LOG_LEVEL"] == "debug")
            try await run("orders", folder)

            // A password stands in a statement as it is. Fails when nobody looks at its characters.
            let text = try String(contentsOfFile: file, encoding: .utf8)
            let password = try #require(URLComponents(string: Fixture.variables(folder, "orders")["DATABASE_URL"] ?? "")?.password)
            try Secret.keep(text.replacingOccurrences(of: password, with: "x%27%20SUPERUSER%20VALID%20UNTIL%20%27infinity"), in: file)
            let injected = try await Fixture.run("setup", "--secrets", folder, "--only", "orders", environment: environment)
            #expect(injected.status == .exited(1) && injected.standardError.contains("characters that it cannot have"), "\(injected)")
        }
    }

    /// Prepares and runs a worker as a deployment does, asks it how it is, and drains it.
    private func run(_ worker: String, _ folder: String) async throws {
        let port = try FreePort.next()
        var environment = ProcessInfo.processInfo.environment.filter { !["DATABASE_URL", "AMQP_URL"].contains($0.key) }
        environment["MILLRACE_HTTP_PORT"] = "\(port)"
        environment["MILLRACE_QUEUE_TYPE"] = "classic"
        let process = try ChildProcess.spawn(
            .init(
                executable: Fixture.millrace, arguments: ["worker", "run", worker, "--prepare", "--env-file", "\(folder)/\(worker)/env"],
                environment: environment, workingDirectory: Fixture.project, standardError: .lines))
        var log: [String] = []
        for await line in process.standardError {
            log.append(line)
            if line.contains("\"message\":\"ready\"") { break }
        }
        #expect(process.isRunning, "\(worker): \(log)")
        let health = try await Fixture.run("worker", "health", "--port", "\(port)")
        #expect(health.status == .exited(0) && health.standardOutput.contains("ok"), "\(health)")
        #expect(await process.stop(signal: SIGTERM, timeout: .seconds(30)) == .exited(0), "\(worker)")
        let gone = try await Fixture.run("worker", "health", "--port", "\(port)")
        #expect(gone.status == .exited(1))
    }

    @Test("says what is wrong with what it was given, and makes nothing")
    func refusals() async throws {
        try await CLIServers.with { servers in
            let folder = try TemporaryDirectory.make()
            defer { TemporaryDirectory.remove(folder) }
            let wrong = try await Fixture.run(
                "setup", "--secrets", folder + "/a",
                environment: ["BROKER_MANAGEMENT_URL": "http://nobody:hidden@127.0.0.1:\(servers.managementPort)"])
            #expect(wrong.status == .exited(1) && wrong.standardError.contains("refused the login of `nobody`"), "\(wrong)")
            #expect(!wrong.standardError.contains("hidden"))
            let silent = try await Fixture.run(
                "setup", "--secrets", folder + "/a", environment: ["BROKER_MANAGEMENT_URL": "http://a:hidden@127.0.0.1:\(try FreePort.next())"])
            #expect(silent.status == .exited(1) && !silent.standardError.contains("hidden"), "\(silent)")
            let foreign = try await Fixture.run("setup", "--secrets", folder + "/a", environment: ["BROKER_MANAGEMENT_URL": "ftp://a:hidden@h"])
            #expect(foreign.status == .exited(64) && !foreign.standardError.contains("hidden"), "\(foreign)")
            // Where no TLS is spoken.
            let plain = try await Fixture.run(
                "setup", "--secrets", folder + "/a", environment: ["BROKER_MANAGEMENT_URL": "https://a:hidden@127.0.0.1:\(servers.managementPort)"])
            #expect(plain.status == .exited(1) && !plain.standardError.contains("hidden"), "\(plain)")

            // A role that may not make roles.
            let admin = PostgresClient(configuration: try PostgresConfiguration(url: await servers.databaseURL("postgres")), logger: Fixture.logger)
            try await admin.execute("CREATE ROLE modest LOGIN PASSWORD 'modest'")
            await admin.close()
            let url = try PostgresConfiguration.url(await servers.databaseURL("postgres"), user: "modest", password: "modest")
            let modest = try await Fixture.run("setup", "--secrets", folder + "/a", environment: ["DATABASE_URL": url])
            #expect(modest.status == .exited(1) && modest.standardError.contains("may not make roles"), "\(modest)")
        }
    }
}
