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

    /// The URL without user and password, such as `amqp://127.0.0.1:5672`.
    public var url: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port.map { "amqp://\(name):\($0)" } ?? "amqps://\(name):\(tlsPort ?? 0)"
    }
}
