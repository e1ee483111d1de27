import Broker
import Logging
import NIOCore
import NIOEmbedded
import Testing

/// A broker in memory without sockets: every call is synchronous, and turns are run by hand.
final class MachineHarness {
    let time = ManualTime()
    let core: BrokerCore
    let access: Access
    let store: SegmentStore?
    private(set) var broker: BrokerLoop!
    private let pending = Pending()

    private final class Pending {
        var actions: [() -> Void] = []
    }

    /// - Parameter disk: where durable messages are kept; its turns are the test's. Without it all is in memory.
    init(disk: SimulatedDisk? = nil, _ configure: (inout BrokerConfiguration) -> Void = { _ in }) throws {
        var configuration = BrokerConfiguration()
        configure(&configuration)
        access = Access(definitions: nil, eventLoop: EmbeddedEventLoop())
        let folder = try disk?.open(time)
        store = folder?.store
        core = BrokerCore(
            limits: configuration.limits, store: folder?.store, definitions: folder?.definitions, time: time, nodeName: "test")
        try core.createHost("/")
        for name in ["guest", "other"] {
            access.restore(.putUser(UserDefinition(name: name, passwordHash: "", tags: [])))
        }
        allow("guest", configure: ".*", write: ".*", read: ".*")
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let pending = pending
        broker = BrokerLoop(
            core: core, access: access, store: folder?.store, configuration: configuration, time: time, logger: logger
        ) { pending.actions.append($0) }
    }

    func allow(_ user: String, configure: String, write: String, read: String) {
        let permission = PermissionDefinition(user: user, host: "/", configure: configure, write: write, read: read)
        access.restore(.putPermission(permission))
    }

    /// Runs what was put off to the end of the turn.
    func endTurn() {
        while !pending.actions.isEmpty { pending.actions.removeFirst()() }
    }

    /// A connected client that has sent nothing yet.
    func connect(user: String = "guest") -> MachineClient {
        let client = MachineClient(harness: self)
        let peer = ConnectionPeer(
            peerHost: "127.0.0.1", peerPort: 50_000, host: "127.0.0.1", port: 5_672, isLoopback: true)
        client.machine = broker.accept(peer, transport: client)
        client.machine?.certificateName = user
        return client
    }

    /// A client with an open connection and, unless told otherwise, channel 1.
    func open(user: String = "guest", heartbeat: UInt16 = 0, frameMax: UInt32 = 131_072, channel: Bool = true) throws -> MachineClient {
        let client = connect(user: user)
        try client.handshake(heartbeat: heartbeat, frameMax: frameMax)
        if channel {
            client.send(ChannelOpen(), channel: 1)
            _ = try client.take(ChannelOpenOK.self)
        }
        return client
    }

    /// Lets time pass, with the ticks that a broker has.
    func advance(milliseconds: Int64) {
        for _ in 0..<(milliseconds / 500) {
            time.advance(500)
            broker.tick()
            endTurn()
        }
    }
}

/// A disk in memory whose work is done when the test says so.
final class SimulatedDisk {
    let storage = SimulatedStorage()
    let executor = SteppedExecutor()

    fileprivate func open(_ time: ManualTime) throws -> DataFolder {
        try DataFolder.open(storage, executor: executor, time: time, configuration: Sample.configuration())
    }
}

/// Time that stands still unless a test moves it.
final class ManualTime: Timekeeper {
    private struct Planned: ScheduledAction {
        let cancelled: () -> Void
        func cancel() { cancelled() }
    }

    private(set) var uptime: Int64 = 1_000
    private var actions: [Int: (at: Int64, run: () -> Void)] = [:]
    private var next = 0
    var now: Int64 { uptime + 1_700_000_000_000 }

    func schedule(after milliseconds: Int64, _ action: @escaping () -> Void) -> any ScheduledAction {
        let key = next
        next += 1
        actions[key] = (uptime + milliseconds, action)
        return Planned { [weak self] in self?.actions[key] = nil }
    }

    func advance(_ milliseconds: Int64) {
        uptime += milliseconds
        for (key, action) in actions.filter({ $0.value.at <= uptime }).sorted(by: { $0.value.at < $1.value.at }) {
            actions[key] = nil
            action.run()
        }
    }
}
