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
                #expect(first.filter { $0.what == what }.map(\.change) == Array(repeating: "made", count: 7), "\(what)")
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
            #expect(
                second.filter { ["file", "permissions", "vhost", "schema", "exchange", "topic"].contains($0.what) }.allSatisfy {
                    $0.change == "kept"
                })
            #expect(try ["orders", "payments"].map { try Fixture.variables(folder, $0) } == before)

            for worker in ["checkout", "edge", "inventory", "journal", "orders", "payments", "shipping"] {
                try await run(worker, folder)
            }

            // Fails when what somebody has added to a worker's file is lost.
            let file = folder + "/orders/env"
            try Secret.keep(String(contentsOfFile: file, encoding: .utf8) + "MILLRACE_LOG_LEVEL=debug\n", in: file)
            let rotated = try steps(
                try await Fixture.run("setup", "--secrets", folder, "--rotate", "--only", "orders", "-o", "json", environment: environment))
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

    /// Fails when any one of the three permissions is not compared, when they are said to be mended and are not, and when a user that
    /// is there is left as it is.
    @Test("mends what somebody has changed by hand: each of a user's permissions, its tags, its password")
    func mends() async throws {
        try await CLIServers.with { servers in
            try await Fixture.withFolder { folder in
                try await mends(servers, folder + "/secrets", try await servers.environment(database: "shop"))
            }
        }
    }

    private func mends(_ servers: CLIServers, _ folder: String, _ environment: [String: String]) async throws {
        struct User: Decodable { var user: String, tags: [String] }
        struct Permissions: Decodable { var configure: String, write: String, read: String }
        func list<Row: Decodable>(_ what: String...) async throws -> [Row] {
            let text = try await servers.rabbit.control(what + ["--formatter", "json", "--quiet"])
            return try JSONDecoder().decode([Row].self, from: Data(text.utf8))
        }
        func permissions() async throws -> [String] {
            let rows: [Permissions] = try await list("list_user_permissions", "worker-orders")
            return rows.flatMap { [$0.configure, $0.write, $0.read] }
        }
        func set(_ permissions: [String]) async throws {
            try await servers.rabbit.control("set_permissions", "worker-orders", permissions[0], permissions[1], permissions[2])
        }
        func setup() async throws -> [Step] {
            try steps(try await Fixture.run("setup", "--secrets", folder, "--only", "orders", "-o", "json", environment: environment))
        }
        _ = try await setup()
        let right = try await permissions()
        #expect(right.count == 3)
        for index in right.indices {
            var wide = right
            wide[index] = ".*"
            try await set(wide)
            #expect(
                try await setup().filter { $0.what == "permissions" } == [
                    Step(what: "permissions", name: "worker-orders in /", change: "updated")
                ])
            #expect(try await permissions() == right)
        }
        try await servers.rabbit.control("set_user_tags", "worker-orders", "administrator")
        try await servers.rabbit.control("change_password", "worker-orders", "other")
        _ = try await setup()
        let users: [User] = try await list("list_users")
        #expect(users.first { $0.user == "worker-orders" }?.tags == [])
        let login = try AMQPConfiguration(url: try #require(Fixture.variables(folder, "orders")["AMQP_URL"]))
        try await AMQPClient(configuration: login, logger: Fixture.logger).executeThenClose {
            try await $0.declare(AMQPTopology(exchanges: [.init(name: "commerce.orders")]))
        }
    }

    /// Needs no server: it ends where none answers. Fails when the file's mode is not looked at, when it is looked at for the group or
    /// for others alone, or for reading alone, and when its owner's permissions count.
    @Test("a file of passwords that others may read is warned of, and no other")
    func openFile() async throws {
        try await Fixture.withFolder { folder in
            let (file, url) = (folder + "/payments/env", "http://administrator:hidden@127.0.0.1:\(try FreePort.next())")
            try Fixture.write("MILLRACE_LOG_LEVEL=debug\n", to: file)
            func words(_ mode: Int) async throws -> String {
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
                let result = try await Fixture.run(
                    "setup", "--secrets", folder, "--only", "payments", environment: ["BROKER_MANAGEMENT_URL": url])
                #expect(result.status == .exited(1), "\(result)")
                return result.standardError
            }
            for mode in [0o640, 0o604, 0o620, 0o644] {
                #expect(try await words(mode).contains("others may read \(file): chmod 600 \(file)"), "\(String(mode, radix: 8))")
            }
            #expect(try await !words(0o600).contains("others may read"))
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
                "setup", "--secrets", folder + "/a",
                environment: ["BROKER_MANAGEMENT_URL": "http://a:hidden@127.0.0.1:\(try FreePort.next())"])
            #expect(silent.status == .exited(1) && !silent.standardError.contains("hidden"), "\(silent)")
            let foreign = try await Fixture.run(
                "setup", "--secrets", folder + "/a", environment: ["BROKER_MANAGEMENT_URL": "ftp://a:hidden@h"])
            #expect(foreign.status == .exited(64) && !foreign.standardError.contains("hidden"), "\(foreign)")
            // Where no TLS is spoken.
            let plain = try await Fixture.run(
                "setup", "--secrets", folder + "/a",
                environment: ["BROKER_MANAGEMENT_URL": "https://a:hidden@127.0.0.1:\(servers.managementPort)"])
            #expect(plain.status == .exited(1) && !plain.standardError.contains("hidden"), "\(plain)")

            // A role that may not make roles.
            let admin = PostgresClient(
                configuration: try PostgresConfiguration(url: await servers.databaseURL("postgres")), logger: Fixture.logger)
            try await admin.execute("CREATE ROLE modest LOGIN PASSWORD 'modest'")
            await admin.close()
            let url = try PostgresConfiguration.url(await servers.databaseURL("postgres"), user: "modest", password: "modest")
            let modest = try await Fixture.run("setup", "--secrets", folder + "/a", environment: ["DATABASE_URL": url])
            #expect(modest.status == .exited(1) && modest.standardError.contains("may not make roles"), "\(modest)")
        }
    }
}
