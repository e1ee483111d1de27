/// Where a running broker can be reached.
public struct BrokerAddress: Sendable, Equatable {
    /// The host that was configured.
    public let host: String
    /// The port of AMQP; nil where only TLS is listened to.
    public let port: Int?
    /// The port of AMQP with TLS, if there is one.
    public let tlsPort: Int?
    /// The port of the management API, if there is one.
    public let managementPort: Int?
    /// The URL of the management API, such as `http://127.0.0.1:15672`, if there is one.
    public let managementURL: String?

    init(host: String, port: Int?, tlsPort: Int?, management: ManagementEndpoint?, managementPort: Int?) {
        self.host = host
        self.port = port
        self.tlsPort = tlsPort
        self.managementPort = managementPort
        managementURL = management.flatMap { endpoint in
            managementPort.map { Self.url(endpoint.usesTLS ? "https" : "http", endpoint.host, $0) }
        }
    }

    /// The URL without user and password, such as `amqp://127.0.0.1:5672`; of TLS where only that is listened to.
    public var url: String { port.map { Self.url("amqp", host, $0) } ?? tlsURL ?? "" }

    /// The URL of AMQP with TLS, such as `amqps://127.0.0.1:5671`, if it is listened to.
    public var tlsURL: String? { tlsPort.map { Self.url("amqps", host, $0) } }

    private static func url(_ scheme: String, _ host: String, _ port: Int) -> String {
        "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
