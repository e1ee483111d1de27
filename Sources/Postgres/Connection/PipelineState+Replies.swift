extension PipelineState {
    /// Takes one answer of the server.
    package mutating func receive(_ reply: Reply) -> [Action] {
        guard let expected = expectations.first else { return [.violation("an answer that nobody waits for")] }
        var actions: [Action] = []
        switch (reply, expected) {
        case (.sync, .sync(let completes)):
            expectations.removeFirst()
            flightError = nil
            if completes { finishHead(&actions) }
            if pending.contains(where: \.isCancelled), isCancelDue { actions.append(.cancelNow) }
            if expectations.isEmpty { missing.removeAll() }
        case (.failure(let error), .sync(let completes)):
            // The implicit transaction failed at its end, e.g. by a deferred constraint. The answer to the Sync still comes.
            fail(error, atHead: completes, &actions)
        case (.sync, _), (.done, .sync), (.aborted, .sync):
            return [.violation("answers and requests do not match")]
        case (_, .deallocate):
            expectations.removeFirst()
        case (.done, .prepare):
            expectations.removeFirst()
        case (.failure(let error), .prepare(let name)):
            expectations.removeFirst()
            cache.forget(name)
            if missing.count > 1000 { missing.removeAll() }  // a pipeline that never runs dry must not gather them for ever
            missing[name] = .some(error)
            fail(error, atHead: true, &actions)
        case (.aborted, .prepare(let name)):
            expectations.removeFirst()
            cache.forget(name)
            missing[name] = .some(nil)
        case (.done(let value), .run):
            expectations.removeFirst()
            if !pending.isEmpty { pending[0].results.append(value) }
            answerHead(&actions)
        case (.failure(let error), .run(let name)):
            expectations.removeFirst()
            if error.isStaleStatement { forgetStale(name, isStillPrepared: error.sqlState != "26000") }
            // Sent before it was known that the statement cannot be prepared: the reason is the better answer.
            let reason = error.sqlState == "26000" ? missing[name].flatMap { $0 } : nil
            fail(reason ?? error, atHead: true, &actions)
            answerHead(&actions)
        case (.aborted, .run):
            expectations.removeFirst()
            if !pending.isEmpty, pending[0].error == nil { pending[0].error = .aborted(by: causeOfAbort) }
            answerHead(&actions)
        }
        return actions
    }

    /// The connection is gone: nobody gets an answer any more.
    package mutating func connectionLost(_ error: PostgresError) -> [Action] {
        let actions: [Action] = pending.map { entry in
            var error = error.at(
                query: entry.request.statements.first?.text, file: error.file, line: error.line)
            if entry.request.role == .commit { error.message += " (whether COMMIT took effect is not known)" }
            if entry.isCancelled { error.code = .cancelled }
            return .complete(entry.request, .failure(error))
        }
        pending.removeAll()
        expectations.removeAll()
        hasOpenFlight = false
        return actions
    }

    private var causeOfAbort: PostgresError? {
        if let flightError { return flightError }
        if let failed = failedTransaction, failed.id == pending.first?.request.transaction { return failed.error }
        return nil
    }

    private mutating func fail(_ error: PostgresError, atHead: Bool, _ actions: inout [Action]) {
        var error = error
        if error.sqlState == "25P02" || error.sqlState == "26000", let cause = causeOfAbort { error = .aborted(by: cause) }
        flightError = flightError ?? error
        guard atHead, !pending.isEmpty else { return }
        pending[0].error = pending[0].error ?? error
        guard let transaction = pending[0].request.transaction, failedTransaction?.id != transaction else { return }
        failedTransaction = (transaction, error)
        actions.append(.transactionFailed(transaction, error))
    }

    /// What the server has lost or cannot run any more it has not lost alone, unless it is known never to have been prepared.
    private mutating func forgetStale(_ name: String, isStillPrepared: Bool) {
        if missing.keys.contains(name) {
            cache.forget(name)
        } else {
            cache.forgetAll(because: name, areStillPrepared: isStillPrepared)
        }
    }

    /// One statement of the first request has its answer.
    private mutating func answerHead(_ actions: inout [Action]) {
        guard !pending.isEmpty else { return actions.append(.violation("an answer without a request")) }
        pending[0].remaining -= 1
        if pending[0].remaining == 0, !pending[0].completesAtSync { finishHead(&actions) }
    }

    private mutating func finishHead(_ actions: inout [Action]) {
        guard let head = pending.popFirst() else { return actions.append(.violation("a Sync without a request")) }
        actions.append(outcome(of: head, &actions))
        if head.endsSuspicion { isSuspicious = false }
    }

    private mutating func outcome(of head: Pending, _ actions: inout [Action]) -> Action {
        guard var error = head.error else { return success(of: head, &actions) }
        if head.isCancelled, error.sqlState == "57014" || error.code == .aborted || error.code == .timeout {
            error.code = .cancelled
            error.message = "the task was cancelled; the server stopped the statement"
        } else if head.request.transaction == nil, head.request.attempt < Self.resendLimit, !head.isCancelled {
            // The request was a transaction of its own and was rolled back, so that sending it again is harmless.
            if error.isStaleStatement || (head.mayBeHit && error.sqlState == "57014") {
                var request = head.request
                request.attempt += 1
                return .resend(request, error)
            }
        }
        return .complete(head.request, .failure(error))
    }

    private mutating func success(of head: Pending, _ actions: inout [Action]) -> Action {
        let transaction = head.request.transaction
        if head.request.role == .commit, head.results.last?.isRollback == true {
            let cause = failedTransaction.flatMap { $0.id == transaction ? $0.error : nil }
            let error = cause ?? PostgresError(code: .aborted, message: "COMMIT was answered with ROLLBACK")
            return .complete(head.request, .failure(error))
        }
        if head.request.role == .recover, let transaction, failedTransaction?.id == transaction {
            failedTransaction = nil
            actions.append(.transactionRecovered(transaction))
        }
        return .complete(head.request, .success(head.results))
    }
}

extension PipelineState {
    /// The task of a request was cancelled.
    /// - Returns: whether the request may be running, so that the server must be told now. Otherwise it is told when the request's
    ///   turn comes (``Action/cancelNow``).
    package mutating func cancel(_ id: UInt64) -> Bool {
        guard let index = pending.firstIndex(where: { $0.request.id == id }), !pending[index].isCancelled else { return false }
        pending[index].isCancelled = true
        return isCancelDue
    }

    /// Whether a cancelled request may be running. The server holds back answers until the end of a flight, so any request of the
    /// first flight may be the one; in a transaction it makes no difference which of them is struck.
    package var isCancelDue: Bool {
        var runs = 0
        for case .run in expectations.prefix(while: { if case .sync = $0 { false } else { true } }) { runs += 1 }
        for (index, entry) in pending.enumerated() {
            if index > 0, runs <= 0 { return false }
            if entry.isCancelled { return true }
            runs -= entry.remaining
        }
        return false
    }

    /// A cancel request is on its way to the server; it names no statement, so that it hits whichever runs when it arrives.
    package mutating func cancelStarted() {
        isCancelling = true
        markHit()
    }

    /// The server has taken the cancel request; it may still strike what was sent by now.
    package mutating func cancelFinished() {
        isCancelling = false
        isSuspicious = true
        markHit()
    }

    private mutating func markHit() { for index in pending.indices { pending[index].mayBeHit = true } }

    /// Whether a cancel request is on its way.
    package var isCancelInFlight: Bool { isCancelling }
}
