import Foundation
import Postgres
import Servers
import Testing
import TestSupport

/// A server with a certificate for `localhost` from an authority of our own.
@Suite(.timeLimit(.minutes(3))) struct TLSTests {
    private static func run(_ folder: String, _ arguments: String...) async throws {
        let result = try await ChildProcess.run(
            .init(executable: "/usr/bin/openssl", arguments: arguments, workingDirectory: folder), timeout: .seconds(30))
        if !result.status.isSuccess { throw PostgresError(code: .usage, message: result.standardError) }
    }

    private static func certificates() async throws -> String {
        let folder = try TemporaryDirectory.make(prefix: "millrace-tls")
        for authority in ["ca", "other"] {
            try await run(
                folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                "/CN=\(authority)", "-keyout", "\(authority).key", "-out", "\(authority).crt")
        }
        try await run(
            folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost", "-keyout",
            "server.key", "-out", "server.csr")
        try "subjectAltName=DNS:localhost".write(toFile: folder + "/san.txt", atomically: true, encoding: .utf8)
        try await run(
            folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile",
            "san.txt", "-out", "server.crt")
        return folder
    }

    /// Fails when `sslmode` does not reach libpq: the wrong authority and the wrong host name would be accepted.
    @Test func verifyFullReallyVerifies() async throws {
        let folder = try await Self.certificates()
        let server = try await PrivatePostgres.temporary()
        // The server refuses a key that others may read, and runs under an account of its own: let it copy the files itself.
        var configuration = try PostgresConfiguration(url: await server.tcpURL())
        configuration.allowRawSQL = true
        let setup = try await PostgresConnection.connect(configuration, logger: TestPostgres.logger)
        let data = try await setup.queryOne("show data_directory", as: String.self)!
        for name in ["server.crt", "server.key"] {
            let content = try String(contentsOfFile: folder + "/" + name, encoding: .utf8).split(separator: "\n").joined(separator: "\n")
            let path = data + "/" + name
            let lines = content.split(separator: "\n").map { "select '\($0)'" }.joined(separator: " union all ")
            try await setup.execute(
                SQL(unsafe: "do $do$ begin execute $x$ copy (\(lines)) to program 'umask 077; cat > \(path)' $x$; end $do$"))
        }
        try await setup.execute("alter system set ssl = on")
        try await setup.execute("select pg_reload_conf()")
        await setup.close()

        configuration.sslMode = .verifyFull
        configuration.sslRootCert = folder + "/ca.crt"
        configuration.host = "localhost"
        configuration.parameters["hostaddr"] = "127.0.0.1"
        let good = configuration
        #expect(await eventually { (try? await connect(good)) == true })

        var wrongHost = configuration
        wrongHost.host = "example.org"
        let hostError = await failure { try await connect(wrongHost) }
        #expect(hostError?.code == .connectionFailed && hostError?.message.contains("does not match host name") == true)

        var wrongAuthority = configuration
        wrongAuthority.sslRootCert = folder + "/other.crt"
        let authorityError = await failure { try await connect(wrongAuthority) }
        #expect(authorityError?.message.contains("certificate verify failed") == true)

        wrongHost.sslMode = .require
        wrongHost.sslRootCert = nil
        #expect(try await connect(wrongHost), "require does not ask who it is")
        await server.remove()
    }

    /// Connects, checks that TLS is on, and reads answers of sizes around those of TLS records. (PostgreSQL writes records of 8 KiB,
    /// which libpq reads whole; that bytes left inside of OpenSSL are looked for matters with proxies that write larger ones.)
    private func connect(_ configuration: PostgresConfiguration) async throws -> Bool {
        let connection = try await PostgresConnection.connect(configuration, logger: TestPostgres.logger)
        let isEncrypted = try await connection.queryOne("select ssl from pg_stat_ssl where pid = pg_backend_pid()", as: Bool.self)
        for size in [1, 8000, 8192, 16_000, 16_384, 20_000, 32_768, 100_000, 1_000_000] {
            let text = try await connection.queryOne("select repeat('x', \(Int32(size)))", as: String.self)
            #expect(text?.utf8.count == size)
        }
        await connection.close()
        return isEncrypted == true
    }
}
