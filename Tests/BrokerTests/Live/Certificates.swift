import NIOSSL
import TestSupport

/// An authority for the broker and its clients, a stranger's, and what they vouch for.
struct Certificates {
    private let files: TestCertificates

    static func make() async throws -> Certificates {
        let files = try TestCertificates()
        for authority in ["ca", "stranger"] { try await files.makeOwn(authority) }
        try await files.make("server", commonName: "127.0.0.1", by: "ca")
        try await files.make("shop", commonName: "shop", by: "ca")
        try await files.make("nobody", commonName: "nobody", by: "ca")
        try await files.make("forged", commonName: "shop", by: "stranger")
        try await files.make("expired", commonName: "shop", by: "ca", days: -1)
        return Certificates(files: files)
    }

    func path(_ name: String) -> String { files.path(name) }

    func remove() { files.remove() }

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
}
