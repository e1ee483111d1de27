import NIOCore

/// One client's connection, without its socket: bytes go in, frames and calls to the core come out.
///
/// Outbound frames are gathered in `output` and leave together at the end of the turn. Loop-confined.
package final class ConnectionMachine {
    /// Where the connection stands (AMQP 0-9-1 section 2.2.4).
    package enum Phase: Equatable {
        /// Waits for the eight bytes of the protocol header.
        case header
        case starting, authenticating, tuning, opening, running
        /// `connection.close` was sent or answered; nothing but its like counts, until the peer closes its side.
        case closing
        /// Nothing more is read or sent.
        case closed
    }

    /// Why input is not read for now.
    struct Suspension: OptionSet {
        let rawValue: UInt8
        /// A password is checked on another thread.
        static let login = Suspension(rawValue: 1)
        /// `tx.commit` waits for the disk.
        static let commit = Suspension(rawValue: 2)
        /// The broker is short of memory or disk, and the client publishes.
        static let blocked = Suspension(rawValue: 4)
        /// Too much waits for the disk.
        static let backlog = Suspension(rawValue: 8)
        /// The client has asked much and not taken the answers yet.
        static let unread = Suspension(rawValue: 16)
    }

    package let id: ConnectionID
    package let peer: ConnectionPeer
    /// The common name of the client's certificate, if it has shown a valid one.
    package var certificateName: String?
    /// Strong, as the way over an unowned reference costs; the loop forgets the connection when its socket is gone.
    let broker: BrokerLoop
    let transport: any Transport

    package internal(set) var phase = Phase.header
    var suspension: Suspension = []
    /// The client has been sent `connection.blocked`, and not yet that it is over.
    var isToldBlocked = false
    /// Frames for the client, since the last flush.
    var output: ByteBuffer
    /// Received bytes that are not processed: a part of a frame, or more while the connection is suspended.
    var held = ByteBuffer()
    var isProcessing = false

    // Agreed in the handshake.
    package internal(set) var user: AuthenticatedUser?
    package internal(set) var mechanism = ""
    package internal(set) var clientProperties: FieldTable = [:]
    var capabilities = ClientCapabilities()
    package internal(set) var virtualHost: VirtualHost?
    package internal(set) var frameMax: UInt32
    package internal(set) var channelMax: UInt16
    /// Seconds; 0 for none.
    package internal(set) var heartbeat: UInt16 = 0
    /// Payload bytes that a frame may have now.
    var payloadLimit: Int

    var channels: [UInt16: ChannelMachine] = [:]
    /// Body bytes of messages that its channels have begun and not ended.
    var unfinishedBytes = 0
    /// The channel of the last frame: the next is mostly for the same.
    var lastChannel: ChannelMachine?
    /// Cancel notices that are to follow an answer: channel and consumer tag. Nil while notices are sent at once.
    var withheldCancels: [(channel: UInt16, tag: String)]?
    /// Channels with consumers that have room again.
    var starving: [ChannelMachine] = []

    // For the turn.
    var isDirty = false
    /// Whether the transport takes what is sent; kept here because every delivery asks for it.
    var isWritable = true
    var hasConfirms = false
    /// Whether a queue was told to wait because the outbound buffer is full.
    var hasHeldDeliveries = false

    // Clocks, in milliseconds of uptime.
    var acceptedAt: Int64
    package let connectedAt: Int64
    var lastReceived: Int64
    var lastSent: Int64
    var hasReceived = false
    var hasSent = false
    var closingSince: Int64?
    var unwritableSince: Int64?
    /// Bytes that the client had taken of what it was sent, a tick ago.
    var takenBytes = 0

    // Counters.
    package internal(set) var receivedBytes: UInt64 = 0
    package internal(set) var sentBytes: UInt64 = 0
    package internal(set) var receivedFrames: UInt64 = 0
    package internal(set) var sentFrames: UInt64 = 0

    init(id: ConnectionID, peer: ConnectionPeer, broker: BrokerLoop, transport: any Transport) {
        self.id = id
        self.peer = peer
        self.broker = broker
        self.transport = transport
        output = ByteBuffer()
        frameMax = broker.configuration.frameMax
        channelMax = broker.configuration.channelMax
        payloadLimit = broker.configuration.limits.preAuthenticationFrameBytes
        acceptedAt = broker.time.uptime
        connectedAt = broker.time.now
        lastReceived = acceptedAt
        lastSent = acceptedAt
    }

    /// What `connection.close` from an operator or the end of the broker needs to know.
    package var isOpen: Bool { phase == .running }

    /// Adds a method frame to what is sent at the end of the turn.
    func send(_ method: some Method, channel: UInt16 = 0) {
        output.writeMethod(method, channel: channel)
        sentFrames += 1
        markDirty()
    }

    func sendWithheldCancels() {
        let notices = withheldCancels ?? []
        withheldCancels = nil
        for (channel, tag) in notices { send(BasicCancel(consumerTag: tag, noWait: true), channel: channel) }
    }

    /// The channel's number is free again.
    func forget(_ channel: ChannelMachine) {
        channels[channel.number] = nil
        if lastChannel === channel { lastChannel = nil }
        broker.channelsClosed += 1
    }

    /// Tells the queues of consumers that have room again.
    func serveStarvedConsumers() {
        while let channel = starving.popLast() { channel.serveStarved() }
    }

    func markDirty() {
        guard !isDirty else { return }
        isDirty = true
        broker.becameDirty(self)
    }
}

/// What a client says it understands, in its properties.
struct ClientCapabilities {
    var authenticationFailureClose = false
    var consumerCancelNotify = false
    var connectionBlocked = false
    var basicNack = false

    init() {}

    init(_ properties: FieldTable) {
        guard case .table(let table)? = properties["capabilities"] else { return }
        func says(_ name: String) -> Bool { table[name] == .bool(true) }
        authenticationFailureClose = says("authentication_failure_close")
        consumerCancelNotify = says("consumer_cancel_notify")
        connectionBlocked = says("connection.blocked")
        basicNack = says("basic.nack")
    }
}
