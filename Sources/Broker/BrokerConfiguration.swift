/// What a broker is told before it starts. Every value has a default that suits one machine.
public struct BrokerConfiguration: Sendable {
    /// The address that AMQP listens at; only this machine by default.
    public var host: String
    /// The port that AMQP listens at without TLS; 0 takes a free one.
    public var port: Int
    /// A second listener with TLS; none by default.
    public var tls: BrokerTLS?
    /// The management API over HTTP, and metrics; none by default.
    public var management: ManagementEndpoint?
    /// Where messages and definitions are kept.
    public var storage: BrokerStorage
    /// The name of the product in `server-properties`. Some clients change their ways for `RabbitMQ`.
    public var product: String
    /// The version of the product in `server-properties`.
    public var version: String
    /// The name of this node in the management API; tools expect one with an `@`.
    public var nodeName: String
    /// What one client or all of them together can take.
    public var limits: BrokerLimits
    /// Seconds between heartbeats that are proposed to clients; 0 proposes none.
    public var heartbeat: UInt16
    /// The largest frame that is agreed to, in bytes with its envelope; 4,096 at least.
    public var frameMax: UInt32
    /// The highest channel number that is agreed to; 1 at least.
    public var channelMax: UInt16
    /// Publishers are blocked while the disk has fewer free bytes than this. Only with `storage` in a folder.
    public var diskFreeLimit: Int64
    /// Publishers are blocked while messages take more bytes of memory than this.
    public var memoryLimit: Int
    /// Changes how the message log behaves, for tests that cannot wait until it has grown.
    package var adjustStore: @Sendable (inout SegmentStoreConfiguration) -> Void
    /// The user that is made, as administrator with all rights on `/`, when the broker starts with no users at all.
    /// A user named `guest` may log in only from this machine.
    public var defaultUser: String
    /// The password of `defaultUser`.
    public var defaultPassword: String

    /// Makes a configuration of defaults: AMQP at 127.0.0.1:5672, no TLS, no management, everything in memory.
    public init() {
        host = "127.0.0.1"
        port = 5672
        storage = .memory
        product = "Millrace"
        version = Self.productVersion
        nodeName = "millrace@localhost"
        limits = BrokerLimits()
        heartbeat = 60
        frameMax = 131_072
        channelMax = 2_047
        diskFreeLimit = 50_000_000
        memoryLimit = Int(Double(ProcessFigures.memory) * 0.4)
        adjustStore = { _ in }
        defaultUser = "guest"
        defaultPassword = "guest"
    }

    /// The version of this software.
    public static let productVersion = "0.1.0"

    /// Checks what has to hold between the values.
    /// - Throws: ``BrokerConfigurationError`` with what to change.
    public func validate() throws(BrokerConfigurationError) {
        try Self.require((0...65_535).contains(port), "the port \(port) is not between 0 and 65535")
        try Self.require(frameMax >= 4_096, "frameMax is \(frameMax): it must be 4096 at least")
        try Self.require(channelMax >= 1, "channelMax is 0: there would be no channels")
        try Self.require(!host.isEmpty, "the host to listen at is empty")
        try Self.require(!defaultUser.isEmpty, "the name of the default user is empty")
        if case .folder(let path) = storage { try Self.require(!path.isEmpty, "the data folder is empty") }
        if let management {
            try Self.require((0...65_535).contains(management.port), "the management port \(management.port) is not between 0 and 65535")
            try Self.require(!management.usesTLS || tls != nil, "management is to use TLS, but no certificate is configured")
        }
        if let tls {
            try Self.require((0...65_535).contains(tls.port), "the TLS port \(tls.port) is not between 0 and 65535")
            // Without them the system's would do, and anybody with a certificate for any name could log in by EXTERNAL.
            try Self.require(
                tls.clientCertificates == .none || tls.clientAuthoritiesFile != nil,
                "clients are asked for certificates, but no file says which authorities sign them")
        }
        try limits.validate()
    }

    static func require(_ condition: Bool, _ message: String) throws(BrokerConfigurationError) {
        if !condition { throw BrokerConfigurationError(message: message) }
    }
}

/// Where a broker keeps what must outlive it.
public enum BrokerStorage: Sendable, Equatable {
    /// Nowhere: everything is gone when the broker stops. Confirms come at once.
    case memory
    /// In this folder, which is made if needed and belongs to one running broker.
    case folder(String)
}

/// Where the management API listens.
public struct ManagementEndpoint: Sendable, Equatable {
    /// The address.
    public var host: String
    /// The port; 0 takes a free one.
    public var port: Int
    /// Whether it speaks HTTPS, with the certificate of `BrokerConfiguration.tls`.
    public var usesTLS: Bool

    /// Makes an endpoint; by default 127.0.0.1:15672 without TLS.
    public init(host: String = "127.0.0.1", port: Int = 15_672, usesTLS: Bool = false) {
        self.host = host
        self.port = port
        self.usesTLS = usesTLS
    }
}

/// Why a configuration cannot be used.
public struct BrokerConfigurationError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, and what would be right.
    public let message: String

    /// Makes an error.
    public init(message: String) { self.message = message }

    /// The message.
    public var description: String { message }
}
