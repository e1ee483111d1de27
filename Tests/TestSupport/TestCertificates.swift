import Foundation
import Servers

/// Certificates made with the `openssl` command, in a folder of their own: each is a `name.pem` with its `name.key`.
public struct TestCertificates: Sendable {
    private let folder: String

    /// Makes the folder, which is gone when this process ends.
    public init() throws { folder = try TemporaryDirectory.make(prefix: "millrace-tls") }

    /// Whether `openssl` is installed.
    public static func canBeMade() async -> Bool {
        let result = try? await ChildProcess.run(.init(executable: "openssl", arguments: ["version"]))
        return result?.status.isSuccess == true
    }

    /// Where a file lies.
    public func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// Removes the folder now.
    public func remove() { TemporaryDirectory.remove(folder) }

    /// Makes a certificate that vouches for itself: an authority, or with `names` (`DNS:localhost`) that of a server.
    public func makeOwn(_ name: String, names: String? = nil) async throws {
        let extensions = names.map { ["-addext", "subjectAltName=\($0)"] } ?? []
        try await request(["-x509", "-days", "2", "-subj", "/CN=\(name)", "-keyout", "\(name).key", "-out", "\(name).pem"] + extensions)
    }

    /// Makes a certificate that an authority vouches for.
    public func make(_ name: String, commonName: String, names: String? = nil, by authority: String, days: Int = 2) async throws {
        try await request(["-subj", "/CN=\(commonName)", "-keyout", "\(name).key", "-out", "\(name).csr"])
        let extensions = path(name + ".extensions")
        try (names.map { "subjectAltName=\($0)\n" } ?? "").write(toFile: extensions, atomically: true, encoding: .utf8)
        try await run([
            "x509", "-req", "-in", "\(name).csr", "-CA", "\(authority).pem", "-CAkey", "\(authority).key", "-CAcreateserial",
            "-days", "\(days)", "-extfile", extensions, "-out", "\(name).pem",
        ])
    }

    /// Lets servers that run under other accounts read the files.
    public func share() throws {
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) { chmod(path(file), 0o644) }
    }

    private func request(_ arguments: [String]) async throws {
        try await run(["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"] + arguments)
    }

    private func run(_ arguments: [String]) async throws {
        let result = try await ChildProcess.run(.init(executable: "openssl", arguments: arguments, workingDirectory: folder))
        guard result.status.isSuccess else { throw ServersError(.exitedEarly, "openssl \(arguments): \(result.standardError)") }
    }
}
