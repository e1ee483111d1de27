/// What clients can take of a broker before it says no. A client that runs into a limit gets the reply code that is named
/// here; everybody else goes on.
public struct BrokerLimits: Sendable, Equatable {
    // MARK: Before authentication

    /// Seconds from the accepted socket to `connection.open-ok`; then the socket is closed.
    public var handshakeSeconds = 10
    /// Payload bytes of a frame before the client is authenticated; a larger one is 501.
    public var preAuthenticationFrameBytes = 8_192
    /// Passwords that wait to be checked; further logins are refused until one is done.
    public var pendingLogins = 128

    // MARK: Of the whole broker

    /// Open sockets of AMQP; further ones are closed at once.
    public var connections = 50_000
    /// Open channels of all connections; 504 above.
    public var channels = 500_000
    /// Virtual hosts.
    public var virtualHosts = 1_000
    /// Exchanges of all virtual hosts; 506 above.
    public var exchanges = 50_000
    /// Queues of all virtual hosts; 506 above.
    public var queues = 100_000
    /// Bindings of all virtual hosts; 506 above.
    public var bindings = 1_000_000
    /// Consumers of all queues; 506 above.
    public var consumers = 500_000
    /// Users.
    public var users = 10_000

    // MARK: Of one client

    /// Consumers of a channel; 506 above.
    public var consumersPerChannel = 10_000
    /// Bytes of a message's body; 406 above. RabbitMQ 3.10 has the same default.
    public var messageBytes = 128 << 20
    /// Bytes of the messages that a transaction (`tx.select`) holds until its commit; 506 above.
    public var transactionBytes = 256 << 20
    /// Body bytes of messages that a connection has begun, on all its channels together, and not ended; 506 above.
    public var unfinishedBytes = 256 << 20
    /// Bytes waiting to be sent to a client; above, its consumers get nothing until it reads.
    public var outboundBytes = 1 << 20
    /// How deep tables and arrays are nested in arguments and headers; 502 above. A table that is nested without bound
    /// overflows the stack of clients, old versions of rabbitmq-c among them.
    public var fieldTableDepth = 32
    /// Words of a topic binding's pattern; 406 above. A routing key has 128 at most.
    public var topicPatternWords = 128
    /// Characters of a permission's regular expression.
    public var permissionPatternLength = 4_096

    // MARK: Of the management API

    /// Open sockets of HTTP; a further one takes the place of that which has asked nothing for the longest time, or is closed at once
    /// if all wait for answers.
    public var managementConnections = 256
    /// Bytes of a request's body; 413 above.
    public var managementBodyBytes = 32 << 20
    /// Seconds a connection of HTTP may be idle or take to send a request.
    public var managementIdleSeconds = 60

    /// Makes the default limits.
    public init() {}

    /// - Throws: when a limit is so low that no client could work.
    func validate() throws(BrokerConfigurationError) {
        let positive = [
            ("handshakeSeconds", handshakeSeconds), ("pendingLogins", pendingLogins), ("connections", connections),
            ("channels", channels), ("virtualHosts", virtualHosts), ("exchanges", exchanges), ("queues", queues),
            ("bindings", bindings), ("consumers", consumers), ("users", users), ("consumersPerChannel", consumersPerChannel),
            ("messageBytes", messageBytes), ("transactionBytes", transactionBytes), ("unfinishedBytes", unfinishedBytes),
            ("outboundBytes", outboundBytes),
            ("fieldTableDepth", fieldTableDepth), ("topicPatternWords", topicPatternWords),
            ("permissionPatternLength", permissionPatternLength), ("managementConnections", managementConnections),
            ("managementBodyBytes", managementBodyBytes), ("managementIdleSeconds", managementIdleSeconds),
        ]
        for (name, value) in positive {
            try BrokerConfiguration.require(value > 0, "the limit \(name) is \(value): it must be positive")
        }
        // The longest legal frame of a handshake is a start-ok with its client properties.
        try BrokerConfiguration.require(preAuthenticationFrameBytes >= 4_096, "preAuthenticationFrameBytes must be 4096 at least")
        try BrokerConfiguration.require(
            fieldTableDepth <= TableLimits.deepest, "fieldTableDepth must be \(TableLimits.deepest) at most: each level takes stack")
    }
}
