import Foundation
import Servers
import TestSupport
import Testing

/// The management API over HTTPS, asked by the commands.
@Suite struct SecureManagementTests {
    /// Fails when the client does not look at the certificate: then the two that must be refused are answered.
    @Test func commandsTrustOnlyTheCertificateTheyWereGiven() async throws {
        let certificates = try TestCertificates()
        defer { certificates.remove() }
        try await certificates.makeOwn("server", names: "IP:127.0.0.1")
        try await certificates.makeOwn("other", names: "DNS:elsewhere.example")

        try await broker(with: "server", of: certificates) { port in
            let url = "https://127.0.0.1:\(port)"
            let trusting = try await status(url, trusts: certificates.path("server.pem"))
            #expect(trusting.status.isSuccess, "\(trusting.standardError)")
            #expect(trusting.standardOutput.contains("Millrace"))

            let stranger = try await status(url, trusts: certificates.path("other.pem"))
            #expect(!stranger.status.isSuccess)
            #expect(stranger.standardError.contains("CERTIFICATE_VERIFY_FAILED"), "\(stranger.standardError)")

            let plain = try await status("http://127.0.0.1:\(port)", trusts: certificates.path("server.pem"))
            #expect(!plain.status.isSuccess)
        }
        try await broker(with: "other", of: certificates) { port in
            let misnamed = try await status("https://127.0.0.1:\(port)", trusts: certificates.path("other.pem"))
            #expect(!misnamed.status.isSuccess, "the certificate is another host's")
        }
    }

    private func status(_ url: String, trusts file: String) async throws -> ChildProcess.Result {
        try await Fixture.run("broker", "status", "--url", url, environment: ["SSL_CERT_FILE": file])
    }

    private func broker(with name: String, of certificates: TestCertificates, _ body: (Int) async throws -> Void) async throws {
        let settings = """
            listen: 127.0.0.1:0
            management: https://127.0.0.1:0
            data: memory
            tls:
              port: 0
              certificate: \(certificates.path(name + ".pem"))
              key: \(certificates.path(name + ".key"))
            """
        try settings.write(toFile: certificates.path("broker.yaml"), atomically: true, encoding: .utf8)
        let broker = try ChildProcess.spawn(
            .init(
                executable: Fixture.millrace,
                arguments: ["broker", "--config", certificates.path("broker.yaml"), "--log", "error", "-o", "json"],
                standardOutput: .lines, isServer: true))
        do {
            try await body(try #require(try await CommandBroker.Ready.of(broker)).managementPort)
        } catch {
            await broker.stop(timeout: .seconds(15))
            throw error
        }
        await broker.stop(timeout: .seconds(15))
    }
}
