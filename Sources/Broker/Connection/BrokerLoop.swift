package import Logging

/// What all connections of a broker share, and the turn that ends every round of input.
///
/// A turn: the sockets that are ready are read, and their frames call into the core, which appends to the log and writes
/// deliveries into outbound buffers. The first change schedules ``endOfTurn()``, which runs behind all that input: one write
/// and sync of the log for all connections, their confirms, and one flush each. Loop-confined.
package final class BrokerLoop {
    package let core: BrokerCore
    package let access: Access
    package let store: SegmentStore?
    package let configuration: BrokerConfiguration
    package let time: any Timekeeper
    package let logger: Logger
    let serverProperties: FieldTable
    /// Runs an action on the loop once the input of this tick is done with.
    private let afterInput: (@escaping () -> Void) -> Void

    private(set) var machines: [ConnectionID: ConnectionMachine] = [:]
    private var nextConnection: UInt64 = 1
    package private(set) var connectionsOpened: UInt64 = 0
    package private(set) var connectionsClosed: UInt64 = 0
    package internal(set) var channelsOpened: UInt64 = 0
    package internal(set) var channelsClosed: UInt64 = 0
    var channelCount: Int { Int(channelsOpened - channelsClosed) }
    /// Consumers of direct replies by token.
    var replyConsumers: [String: ChannelMachine] = [:]

    private var dirty: [ConnectionMachine] = []
    private var confirming: [ChannelMachine] = []
    private var committing: [Waiting] = []
    private var resuming: [ConnectionMachine] = []
    private var isTurnScheduled = false
    private var lastTick: Int64?
    private var throttle = LogThrottle()
    /// Milliseconds between two ticks above which the broker itself was not there: its process was stopped, or its machine.
    private static let longestPause: Int64 = 2_000

    /// Why publishers are blocked, in the words of `connection.blocked`; nil while they are not.
    package private(set) var blockReason: String?
    /// Whether more waits for the sync thread than publishers should add to.
    private(set) var isBacklogged = false
    /// Unsynced bytes above which publishing connections are not read, until the disk has caught up.
    private static let backlogLimit = 8 << 20
    /// Since when the disk is full, in milliseconds of the uptime.
    private var fullSince: Int64?
    /// How long those who do not wait for room wait nevertheless.
    private static let refusalDelay: Int64 = 1_000
    /// Called when the last connection is gone.
    var onIdle: (() -> Void)?
    var isIdle: Bool { machines.isEmpty }

    /// - Parameter afterInput: runs an action on the loop once the input of this tick is done with.
    package init(
        core: BrokerCore, access: Access, store: SegmentStore?, configuration: BrokerConfiguration,
        time: any Timekeeper, logger: Logger, afterInput: @escaping (@escaping () -> Void) -> Void
    ) {
        self.core = core
        self.access = access
        self.store = store
        self.configuration = configuration
        self.time = time
        self.logger = logger
        self.afterInput = afterInput
        serverProperties = ServerProperties.table(configuration)
        store?.onDurable = { [weak self] in self?.becameDurable() }
        core.onBlocked = { [weak self] reason in self?.block(reason) }
    }

    // MARK: Connections

    /// Takes a new socket; nil when there are too many, and the socket is to be closed.
    package func accept(_ peer: ConnectionPeer, transport: any Transport) -> ConnectionMachine? {
        guard machines.count < configuration.limits.connections else {
            log(.warning, "connection refused: there are \(machines.count) already", of: peer)
            return nil
        }
        let id = ConnectionID(rawValue: nextConnection)
        nextConnection += 1
        let machine = ConnectionMachine(id: id, peer: peer, broker: self, transport: transport)
        machines[id] = machine
        return machine
    }

    func opened(_ connection: ConnectionMachine) {
        connectionsOpened += 1
    }

    func closed(_ connection: ConnectionMachine) {
        connectionsClosed += 1
    }

    func disconnected(_ connection: ConnectionMachine) {
        machines[connection.id] = nil
        if machines.isEmpty { onIdle?() }
    }

    /// Called about twice a second, for heartbeats and timeouts.
    package func tick() {
        let now = time.uptime
        let pause = now - (lastTick ?? now)
        lastTick = now
        for (kind, count) in throttle.leftOut(now: now) {
            logger.warning("lines were left out of the log", metadata: ["line": "\(kind)", "count": "\(count)"])
        }
        refuseWaiting(now)
        // Queues have timers: what they write into the log needs no client to be committed.
        if let store, store.appended > store.durable { scheduleTurn() }
        guard !machines.isEmpty else { return }
        for machine in Array(machines.values) {
            if pause > Self.longestPause { machine.postponeTimeouts(by: pause) }
            machine.tick(now)
        }
        scheduleTurn()
    }

    /// Logs what a client has caused, unless clients have caused too much of it.
    func log(_ level: Logger.Level, _ line: String, of peer: ConnectionPeer, _ metadata: Logger.Metadata = [:]) {
        log(level, line, metadata.merging(["peer": "\(peer.name)"]) { own, _ in own })
    }

    private func log(_ level: Logger.Level, _ line: String, _ metadata: Logger.Metadata = [:]) {
        guard level >= logger.logLevel, throttle.admits(line, now: time.uptime) else { return }
        logger.log(level: level, "\(line)", metadata: metadata)
    }

    // MARK: The turn

    /// Asks for an end of the turn, if none is coming already.
    @inline(__always)
    package func scheduleTurn() {
        guard !isTurnScheduled else { return }
        isTurnScheduled = true
        // Strong: at the end of a broker, or of one that could not start, the turn may be all that is left of it.
        afterInput { [self] in endOfTurn() }
    }

    func becameDirty(_ connection: ConnectionMachine) {
        dirty.append(connection)
        scheduleTurn()
    }

    func awaitConfirms(_ channel: ChannelMachine) {
        guard !channel.isAwaitingConfirms else { return }
        channel.isAwaitingConfirms = true
        channel.connection.hasConfirms = true
        confirming.append(channel)
        scheduleTurn()
    }

    /// Calls back when the log is durable up to a place; never before the end of the turn.
    /// - Parameter refusal: called instead when the disk has been full for a second before that; without it the call waits for room.
    package func whenDurable(_ sequence: LogSequence, orWithoutRoom refusal: (() -> Void)? = nil, _ action: @escaping () -> Void) {
        committing.append(Waiting(sequence: sequence, since: time.uptime, action: action, refusal: refusal))
        scheduleTurn()
    }

    /// Goes on with a connection's kept input in the next turn.
    func resumeInput(of connection: ConnectionMachine) {
        resuming.append(connection)
        scheduleTurn()
    }

    var durable: LogSequence { store?.durable ?? .max }

    /// Makes the turn's publishes durable, answers them, and sends what was gathered.
    package func endOfTurn() {
        isTurnScheduled = false
        let resumed = resuming
        resuming = []
        for connection in resumed { connection.resumeInput() }
        // Deliveries need not wait for the disk: consumers work while it does.
        if store != nil { flush { !$0.hasConfirms } }
        store?.commit()
        answerDurable()
        flush { _ in true }
        if let store, store.backlog > Self.backlogLimit { isBacklogged = true }
    }

    /// A commit has ended, within `endOfTurn` or later.
    private func becameDurable() {
        answerDurable()
        flush { _ in true }
        guard isBacklogged, let store, store.backlog <= Self.backlogLimit / 2 else { return }
        isBacklogged = false
        for machine in Array(machines.values) { machine.resume(.backlog) }
    }

    private func answerDurable() {
        let durable = durable
        if !confirming.isEmpty {
            var waiting: [ChannelMachine] = []
            swap(&waiting, &confirming)
            for channel in waiting {
                channel.isAwaitingConfirms = false
                if channel.settleConfirms(durable: durable) {
                    channel.isAwaitingConfirms = true
                    confirming.append(channel)
                }
            }
            if confirming.isEmpty {
                waiting.removeAll(keepingCapacity: true)
                confirming = waiting
            }
        }
        if !committing.isEmpty {
            let due = committing.filter { $0.sequence <= durable }
            committing.removeAll { $0.sequence <= durable }
            for waiting in due { waiting.action() }
        }
    }

    private func flush(_ isDue: (ConnectionMachine) -> Bool) {
        guard !dirty.isEmpty else { return }
        var list: [ConnectionMachine] = []
        swap(&list, &dirty)
        for connection in list {
            if isDue(connection) {
                connection.hasConfirms = false
                connection.flush()
            } else {
                dirty.append(connection)
            }
        }
        if dirty.isEmpty {
            list.removeAll(keepingCapacity: true)
            dirty = list
        }
    }

    // MARK: Shortage

    private func block(_ reason: BlockReason?) {
        if let reason, reason.text != blockReason {
            log(.warning, "publishers are held back until there is room again", ["reason": "\(reason.text)"])
        } else if reason == nil, blockReason != nil {
            log(.notice, "publishers may go on")
        }
        blockReason = reason?.text
        fullSince = reason == .disk ? fullSince ?? time.uptime : nil
        for machine in Array(machines.values) {
            if let blockReason { machine.block(blockReason) } else { machine.unblock() }
        }
    }

    /// What was being written when the disk became full may still end up there, and what frees room soon does.
    private func refuseWaiting(_ now: Int64) {
        guard let fullSince, now - fullSince >= Self.refusalDelay else { return }
        let isRefused = { (waiting: Waiting) in waiting.refusal != nil && now - waiting.since >= Self.refusalDelay }
        let refused = committing.filter(isRefused)
        committing.removeAll(where: isRefused)
        for waiting in refused { waiting.refusal?() }
    }

    /// Somebody who waits for the log to be durable up to a place.
    private struct Waiting {
        var sequence: LogSequence
        /// Milliseconds of the uptime.
        var since: Int64
        var action: () -> Void
        var refusal: (() -> Void)?
    }
}
