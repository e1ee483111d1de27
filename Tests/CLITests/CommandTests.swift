import Foundation
import Servers
import Testing

@Suite("The command", .enabled(if: FileManager.default.isExecutableFile(atPath: Fixture.millrace))) struct CommandTests {
    @Test("its version and help go to standard output, with code 0")
    func help() async throws {
        let version = try await Fixture.run("--version")
        #expect(version.status == .exited(0) && version.standardOutput.first?.isNumber == true)
        for command in ["up", "demo", "worker", "migrate", "setup", "load", "publish", "tail", "failures", "saga", "doctor"] {
            let help = try await Fixture.run(command, "--help")
            #expect(help.status == .exited(0))
            #expect(help.standardOutput.contains("EXAMPLE") || command == "worker", "\(command) has no example")
        }
    }

    @Test(
        "wrong usage is told on standard error, with code 64",
        arguments: [
            ["frob"], ["--frob"], ["demo", "--orders", "0"], ["demo", "--kills", "x"], ["load"], ["load", "no-such.csv"],
            ["up", "--only", "nobody"],
            ["demo", "--rate", "-1"], ["demo", "--keep"], ["worker", "run", "nobody"], ["failures", "retry", "orders"],
            ["failures", "show", "orders", "x"],
            ["saga", "show", "no-id"], ["saga", "list", "--status", "happy"], ["worker", "list", "-o", "xml"], ["tail", "commands"],
            ["publish", "commerce.orders", "no.such", "--data", "{}"], ["load", "x", "--wait", "61"], ["setup"],
            ["setup", "--secrets", "/tmp/none"], ["setup", "--secrets", "/tmp/none", "--database-url", "postgres://a:secret@h/d"],
            ["setup", "--secrets", "/tmp/none", "--broker-management-url", "http://a:secret@h"], ["worker", "health", "--port", "0"],
            ["worker", "run", "orders", "--env-file", "/no/such/file"], ["failures", "retry", "orders", "--all", "--rate", "0"],
            ["migrate", "nobody"], ["migrate", "--info", "--repair"], ["migrate", "orders", "--only", "payments"],
            ["migrate", "--baseline", "1"],
            ["migrate", "orders", "--baseline", "one"], ["migrate", "orders", "--baseline", "1", "--info"],
            ["migrate", "--info", "-o", "xml"],
        ])
    func usage(arguments: [String]) async throws {
        var all = ProcessInfo.processInfo.environment
        for key in ["DATABASE_URL", "AMQP_URL", "MILLRACE_HOME"] { all[key] = nil }
        let result = try await ChildProcess.run(
            .init(executable: Fixture.millrace, arguments: arguments, environment: all, workingDirectory: Fixture.project))
        #expect(result.status == .exited(64), "\(result)")
        #expect(result.standardOutput.isEmpty)
        #expect(!result.standardError.isEmpty && !result.standardError.contains("secret@"))
    }

    @Test("data that cannot be read is found before a broker is looked for")
    func brokenData() async throws {
        let result = try await Fixture.run("publish", "commerce.orders", "order.created", "--data", "{broken")
        #expect(result.status == .exited(1) && result.standardError.contains("line 1"), "\(result)")
    }

    @Test("outside of a project it says so")
    func noProject() async throws {
        let result = try await Fixture.run("worker", "list", in: "/")
        #expect(result.status == .exited(64) && result.standardError.contains("workers/"))
    }

    @Test("a server that is not there is a failure, code 1, without the password")
    func noServer() async throws {
        let port = try FreePort.next()
        let result = try await Fixture.run(
            "failures", "list", "orders", environment: ["DATABASE_URL": "postgres://somebody:topsecret@127.0.0.1:\(port)/none"])
        #expect(result.status == .exited(1), "\(result)")
        #expect(!result.standardError.contains("topsecret"))
    }

    /// Fails when `reporting` prints an error as it is.
    @Test("a password in what a server answers is not repeated")
    func redaction() async throws {
        let answer = "cannot reach amqp://shop:topsecret@broker:5672/"
        try await EventSink.with([500], bodies: [Array(answer.utf8)]) { sink in
            let result = try await Fixture.run("broker", "status", "--url", sink.url)
            #expect(result.status == .exited(1) && result.standardError.contains("amqp://shop:[redacted]@broker:5672/"), "\(result)")
            #expect(!result.standardError.contains("topsecret") && result.standardOutput.isEmpty)
        }
    }

    @Test("the workers are listed as JSON for programs")
    func workers() async throws {
        let result = try await Fixture.run("worker", "list", "-o", "json")
        let workers = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [[String: Any]]
        #expect(
            workers?.compactMap { $0["name"] as? String } == ["checkout", "edge", "inventory", "journal", "orders", "payments", "shipping"])
    }

    @Test("the doctor answers in JSON, and each check that fails has a remedy")
    func doctor() async throws {
        let result = try await Fixture.run("doctor", "-o", "json")
        let checks = try #require(try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [[String: Any]])
        #expect(checks.count > 6)
        #expect(Set(checks.map { $0["name"] as? String }).count == checks.count, "each thing is looked for once")
        for check in checks where check["isFine"] as? Bool == false { #expect((check["remedy"] as? String)?.isEmpty == false) }
        let isFine = checks.allSatisfy { $0["isFine"] as? Bool == true }
        #expect(result.status == .exited(isFine ? 0 : 1))
    }

    @Test("a data folder has one owner", .timeLimit(.minutes(3)))
    func locked() async throws {
        let folder = try TemporaryDirectory.make()
        defer { TemporaryDirectory.remove(folder) }
        // flock(1) holds the lock the way a running `up` does.
        let holder = try ChildProcess.spawn(
            .init(executable: "flock", arguments: [folder + "/lock", "sh", "-c", "echo held; exec sleep 60"], standardOutput: .lines))
        var lines = holder.standardOutput.makeAsyncIterator()
        #expect(await lines.next() == "held")
        let result = try await Fixture.run("migrate", "--data", folder)
        #expect(result.status == .exited(1) && result.standardError.contains("in use"), "\(result)")
        holder.kill()
    }
}
