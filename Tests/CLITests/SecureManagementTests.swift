import Foundation
import Servers
import Testing

/// The management API over HTTPS, asked by the commands.
@Suite struct SecureManagementTests {
    /// Fails when the client does not look at the certificate: then the two that must be refused are answered.
    @Test func commandsTrustOnlyTheCertificateTheyWereGiven() async throws {
        let folder = try TemporaryDirectory.make(prefix: "millrace-https")
        defer { TemporaryDirectory.remove(folder) }
        try await certificate("server", for: "IP:127.0.0.1", in: folder)
        try await certificate("other", for: "DNS:elsewhere.example", in: folder)

        try await broker(with: "server", in: folder) { port in
            let url = "https://127.0.0.1:\(port)"
            let trusting = try await status(url, trusts: folder + "/server.pem")
            #expect(trusting.status.isSuccess, "\(trusting.standardError)")
            #expect(trusting.standardOutput.contains("Millrace"))

            let stranger = try await status(url, trusts: folder + "/other.pem")
            #expect(!stranger.status.isSuccess)
            #expect(stranger.standardError.contains("CERTIFICATE_VERIFY_FAILED"), "\(stranger.standardError)")

            let plain = try await status("http://127.0.0.1:\(port)", trusts: folder + "/server.pem")
            #expect(!plain.status.isSuccess)
        }
        try await broker(with: "other", in: folder) { port in
            let misnamed = try await status("https://127.0.0.1:\(port)", trusts: folder + "/other.pem")
            #expect(!misnamed.status.isSuccess, "the certificate is another host's")
        }
    }

    private func status(_ url: String, trusts file: String) async throws -> ChildProcess.Result {
        try await Fixture.run("broker", "status", "--url", url, environment: ["SSL_CERT_FILE": file])
    }

    private func certificate(_ name: String, for host: String, in folder: String) async throws {
        let result = try await ChildProcess.run(
            .init(
                executable: "openssl",
                arguments: [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(host)", "-keyout", "\(name).key", "-out", "\(name).pem",
                ],
                workingDirectory: folder))
        try #require(result.status.isSuccess, "\(result.standardError)")
    }

    private func broker(with certificate: String, in folder: String, _ body: (Int) async throws -> Void) async throws {
        let settings = """
            listen: 127.0.0.1:0
            management: https://127.0.0.1:0
            data: memory
            tls:
              port: 0
              certificate: \(folder)/\(certificate).pem
              key: \(folder)/\(certificate).key
            """
        try settings.write(toFile: folder + "/broker.yaml", atomically: true, encoding: .utf8)
        let broker = try ChildProcess.spawn(
            .init(
                executable: Fixture.millrace, arguments: ["broker", "--config", folder + "/broker.yaml", "--log", "error", "-o", "json"],
                standardOutput: .lines, isServer: true))
        var text = ""
        for await line in broker.standardOutput {
            text += line
            if line == "}" { break }
        }
        let address = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        do {
            try await body(try #require(address?["managementPort"] as? Int))
        } catch {
            await broker.stop(timeout: .seconds(15))
            throw error
        }
        await broker.stop(timeout: .seconds(15))
    }
}
