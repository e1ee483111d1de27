import Foundation
import Postgres
import Servers
import TestSupport
import Testing

/// A server with a certificate for `localhost` from an authority of our own.
@Suite(.timeLimit(.minutes(5))) struct TLSTests {
    /// Fails when `sslmode` does not reach libpq: the wrong authority and the wrong host name would be accepted.
    @Test func verifyFullReallyVerifies() async throws {
        let certificates = try TestCertificates()
        for authority in ["ca", "other"] { try await certificates.makeOwn(authority) }
        try await certificates.make("server", commonName: "localhost", names: "DNS:localhost", by: "ca")
        let server = try await PrivatePostgres.temporary()
        // The server refuses a key that others may read, and runs under an account of its own: let it copy the files itself.
        var configuration = try PostgresConfiguration(url: await server.tcpURL())
        configuration.allowRawSQL = true
        let setup = try await PostgresConnection.connect(configuration, logger: TestPostgres.logger)
        let data = try await setup.queryOne("show data_directory", as: String.self)!
        for (file, name) in [("server.pem", "server.crt"), ("server.key", "server.key")] {
            let content = try String(contentsOfFile: certificates.path(file), encoding: .utf8)
            let path = data + "/" + name
            let lines = content.split(separator: "\n").map { "select '\($0)'" }.joined(separator: " union all ")
            try await setup.execute(
                SQL(unsafe: "do $do$ begin execute $x$ copy (\(lines)) to program 'umask 077; cat > \(path)' $x$; end $do$"))
        }
        try await setup.execute("alter system set ssl = on")
        try await setup.execute("select pg_reload_conf()")
        await setup.close()

        configuration.sslMode = .verifyFull
        configuration.sslRootCert = certificates.path("ca.pem")
        configuration.host = "localhost"
        configuration.parameters["hostaddr"] = "127.0.0.1"
        let good = configuration
        #expect(await eventually { (try? await connect(good)) == true })

        var wrongHost = configuration
        wrongHost.host = "example.org"
        let hostError = await failure { try await connect(wrongHost) }
        #expect(hostError?.code == .connectionFailed && hostError?.message.contains("does not match host name") == true)

        var wrongAuthority = configuration
        wrongAuthority.sslRootCert = certificates.path("other.pem")
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
