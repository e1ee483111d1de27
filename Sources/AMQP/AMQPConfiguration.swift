/// Where the broker is and how to talk to it.
public struct AMQPConfiguration: Sendable {
    /// How the waits between attempts grow.
    public struct Backoff: Sendable, Hashable {
        /// The first wait.
        public var initial: Duration
        /// The longest wait.
        public var maximum: Duration
        /// The share of a wait that is random, 0 to 1: 0.5 waits between half and all of it.
        public var jitter: Double

        /// 100 ms doubling to 10 s, half of it random, unless said otherwise.
        public init(initial: Duration = .milliseconds(100), maximum: Duration = .seconds(10), jitter: Double = 0.5) {
            self.initial = initial
            self.maximum = maximum
            self.jitter = jitter
        }
    }

    /// How to check the peer and show who we are.
    public struct TLS: Sendable, Hashable {
        /// PEM file of the authorities to trust; nil means the system's.
        public var caCertificateFile: String?
        /// PEM file with this client's certificate chain.
        public var certificateFile: String?
        /// PEM file with this client's key.
        public var keyFile: String?
        /// Check that an authority we trust signed the peer's certificate.
        public var verifyPeer: Bool
        /// Check that the certificate names the host we connect to.
        public var verifyHostname: Bool
        /// The name to ask for. librabbitmq asks for the host it connects to, so any other name is refused with
        /// ``AMQPError/Code/usage`` when connecting.
        public var serverName: String?

        /// Verifies peer and host name unless said otherwise.
        public init(
            caCertificateFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil, verifyPeer: Bool = true,
            verifyHostname: Bool = true, serverName: String? = nil
        ) {
            self.caCertificateFile = caCertificateFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.verifyPeer = verifyPeer
            self.verifyHostname = verifyHostname
            self.serverName = serverName
        }
    }

    /// Name or address of the broker.
    public var host: String
    /// 5672, or 5671 with TLS, unless said otherwise.
    public var port: Int
    /// The user.
    public var user: String
    /// The password. Never part of ``description``.
    public var password: String
    /// The virtual host.
    public var vhost: String
    /// TLS if set.
    public var tls: TLS?
    /// Seconds between heartbeats to ask for; the broker may lower it; 0 turns them off. A peer that is silent for two
    /// of them is dead.
    public var heartbeat: Int
    /// Shown in the broker's list of connections.
    public var connectionName: String?
    /// Most channels to ask for; 0 leaves it to the broker.
    public var channelMax: Int
    /// Largest frame to ask for in bytes; more than 253,952 are not asked for.
    public var frameMax: Int
    /// Bound on connecting, the TLS handshake and the login, each.
    public var connectTimeout: Duration
    /// Bound on declarations and other requests, connecting included, and on how long a publish waits for a connection.
    public var operationTimeout: Duration
    /// A connection on which messages wait for a confirm this long without any progress is given up.
    public var confirmTimeout: Duration
    /// Largest message taken from the broker, in bytes; a larger one ends the connection.
    public var maximumMessageSize: Int
    /// Waits between attempts to connect.
    public var reconnect: Backoff

    /// Makes a configuration.
    public init(
        host: String = "localhost", port: Int? = nil, user: String = "guest", password: String = "guest", vhost: String = "/",
        tls: TLS? = nil
    ) {
        self.host = host
        self.port = port ?? (tls == nil ? 5672 : 5671)
        self.user = user
        self.password = password
        self.vhost = vhost
        self.tls = tls
        heartbeat = 30
        connectionName = nil
        channelMax = 0
        frameMax = 131_072
        connectTimeout = .seconds(10)
        operationTimeout = .seconds(15)
        confirmTimeout = .seconds(60)
        maximumMessageSize = 128 << 20
        reconnect = Backoff()
    }

    /// Reads a URL as the RabbitMQ URI specification and its query parameters say
    /// (https://www.rabbitmq.com/docs/uri-spec, https://www.rabbitmq.com/docs/uri-query-parameters).
    ///
    /// `amqp://host` means vhost `/`, `amqp://host/` the vhost with the empty name, `amqp://host/%2F` again `/`.
    /// Parameters: `heartbeat` (s), `connection_timeout` (ms), `channel_max`, `frame_max`, `connection_name`, `cacertfile`,
    /// `certfile`, `keyfile`, `verify` (`verify_peer`, `verify_none`), `server_name_indication` (a name or `disable`).
    /// - Throws: ``AMQPError`` with code ``AMQPError/Code/invalidURI``.
    public init(url: String) throws(AMQPError) {
        self = try AMQPURI.parse(url)
    }
}

extension AMQPConfiguration: CustomStringConvertible {
    /// The address without the password.
    public var description: String {
        "\(tls == nil ? "amqp" : "amqps")://\(user)@\(host.contains(":") ? "[\(host)]" : host):\(port) vhost \(vhost)"
    }
}
