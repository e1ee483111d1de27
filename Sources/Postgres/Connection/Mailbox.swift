import Locking
import Synchronization

/// How a request reports back.
typealias RequestWaiter = CheckedContinuation<Result<[PostgresResult], PostgresError>, Never>

/// One request of a caller to its connection.
struct ConnectionRequest: PipelineRequest {
    var id: UInt64
    var statements: [SQL]
    var transaction: UInt64?
    var role: PipelineRole = .ordinary
    var attempt = 0
    /// See ``TransactionClosing/committed``.
    var committed: (@Sendable (ArraySlice<PostgresResult>) -> Void)?
    /// nil for a request nobody waits for.
    var waiter: RequestWaiter?
    var file: String
    var line: Int
}

extension PostgresResult: PipelineValue {
    package var isRollback: Bool { commandTag == "ROLLBACK" }
}

/// What the connection's thread is asked to do.
enum MailboxItem {
    case request(ConnectionRequest)
    case cancel(UInt64)
    /// Wait until everything sent is answered, then own the connection for a COPY.
    case exclusive(CheckedContinuation<Result<Void, PostgresError>, Never>)
    case close(CheckedContinuation<Void, Never>)
}

/// Where tasks leave requests for a connection without switching to its thread.
///
/// Whoever leaves the first request schedules one turn of the connection; what others leave until then goes out in the same flight. A
/// request without a waiter does not schedule a turn: it goes out with the next one.
final class Mailbox: Sendable {
    /// A transaction of this connection.
    struct Transaction {
        var id: UInt64
        /// Whether COMMIT or ROLLBACK was asked for: nothing may be added then.
        var isEnding = false
        /// The first error of a statement in it.
        var failure: PostgresError?
        /// Why an enqueued statement could not be sent, the first one. The server knows nothing of it and would commit the rest.
        var unsent: PostgresError?
    }

    struct State {
        var items: [MailboxItem] = []
        var isScheduled = false
        /// Requests that are not answered.
        var outstanding = 0
        var transaction: Transaction?
        var closed: PostgresError?
        /// Whether the server said at the last Sync that it is in no transaction.
        var isServerIdle = true
        var isCancelling = false
        /// After a cancel request, until a round trip has shown that it strikes nobody any more.
        var needsBarrier = false
        var isExclusive = false
        var listeners = 0
        var onClose: (@Sendable (PostgresError) -> Void)?
    }

    private let state = Locked(State())
    private let ids = Atomic<UInt64>(1)
    private let schedule: @Sendable () -> Void

    /// `schedule` makes the connection take the items, once for each call.
    init(schedule: @escaping @Sendable () -> Void) { self.schedule = schedule }

    func nextID() -> UInt64 { ids.add(1, ordering: .relaxed).newValue }

    func withState<R>(_ body: (inout sending State) -> sending R) -> sending R { state.withLock(body) }

    /// How many requests without a waiter may gather before they are sent anyway.
    private static let enqueueLimit = 128

    /// Leaves a request, or says why that cannot be.
    func post(_ request: ConnectionRequest) -> PostgresError? {
        let (error, mustSchedule) = state.withLock { state -> (PostgresError?, Bool) in
            if let error = Self.refusal(of: request, in: state) { return (error, false) }
            state.items.append(.request(request))
            state.outstanding += 1
            if request.role == .commit || request.role == .rollback { state.transaction?.isEnding = true }
            guard !state.isScheduled, request.waiter != nil || state.items.count > Self.enqueueLimit else { return (nil, false) }
            state.isScheduled = true
            return (nil, true)
        }
        if mustSchedule { schedule() }
        return error
    }

    private static func refusal(of request: ConnectionRequest, in state: State) -> PostgresError? {
        if let closed = state.closed { return closed.at(query: nil, file: request.file, line: request.line) }
        if request.transaction == state.transaction?.id {
            guard let transaction = state.transaction, transaction.isEnding, request.role == .ordinary else { return nil }
            return usage("the transaction is ending; it takes no more statements", request)
        }
        return request.transaction == nil
            ? usage("a transaction is open on this connection; use its handle", request)
            : usage("the transaction has ended", request)
    }

    private static func usage(_ message: String, _ request: ConnectionRequest) -> PostgresError {
        PostgresError(code: .usage, message: message, query: request.statements.first?.text, file: request.file, line: request.line)
    }

    /// Leaves the wish to own the connection for a COPY of this transaction, or of none, or says why that cannot be. Looked at and left
    /// at once: behind the end of its transaction a COPY would be one of its own, which stays.
    func post(copy continuation: CheckedContinuation<Result<Void, PostgresError>, Never>, of transaction: UInt64?) -> PostgresError? {
        post(.exclusive(continuation)) { state in
            if state.transaction?.id == transaction, state.transaction?.isEnding != true { return nil }
            return PostgresError(code: .usage, message: "COPY outside of the transaction that is open, or after its end")
        }
    }

    /// Leaves something other than a request, or says why that cannot be: the connection is closed, or what `refusal` says.
    @discardableResult
    func post(_ item: MailboxItem, unless refusal: (borrowing State) -> PostgresError? = { _ in nil }) -> PostgresError? {
        let (error, mustSchedule) = state.withLock { state -> (PostgresError?, Bool) in
            if let error = state.closed ?? refusal(state) { return (error, false) }
            state.items.append(item)
            defer { state.isScheduled = true }
            return (nil, !state.isScheduled)
        }
        if mustSchedule { schedule() }
        return error
    }

    /// Has the connection take a turn although nothing asks for one.
    func scheduleTurn() {
        let mustSchedule = state.withLock { state in
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if mustSchedule { schedule() }
    }

    /// Takes a request back that has not been sent yet; else asks for its cancellation.
    func cancel(_ id: UInt64) {
        let taken = state.withLock { state -> ConnectionRequest? in
            for (index, item) in state.items.enumerated() {
                guard case .request(let request) = item, request.id == id else { continue }
                state.items.remove(at: index)
                state.outstanding -= 1
                return request
            }
            return nil
        }
        if let taken {
            taken.waiter?.resume(returning: .failure(.notSent(taken)))
        } else {
            post(.cancel(id))
        }
    }

    /// Everything left since the last turn.
    func take() -> [MailboxItem] {
        state.withLock { state in
            state.isScheduled = false
            let items = state.items
            state.items = []
            return items
        }
    }

    func answered(_ count: Int) { state.withLock { $0.outstanding -= count } }

    /// Whether the connection can serve somebody else: nothing under way, nothing open, nobody listening.
    var isReusable: Bool {
        state.withLock {
            $0.closed == nil && $0.outstanding == 0 && $0.transaction == nil && $0.isServerIdle && !$0.needsBarrier
                && !$0.isExclusive && $0.listeners == 0
        }
    }

    /// Whether something is under way that will end by itself.
    var isSettling: Bool {
        state.withLock { $0.closed == nil && ($0.outstanding > 0 || $0.needsBarrier || $0.isExclusive) }
    }
}

extension PostgresError {
    static func notSent(_ request: ConnectionRequest) -> PostgresError {
        PostgresError(
            code: .cancelled, message: "the task was cancelled before the statement was sent",
            query: request.statements.first?.text, file: request.file, line: request.line)
    }
}
