import DequeModule

/// What a request must tell the pipeline.
package protocol PipelineRequest: Sendable {
    var id: UInt64 { get }
    var statements: [SQL] { get }
    /// The transaction the request belongs to; nil for one that is its own implicit transaction.
    var transaction: UInt64? { get }
    var role: PipelineRole { get }
    /// How often the request was sent before.
    var attempt: Int { get set }
}

/// What a request means for its transaction.
package enum PipelineRole: Sendable, Equatable {
    case ordinary
    /// `COMMIT`: answered when its Sync is, so that the server's transaction status is known then.
    case commit
    /// `ROLLBACK`: in a flight of its own, because a failed flight would skip it.
    case rollback
    /// `ROLLBACK TO SAVEPOINT`: like `rollback`; the transaction is sound again afterwards.
    case recover
}

/// What a successful statement returned.
package protocol PipelineValue: Sendable {
    /// Whether the command tag is `ROLLBACK`.
    var isRollback: Bool { get }
}

/// The order of what was sent and of what must come back on a connection in pipeline mode. Pure: it sends through a closure, is told
/// of replies, and returns what follows from them.
///
/// A *flight* is what lies between two Syncs. After an error the server skips the rest of a flight. Outside of a transaction every
/// request is a flight, so that requests do not hurt each other; its implicit transaction commits at the Sync, hence such a request
/// is complete only when the Sync is answered. In a transaction all that is sent in one turn is one flight.
package struct PipelineState<Request: PipelineRequest, Value: PipelineValue> {
    /// What to send.
    package enum Command: Equatable {
        /// Prepare statement number `index` of the request under a name.
        case prepare(name: String, index: Int)
        /// Run a prepared statement with the parameters of statement number `index`.
        case run(name: String, index: Int)
        case deallocate(name: String)
        case sync
    }

    /// What the server answered.
    package enum Reply {
        case done(Value)
        case failure(PostgresError)
        /// Skipped because of an error before it.
        case aborted
        case sync
    }

    /// What follows.
    package enum Action {
        case complete(Request, Result<[Value], PostgresError>)
        /// Failed for a reason that lies in the connection alone, and nothing of it took effect: send it again, or report the error.
        case resend(Request, PostgresError)
        /// The first error of a transaction.
        case transactionFailed(UInt64, PostgresError)
        case transactionRecovered(UInt64)
        /// A request whose task was cancelled is now the one that runs.
        case cancelNow
        /// The server answered what nobody asked; the connection cannot be trusted any more.
        case violation(String)
    }

    enum Expectation {
        case prepare(name: String)
        case run(name: String)
        case deallocate
        case sync(completes: Bool)
    }

    struct Pending {
        var request: Request
        var remaining: Int
        var results: [Value] = []
        var error: PostgresError?
        var isCancelled = false
        /// A cancel request aimed at another statement may have hit this one.
        var mayBeHit = false
        /// Sent after a cancel request had been taken: its answer proves that the request has struck or never will.
        var endsSuspicion = false

        var completesAtSync: Bool { request.transaction == nil || request.role != .ordinary }
    }

    var expectations: Deque<Expectation> = []
    var pending: Deque<Pending> = []
    package internal(set) var cache: StatementCache
    /// Whether statements of a transaction were sent without a Sync behind them.
    package internal(set) var hasOpenFlight = false
    var flightError: PostgresError?
    var failedTransaction: (id: UInt64, error: PostgresError)?
    var isCancelling = false
    /// After a cancel request: it may strike until a request that was sent afterwards has been answered.
    var isSuspicious = false
    /// Why statements of these names do not exist on the server. Without an error: their prepare was skipped.
    var missing: [String: PostgresError?] = [:]

    /// How often a request is sent again at most.
    static var resendLimit: Int { 5 }

    package init(cacheSize: Int = 256) { cache = StatementCache(capacity: cacheSize) }

    /// Whether everything sent has been answered.
    package var isIdle: Bool { expectations.isEmpty && !hasOpenFlight }
    /// Whether an answer is due.
    package var expectsReply: Bool { !expectations.isEmpty }

    /// The request whose answer comes next, and which of its statements.
    package var current: (request: Request, index: Int)? {
        guard let head = pending.first else { return nil }
        return (head.request, min(head.request.statements.count - head.remaining, head.request.statements.count - 1))
    }

    /// Sends a request.
    package mutating func append(_ request: Request, send: (Command) -> Void) {
        if request.transaction == nil || request.role == .rollback || request.role == .recover { finishFlight(send: send) }
        if request.transaction == nil { collectGarbage(send: send) }
        for (index, sql) in request.statements.enumerated() {
            let (name, isNew) = cache.use(sql)
            if isNew {
                expectations.append(.prepare(name: name))
                send(.prepare(name: name, index: index))
            }
            expectations.append(.run(name: name))
            send(.run(name: name, index: index))
        }
        let entry = Pending(
            request: request, remaining: request.statements.count, mayBeHit: isCancelling || isSuspicious,
            endsSuspicion: isSuspicious && !isCancelling)
        hasOpenFlight = true
        pending.append(entry)
        if entry.completesAtSync { sync(completes: true, send: send) }
    }

    /// Ends the flight of a transaction, if one is open.
    package mutating func finishFlight(send: (Command) -> Void) {
        if hasOpenFlight { sync(completes: false, send: send) }
    }

    private mutating func sync(completes: Bool, send: (Command) -> Void) {
        expectations.append(.sync(completes: completes))
        hasOpenFlight = false
        send(.sync)
    }

    /// Deallocates statements that fell out of the cache, in flights of their own: an error must not hurt anybody, and in a failed
    /// transaction it could not run.
    private mutating func collectGarbage(send: (Command) -> Void) {
        for name in cache.takeGarbage() {
            expectations.append(.deallocate)
            send(.deallocate(name: name))
            sync(completes: false, send: send)
        }
    }
}
