import CLibPQ
import DequeModule
import Dispatch
public import Logging

/// One connection to PostgreSQL.
///
/// Statements of many tasks may run on it at the same time: they are pipelined in the order of the calls. It is an actor on the
/// thread that waits for its socket; callers do not wait for that thread, they leave their request and are resumed with the answer.
public actor PostgresConnection: PostgresExecutor {
    nonisolated let executor: LoopExecutor
    nonisolated let mailbox: Mailbox
    nonisolated let configuration: PostgresConfiguration
    nonisolated let logger: Logger
    /// The process of the server behind this connection (`pg_backend_pid()`).
    public nonisolated let processID: Int32

    let link: ConnectionLink
    var machine: PipelineState<ConnectionRequest, PostgresResult>
    /// Taken from the mailbox but not sent: what came behind a COPY.
    var backlog: Deque<MailboxItem> = []
    var isLost = false
    var isSendBroken = false
    var isExclusive = false
    var wasServerIdle = true
    /// How often the socket was read.
    var reads: UInt64 = 0
    /// Resumed when the socket has something to read (COPY only).
    var readWaiters: [CheckedContinuation<Void, Never>] = []
    /// Resumed when all output has left (COPY only).
    var writeWaiters: [CheckedContinuation<Void, Never>] = []
    var listeners: [String: [UInt64: AsyncStream<PostgresNotification>.Continuation]] = [:]
    /// By channel, until the server has answered. Meanwhile nobody is added to ``listeners`` of the channel.
    var unlistens: [String: Task<Void, Never>] = [:]
    var cancelQueue: DispatchQueue?

    /// The loop's thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Opens a connection.
    /// - Throws: code `connectionFailed` when the server cannot be reached, refuses, or cannot prove who it is; `cancelled`.
    public static func connect(
        _ configuration: PostgresConfiguration, logger: Logger
    ) async throws(PostgresError) -> PostgresConnection {
        let executor = LoopExecutor(.shared)
        let link = try await Connector.connect(configuration, loop: executor.loop, logger: logger)
        let connection = PostgresConnection(link, configuration, executor, logger)
        await connection.start()
        return connection
    }

    private init(
        _ link: ConnectionLink, _ configuration: PostgresConfiguration, _ executor: LoopExecutor, _ logger: Logger
    ) {
        self.link = link
        self.configuration = configuration
        self.executor = executor
        self.logger = logger
        processID = PQbackendPID(link.pointer)
        machine = PipelineState(cacheSize: configuration.statementCacheSize)
        let turn = Turn()
        mailbox = Mailbox { executor.loop.atEndOfTurn { turn.run() } }
        turn.connection = self
    }

    /// Breaks the circle between mailbox and connection.
    ///
    /// Sendable by proof: `connection` is written once in `init`, before the mailbox can be reached by anybody.
    private final class Turn: @unchecked Sendable {
        weak var connection: PostgresConnection?
        func run() { connection?.assumeIsolated { $0.turn() } }
    }

    private func start() {
        link.watch(
            readable: { [weak self] in self?.assumeIsolated { $0.readable() } },
            writable: { [weak self] in self?.assumeIsolated { $0.flush() } })
    }

    /// Ends the session. Statements that are still running fail with code `connectionClosed`.
    public nonisolated func close() async {
        await withCheckedContinuation { continuation in
            if mailbox.post(.close(continuation)) != nil { continuation.resume() }
        }
    }

    /// Calls `action` when the connection is closed or lost; now, if it is. Only for a connection outside of a pool, and once.
    package nonisolated func whenClosed(_ action: @escaping @Sendable () -> Void) {
        let isClosed = mailbox.withState { state -> Bool in
            state.onClose = { _ in action() }
            return state.closed != nil
        }
        if isClosed { action() }
    }

    /// Whether the connection is closed or broken.
    public nonisolated var isClosed: Bool { mailbox.withState { $0.closed != nil } }
}
