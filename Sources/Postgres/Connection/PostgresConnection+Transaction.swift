extension PostgresConnection {
    /// How long ROLLBACK may take before the connection is given up.
    private static let rollbackPatience = 10

    /// Runs the closure in a transaction and commits when it returns; rolls back when it throws.
    ///
    /// `BEGIN` is sent with the first statement, `COMMIT` in the same flight as what was enqueued last. A transaction in which
    /// nothing was executed costs no round trip. COMMIT throws the first error of the transaction if there was one.
    /// - Parameters:
    ///   - isolation: the isolation level.
    ///   - retries: how often the closure is run again after a serialization failure or a deadlock, with a growing, random pause.
    /// - Throws: what the closure throws, and ``PostgresError``. After code `connectionClosed` from COMMIT nobody knows whether
    ///   it took effect.
    public nonisolated(nonsending) func withTransaction<R>(
        isolation: IsolationLevel = .readCommitted, retries: Int = 3, file: String = #fileID, line: Int = #line,
        _ body: nonisolated(nonsending) (PostgresTransaction) async throws -> R
    ) async throws -> R {
        try await withClosingTransaction(isolation: isolation, retries: retries, file: file, line: line) { transaction in
            (try await body(transaction), TransactionClosing())
        }
    }

    /// The same, with statements that go out in the flight of COMMIT and somebody who is told their results.
    ///
    /// - Parameter body: returns its result and how the transaction ends.
    package nonisolated(nonsending) func withClosingTransaction<R>(
        isolation: IsolationLevel = .readCommitted, retries: Int = 3, file: String = #fileID, line: Int = #line,
        _ body: nonisolated(nonsending) (PostgresTransaction) async throws -> (R, TransactionClosing)
    ) async throws -> R {
        var attempt = 0
        while true {
            await passBarrier()
            let id = try begin(isolation, file: file, line: line)
            let transaction = PostgresTransaction(connection: self, id: id)
            do {
                let (result, closing) = try await body(transaction)
                try await commit(id, closing: closing, file: file, line: line)
                return result
            } catch {
                let cause = transactionFailure(id)
                await rollback(id, file: file, line: line)
                let root = Self.rootError(error, cause: cause)
                let reason = cause ?? root as? PostgresError
                guard attempt < retries, let reason, reason.isRetryable || reason.isStaleStatement, !Task.isCancelled else {
                    throw root
                }
                attempt += 1
                logger.debug("transaction is run again", metadata: ["attempt": "\(attempt)", "reason": "\(reason.message)"])
                try await Task.sleep(for: Self.pause(before: attempt))
            }
        }
    }

    /// 5 ms, doubling, half of it random: those who collided must not collide again.
    private static func pause(before attempt: Int) -> Duration {
        let limit = 5_000 << min(attempt - 1, 7)
        return .microseconds(Int.random(in: limit / 2...limit))
    }

    /// The error worth reporting: a statement that was skipped says less than the one that failed.
    static func rootError(_ error: any Error, cause: PostgresError?) -> any Error {
        guard let error = error as? PostgresError, error.code == .aborted else { return error }
        return cause ?? (error.underlying as? PostgresError) ?? error
    }

    private nonisolated func begin(_ isolation: IsolationLevel, file: String, line: Int) throws(PostgresError) -> UInt64 {
        let id = mailbox.nextID()
        let isFree = mailbox.withState { state -> Bool in
            if state.transaction != nil { return false }
            state.transaction = Mailbox.Transaction(id: id)
            return true
        }
        guard isFree else {
            throw PostgresError(
                code: .usage, message: "a transaction is open on this connection already; use withSavepoint to nest", file: file,
                line: line)
        }
        let request = ConnectionRequest(
            id: mailbox.nextID(), statements: [isolation.begin], transaction: id, file: file, line: line)
        if let error = mailbox.post(request) {
            endTransaction(id)
            throw error
        }
        return id
    }

    /// Drops what was not sent yet, if that is all of the transaction.
    /// - Parameter limit: how many unsent statements may be dropped.
    private nonisolated func dropUnsent(_ id: UInt64, limit: Int) -> Bool {
        let dropped = mailbox.withState { state -> [ConnectionRequest]? in
            let requests = state.items.compactMap { $0.request(of: id) }
            // The first statement of a transaction is BEGIN; if that is unsent, so is everything.
            guard requests.first?.statements.first?.isBegin == true, requests.count <= limit else { return nil }
            // A COPY may be about to begin; without BEGIN what it writes would stay.
            guard !state.items.contains(where: \.isExclusive) else { return nil }
            // What others have left meanwhile stays: a close, or the cancellation of a statement before.
            state.items.removeAll { $0.request(of: id) != nil }
            state.outstanding -= requests.count
            if state.transaction?.id == id { state.transaction = nil }
            return requests
        }
        guard let dropped else { return false }
        for request in dropped { request.waiter?.resume(returning: .failure(.notSent(request))) }
        return true
    }

    private nonisolated func endTransaction(_ id: UInt64) {
        mailbox.withState { state in if state.transaction?.id == id { state.transaction = nil } }
    }

    /// The first error of a transaction that is open.
    nonisolated func transactionFailure(_ id: UInt64) -> PostgresError? {
        mailbox.withState { state in
            state.transaction?.id == id ? state.transaction?.failure ?? state.transaction?.unsent : nil
        }
    }

    /// Why a statement of a transaction that is open could not be sent.
    nonisolated func unsentFailure(_ id: UInt64) -> PostgresError? {
        mailbox.withState { state in state.transaction?.id == id ? state.transaction?.unsent : nil }
    }

    /// What could not be sent since a savepoint is undone with the rest; `failure` is what had failed before.
    nonisolated func undoUnsent(_ id: UInt64, to failure: PostgresError?) {
        mailbox.withState { state in if state.transaction?.id == id { state.transaction?.unsent = failure } }
    }

    private nonisolated func commit(
        _ id: UInt64, closing: TransactionClosing, file: String, line: Int
    ) async throws(PostgresError) {
        // E.g. a statement that could not be encoded was enqueued: it never reached the server, which would commit the rest.
        if let failure = transactionFailure(id), failure.code != .server || unsentFailure(id) != nil { throw failure }
        if closing.statements.isEmpty, dropUnsent(id, limit: 1) {
            closing.committed?([])
            return
        }
        // Not to be cancelled: the closure has returned, so the transaction is wanted.
        _ = try await submit(
            closing.statements + ["COMMIT"], transaction: id, role: .commit, isCancellable: false, committed: closing.committed,
            file: file, line: line)
        endTransaction(id)
    }

    /// Never throws and never hangs: if the server does not answer, the connection is closed, which rolls back too.
    private nonisolated func rollback(_ id: UInt64, file: String, line: Int) async {
        if dropUnsent(id, limit: .max) { return }
        defer { endTransaction(id) }
        let isOver = mailbox.withState { $0.transaction?.id != id || $0.closed != nil }
        if isOver { return }
        let guardian = watch(seconds: Self.rollbackPatience, reason: "the server did not answer ROLLBACK")
        do {
            _ = try await submit(["ROLLBACK"], transaction: id, role: .rollback, isCancellable: false, file: file, line: line)
        } catch {
            logger.debug("ROLLBACK failed", metadata: ["error": "\(error)"])
            if !error.isConnectionFailure { await close() }
        }
        guardian.cancel()
    }

    nonisolated func sendAhead() {
        if executor.loop.isCurrent { assumeIsolated { $0.sendOpenFlight() } }
    }

    nonisolated func enqueue(_ sql: SQL, transaction: UInt64, file: String, line: Int) {
        do throws(PostgresError) {
            try check(sql, file: file, line: line)
            let request = ConnectionRequest(
                id: mailbox.nextID(), statements: [sql], transaction: transaction, file: file, line: line)
            if let error = mailbox.post(request) { throw error }
        } catch {
            // Nobody waits here: the transaction remembers it, and COMMIT is replaced by ROLLBACK.
            mailbox.withState { state in
                if state.transaction?.id == transaction, state.transaction?.unsent == nil { state.transaction?.unsent = error }
            }
        }
    }
}

/// How a transaction ends.
package struct TransactionClosing: Sendable {
    /// To be sent in the flight of COMMIT.
    package var statements: [SQL]
    /// Is called with their results when the transaction has committed, before anything that waits for it goes on: on the thread of
    /// the connections, which it must not block, or on the caller's if nothing had to be sent.
    package var committed: (@Sendable (ArraySlice<PostgresResult>) -> Void)?

    package init(_ statements: [SQL] = [], committed: (@Sendable (ArraySlice<PostgresResult>) -> Void)? = nil) {
        self.statements = statements
        self.committed = committed
    }
}

extension IsolationLevel {
    var begin: SQL {
        switch self {
        case .readCommitted: "BEGIN ISOLATION LEVEL READ COMMITTED"
        case .repeatableRead: "BEGIN ISOLATION LEVEL REPEATABLE READ"
        case .serializable: "BEGIN ISOLATION LEVEL SERIALIZABLE"
        }
    }
}

extension MailboxItem {
    fileprivate func request(of transaction: UInt64) -> ConnectionRequest? {
        if case .request(let request) = self, request.transaction == transaction { request } else { nil }
    }

    fileprivate var isExclusive: Bool { if case .exclusive = self { true } else { false } }
}

extension SQL {
    fileprivate var isBegin: Bool { text.hasPrefix("BEGIN ISOLATION LEVEL ") }
}
