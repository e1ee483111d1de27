/// The listener with TLS: where it listens, and the certificates.
public struct BrokerTLS: Sendable, Equatable {
    /// What is asked of clients.
    public enum ClientCertificates: String, Sendable {
        /// None is asked for.
        case none
        /// One that is given must be valid; EXTERNAL is offered to those who have one.
        case optional
        /// Whoever has none is turned away during the handshake.
        case required
    }

    /// The port; 0 takes a free one. The host is that of the configuration.
    public var port: Int
    /// The file with the certificate chain, PEM, the broker's own first.
    public var certificateChainFile: String
    /// The file with the private key, PEM.
    public var privateKeyFile: String
    /// The file with the authorities that sign clients' certificates, PEM; needed unless none is asked for.
    public var clientAuthoritiesFile: String?
    /// What is asked of clients. With a certificate, SASL's EXTERNAL logs in as the user of its common name.
    public var clientCertificates: ClientCertificates
    /// Whether the listener without TLS is left out.
    public var isExclusive: Bool

    /// Makes a configuration.
    public init(
        port: Int = 5671, certificateChainFile: String, privateKeyFile: String, clientAuthoritiesFile: String? = nil,
        clientCertificates: ClientCertificates = .none, isExclusive: Bool = false
    ) {
        self.port = port
        self.certificateChainFile = certificateChainFile
        self.privateKeyFile = privateKeyFile
        self.clientAuthoritiesFile = clientAuthoritiesFile
        self.clientCertificates = clientCertificates
        self.isExclusive = isExclusive
    }
}
