import Foundation
import Servers
import Testing

@Suite("Private PostgreSQL", .enabled(if: ServersAvailability.postgres != nil)) struct PrivatePostgresTests {
    @Test("starts as root, keeps its data over stop and kill, on the same port", .timeLimit(.minutes(4)))
    func life() async throws {
        let server = try await PrivatePostgres.temporary()
        let url = await server.url()
        #expect(try await psql(url, "CREATE TABLE kept AS SELECT 1 AS number; SELECT count(*) FROM kept") == "1")
        #expect(try await psql(await server.tcpURL(), "SHOW fsync") == "on")

        await server.stop()
        #expect(try await server.start() == url)
        _ = try await psql(url, "INSERT INTO kept VALUES (2)")

        let pid = await server.process?.pid ?? 0
        await server.kill()
        #expect(!runs(pid))
        #expect(try await server.start() == url)
        #expect(try await psql(url, "SELECT count(*) FROM kept") == "2")
        await server.remove()
        #expect(!FileManager.default.fileExists(atPath: server.dataDirectory))
    }

    @Test("a wrong password is refused on the socket too")
    func password() async throws {
        let server = try await PrivatePostgres.temporary()
        await #expect(throws: PsqlFailure.self) {
            _ = try await psql(await server.url(password: "wrong"), "SELECT 1")
        }
        #expect(mode(of: server.dataDirectory + "/superuser-password") == 0o600)
        await server.remove()
    }

    @Test("a process file whose number belongs to another program does not keep it from starting")
    func stalePidFile() async throws {
        let server = try await PrivatePostgres.temporary()
        let file = server.dataDirectory + "/data/postmaster.pid"
        let other = try ChildProcess.spawn(.init(executable: "sleep", arguments: ["120"]))
        let text = try String(contentsOfFile: file, encoding: .utf8)
        await server.kill()
        let lines = ["\(other.pid)"] + text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().map(String.init)
        try lines.joined(separator: "\n").write(toFile: file, atomically: false, encoding: .utf8)
        try await server.start()
        #expect(try await psql(await server.url(), "SELECT 1") == "1")
        #expect(other.isRunning)
        await other.stop()
        await server.remove()
    }

    /// Fails when a server that recovers is killed at the end of the time for a start: it would begin again.
    @Test("a server that recovers is waited for", .timeLimit(.minutes(4)))
    func slowRecovery() async throws {
        let folder = try TemporaryDirectory.make(prefix: "millrace-pg")
        // As a standby it recovers until it is told to stop.
        let server = PrivatePostgres(dataDirectory: folder + "/pg", settings: ["hot_standby": "off"])
        try await server.start()
        await server.stop()
        let signal = server.dataDirectory + "/data/standby.signal"
        #expect(FileManager.default.createFile(atPath: signal, contents: nil))
        chmod(signal, 0o644)
        // Within it the server has to say that it has begun.
        let timeout = Duration.seconds(15)
        let isOver = ContinuousClock.now + timeout + .seconds(1)
        let start = Task { try await server.start(timeout: timeout) }
        let file = server.dataDirectory + "/data/postmaster.pid"
        func isRecovering() -> Bool { (try? String(contentsOfFile: file, encoding: .utf8))?.contains("standby") == true }
        while !isRecovering() || ContinuousClock.now < isOver { try await Task.sleep(for: .milliseconds(5)) }
        // As `pg_ctl promote` does it.
        let request = server.dataDirectory + "/data/promote"
        #expect(FileManager.default.createFile(atPath: request, contents: nil))
        chmod(request, 0o666)
        await server.process?.signal(SIGUSR1)
        let url = try await start.value
        #expect(try await psql(url, "SELECT pg_is_in_recovery()") == "f")
        await server.remove()
        TemporaryDirectory.remove(folder)
    }
}
