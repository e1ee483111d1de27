import NIOSSL
import Servers

/// Certificates made with the `openssl` command: an authority for the broker and its clients, and a stranger's.
struct Certificates {
    let folder: String

    static func canBeMade() async -> Bool {
        let result = try? await ChildProcess.run(.init(executable: "openssl", arguments: ["version"]))
        return result?.status.isSuccess == true
    }

    static func make() async throws -> Certificates {
        let certificates = Certificates(folder: try TemporaryDirectory.make(prefix: "millrace-broker-tls"))
        for authority in ["ca", "stranger"] {
            try await certificates.openssl(
                ["req", "-x509", "-days", "2", "-subj", "/CN=\(authority)", "-keyout", "\(authority).key", "-out", "\(authority).pem"])
        }
        try await certificates.sign("server", commonName: "127.0.0.1", by: "ca")
        try await certificates.sign("shop", commonName: "shop", by: "ca")
        try await certificates.sign("nobody", commonName: "nobody", by: "ca")
        try await certificates.sign("forged", commonName: "shop", by: "stranger")
        try await certificates.sign("expired", commonName: "shop", by: "ca", days: -1)
        return certificates
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func remove() { TemporaryDirectory.remove(folder) }

    /// What a client needs; nil for `name` shows no certificate.
    func client(_ name: String? = nil, trusts authority: String = "ca") throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(path("\(authority).pem"))
        configuration.certificateVerification = .noHostnameVerification
        if let name {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(path("\(name).pem")).map { .certificate($0) }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: path("\(name).key"), format: .pem))
        }
        return try NIOSSLContext(configuration: configuration)
    }

    private func sign(_ name: String, commonName: String, by authority: String, days: Int = 2) async throws {
        try await openssl(["req", "-subj", "/CN=\(commonName)", "-keyout", "\(name).key", "-out", "\(name).csr"])
        try await run([
            "x509", "-req", "-in", "\(name).csr", "-CA", "\(authority).pem", "-CAkey", "\(authority).key", "-CAcreateserial",
            "-days", "\(days)", "-out", "\(name).pem",
        ])
    }

    private func openssl(_ arguments: [String]) async throws {
        try await run([arguments[0], "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"] + arguments.dropFirst())
    }

    private func run(_ arguments: [String]) async throws {
        let result = try await ChildProcess.run(.init(executable: "openssl", arguments: arguments, workingDirectory: folder))
        guard result.status.isSuccess else { throw ServersError(.exitedEarly, "openssl \(arguments): \(result.standardError)") }
    }
}
