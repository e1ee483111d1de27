import Foundation
import NIOCore
import NIOSSL

/// A web server's address, and whether it is reached through TLS.
struct HTTPEndpoint: Equatable, Sendable {
    var isSecure: Bool
    var host: String
    var port: Int

    /// A server without TLS.
    init(host: String = "127.0.0.1", port: Int) {
        isSecure = false
        self.host = host
        self.port = port
    }

    /// The server of an `http` or `https` URL; nil for any other.
    /// - Parameter port: what is meant when the URL names none.
    init?(_ url: URLComponents, port: (http: Int, https: Int) = (80, 443)) {
        guard let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https", let host = url.host, !host.isEmpty else {
            return nil
        }
        isSecure = scheme == "https"
        // Brackets are the URL's, not the address's.
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        self.port = url.port ?? (isSecure ? port.https : port.http)
    }

    /// As the header `host` has it.
    var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
    /// For messages.
    var description: String { "\(isSecure ? "https" : "http")://\(authority)" }
}

/// Whom commands trust when they speak TLS: the system's authorities, or those of the file that `SSL_CERT_FILE` names.
enum HTTPTrust {
    static func context() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let file = ProcessInfo.processInfo.environment["SSL_CERT_FILE"], !file.isEmpty { configuration.trustRoots = .file(file) }
        return try NIOSSLContext(configuration: configuration)
    }

    /// The certificate must be that of the host, by name or by address. Only a name is sent along before it is seen.
    static func handler(_ context: NIOSSLContext, for host: String) throws -> NIOSSLClientHandler {
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }
}
