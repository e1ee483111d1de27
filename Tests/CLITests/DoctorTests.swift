import Foundation
import Servers
import Testing
import millrace_cli

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `millrace doctor` where something is missing: the row that says so, and what it says to do.
@Suite("The doctor") struct DoctorTests {
    private struct Check: Decodable {
        var name: String
        var isFine: Bool
        var found: String
        var remedy: String?
    }

    /// What the command finds in a project with one worker, with code 1 because something is missing.
    private func examine(port: Int = 0, _ more: [String: String] = [:], change: (String) throws -> Void = { _ in }) async throws -> [Check]
    {
        try await Fixture.withFolder { project in
            try Fixture.write("name: odd\n" + (port > 0 ? "http:\n  port: \(port)\n" : ""), to: project + "/workers/odd/worker.yaml")
            try change(project)
            let result = try await ChildProcess.run(
                .init(
                    executable: Fixture.millrace, arguments: ["doctor", "-o", "json"],
                    environment: Fixture.environment(["MILLRACE_HOME": project]).merging(more) { $1 }, workingDirectory: project))
            // It is to be removed afterwards.
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: project)
            #expect(result.status == .exited(1), "\(result)")
            return try JSONDecoder().decode([Check].self, from: Data(result.standardOutput.utf8))
        }
    }

    /// Where `swift` may be although PATH does not say so.
    static let hasSystemSwift = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"].contains {
        FileManager.default.isExecutableFile(atPath: $0 + "/swift")
    }

    @Test("a PATH without Swift", .enabled(if: !DoctorTests.hasSystemSwift))
    func path() async throws {
        let swift = try #require(try await examine(["PATH": "/nowhere"]).first { $0.name == "Swift toolchain" })
        #expect(!swift.isFine && swift.found.contains("no `swift`") && swift.remedy?.contains("swift.org") == true, "\(swift)")
    }

    @Test("a port that is taken")
    func port() async throws {
        try await EventSink.with { sink in
            let port = try #require(try await examine(port: sink.port).first { $0.name == "port \(sink.port) for odd" })
            #expect(!port.isFine && port.found == "taken", "\(port)")
            #expect(port.remedy?.contains("ss -ltnp 'sport = :\(sink.port)'") == true, "\(port)")
        }
    }

    /// This one is in the way of root, too.
    @Test("a file where the data folder is to be")
    func dataFile() async throws {
        let checks = try await examine { try Fixture.write("", to: $0 + "/.millrace") }
        let folder = try #require(checks.first { $0.name == "data folder" })
        #expect(!folder.isFine && folder.found.hasSuffix(".millrace is not a folder"), "\(folder)")
        #expect(folder.remedy?.hasPrefix("mv ") == true && folder.remedy?.contains("--data") == true, "\(folder)")
    }

    @Test("a project that may not be written", .enabled(if: geteuid() != 0))
    func lockedProject() async throws {
        let checks = try await examine { try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: $0) }
        let folder = try #require(checks.first { $0.name == "data folder" })
        #expect(!folder.isFine && folder.remedy?.contains("chown") == true, "\(folder)")
    }

    @Test("a data folder that is there, that can be made, and that somebody else has made")
    func dataFolder() async throws {
        try await Fixture.withFolder { folder in
            let data = folder + "/data"
            #expect(Permissions.dataFolder(data).isFine)
            #expect(Permissions.dataFolder(data + "/deeper/still").isFine)
            let barred = Permissions.dataFolder(data, isWritable: { _ in false })
            #expect(!barred.isFine)
            try FileManager.default.createDirectory(atPath: data + "/secrets", withIntermediateDirectories: true)
            #expect(Permissions.dataFolder(data).isFine)
            // Made by root, then opened to others: what lies in it is still root's.
            let check = Permissions.dataFolder(data, isWritable: { !$0.hasSuffix("/secrets") })
            #expect(!check.isFine && check.found.hasPrefix(data + "/secrets"))
            #expect(check.remedy?.hasPrefix("sudo chown -R \(geteuid()):\(getegid()) \(data) ") == true, "\(check)")
        }
    }

    @Test("root without an account for PostgreSQL, or without the right to use it")
    func account() {
        #expect(Permissions.serverAccount(.usable("postgres")).isFine)
        #expect(Permissions.serverAccount(.canBeMade("millrace")).isFine)
        let missing = Permissions.serverAccount(.missing)
        #expect(!missing.isFine && missing.remedy?.contains("adduser") == true)
        let refused = Permissions.serverAccount(.refused("postgres", reason: "setpriv: setresuid failed: Operation not permitted"))
        #expect(!refused.isFine && refused.found.contains("Operation not permitted") && refused.remedy?.contains("SETUID") == true)
    }

    /// The account that `up` would take works where these tests run.
    @Test("as root, a program runs under the account", .enabled(if: geteuid() == 0 && ServersAvailability.postgres != nil))
    func usableAccount() async {
        let state = await ServersAvailability.serverAccount()
        #expect(Permissions.serverAccount(state).isFine, "\(state)")
    }
}
