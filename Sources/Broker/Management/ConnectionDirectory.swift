/// What the management API sees of connections and channels. The part of the broker that accepts connections implements it.
package protocol ConnectionDirectory: AnyObject {
    /// All open connections, in order of their age.
    var connections: [ConnectionSummary] { get }
    /// Closes a connection as an operator does: `connection.close` 320 `CONNECTION_FORCED - <reason>`.
    func close(_ connection: ConnectionID, reason: String)
    /// Connections that were opened and closed since the start.
    var connectionsOpened: UInt64 { get }
    var connectionsClosed: UInt64 { get }
    /// Channels that were opened and closed since the start.
    var channelsOpened: UInt64 { get }
    var channelsClosed: UInt64 { get }
}

/// A connection as the management API shows it.
package struct ConnectionSummary {
    package var id: ConnectionID
    /// RabbitMQ's form: `127.0.0.1:53412 -> 127.0.0.1:5672`.
    package var name: String
    package var peerHost: String
    package var peerPort: Int
    package var host: String
    package var port: Int
    package var virtualHost: String
    package var user: String
    /// `PLAIN`, `AMQPLAIN`, `EXTERNAL`.
    package var authMechanism: String
    /// `running`, `blocked`, `blocking`, `closing`.
    package var state: String
    package var usesTLS: Bool
    package var clientProperties: FieldTable
    package var frameMax: UInt32
    package var channelMax: UInt16
    /// Seconds.
    package var heartbeat: UInt16
    /// Milliseconds since 1970.
    package var connectedAt: Int64
    package var receivedBytes: UInt64
    package var sentBytes: UInt64
    package var receivedFrames: UInt64
    package var sentFrames: UInt64
    /// Bytes that wait to be sent.
    package var pendingBytes: Int
    package var channels: [ChannelSummary]

    package init(
        id: ConnectionID, name: String, peerHost: String, peerPort: Int, host: String, port: Int, virtualHost: String,
        user: String, authMechanism: String, state: String = "running", usesTLS: Bool = false,
        clientProperties: FieldTable = [:], frameMax: UInt32 = 131_072, channelMax: UInt16 = 2_047, heartbeat: UInt16 = 60,
        connectedAt: Int64 = 0, receivedBytes: UInt64 = 0, sentBytes: UInt64 = 0, receivedFrames: UInt64 = 0,
        sentFrames: UInt64 = 0, pendingBytes: Int = 0, channels: [ChannelSummary] = []
    ) {
        self.id = id
        self.name = name
        self.peerHost = peerHost
        self.peerPort = peerPort
        self.host = host
        self.port = port
        self.virtualHost = virtualHost
        self.user = user
        self.authMechanism = authMechanism
        self.state = state
        self.usesTLS = usesTLS
        self.clientProperties = clientProperties
        self.frameMax = frameMax
        self.channelMax = channelMax
        self.heartbeat = heartbeat
        self.connectedAt = connectedAt
        self.receivedBytes = receivedBytes
        self.sentBytes = sentBytes
        self.receivedFrames = receivedFrames
        self.sentFrames = sentFrames
        self.pendingBytes = pendingBytes
        self.channels = channels
    }
}

/// A channel as the management API shows it.
package struct ChannelSummary {
    package var number: UInt16
    package var consumerCount: Int
    /// Deliveries that are not settled.
    package var unacknowledged: Int
    /// Publishes that are not confirmed yet.
    package var unconfirmed: Int
    /// Messages and acknowledgements of an open transaction.
    package var uncommitted: Int
    package var uncommittedAcknowledgements: Int
    /// For consumers to come (`basic.qos`), 0 for no limit.
    package var prefetch: Int
    /// For the whole channel (`basic.qos` with `global`), 0 for no limit.
    package var globalPrefetch: Int
    package var confirms: Bool
    package var transactional: Bool
    package var counts: ChannelCounts

    package init(
        number: UInt16, consumerCount: Int = 0, unacknowledged: Int = 0, unconfirmed: Int = 0, uncommitted: Int = 0,
        uncommittedAcknowledgements: Int = 0, prefetch: Int = 0, globalPrefetch: Int = 0, confirms: Bool = false,
        transactional: Bool = false, counts: ChannelCounts = ChannelCounts()
    ) {
        self.number = number
        self.consumerCount = consumerCount
        self.unacknowledged = unacknowledged
        self.unconfirmed = unconfirmed
        self.uncommitted = uncommitted
        self.uncommittedAcknowledgements = uncommittedAcknowledgements
        self.prefetch = prefetch
        self.globalPrefetch = globalPrefetch
        self.confirms = confirms
        self.transactional = transactional
        self.counts = counts
    }
}

/// What a channel has done so far.
package struct ChannelCounts: Equatable, Sendable {
    package var published: UInt64 = 0
    package var confirmed: UInt64 = 0
    package var returned: UInt64 = 0
    package var delivered: UInt64 = 0
    package var got: UInt64 = 0
    package var acknowledged: UInt64 = 0
    package var redelivered: UInt64 = 0

    package init() {}
}
