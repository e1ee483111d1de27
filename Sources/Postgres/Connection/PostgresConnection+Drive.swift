import CLibPQ

/// The part that runs on the connection's thread: take requests, send, read answers.
extension PostgresConnection {
    /// Takes what was left in the mailbox and sends it.
    func turn() {
        takeMail()
        pump()
    }

    /// Sends what was left in the mailbox as part of a flight to which more will come in this turn of the loop. At its end the flight
    /// ends too, whatever the task does: the server counts the time of an idle transaction only behind a Sync.
    func sendOpenFlight() {
        takeMail()
        sendRequests()
        flush()
        if machine.hasOpenFlight { mailbox.scheduleTurn() }
    }

    private func takeMail() {
        for item in mailbox.take() {
            switch item {
            case .cancel(let id): cancel(id)
            case .close(let continuation):
                lost("it was closed", wasClosed: true)
                continuation.resume()
            case .request, .exclusive: backlog.append(item)
            }
        }
    }

    /// Sends the backlog as far as possible, ends the flight and pushes the bytes out.
    func pump() {
        if isLost { return failBacklog() }
        sendRequests()
        while !isLost, !isExclusive, case .exclusive(let continuation)? = backlog.first {
            machine.finishFlight { self.perform($0, nil) }
            guard machine.isIdle, !isLost else { break }
            backlog.removeFirst()
            becomeExclusive(continuation)
            sendRequests()
        }
        if isLost { return failBacklog() }
        machine.finishFlight { self.perform($0, nil) }
        if isLost { return failBacklog() }
        flush()
    }

    /// Up to the next that wants the connection for itself.
    private func sendRequests() {
        while !isLost, !isExclusive, case .request(let request)? = backlog.first {
            backlog.removeFirst()
            machine.append(request) { perform($0, request) }
        }
    }

    /// Hands one command to libpq, which copies it into its output buffer.
    private func perform(_ command: PipelineState<ConnectionRequest, PostgresResult>.Command, _ request: ConnectionRequest?) {
        let success: CInt
        switch command {
        case .prepare(let name, let index):
            guard let sql = request?.statements[index] else { return }
            success = sql.parameters.withCArrays { types, _, _, _ in
                PQsendPrepare(link.pointer, name, sql.text, CInt(sql.parameterCount), types)
            }
        case .run(let name, let index):
            guard let sql = request?.statements[index] else { return }
            success = sql.parameters.withCArrays { _, values, lengths, formats in
                PQsendQueryPrepared(link.pointer, name, CInt(sql.parameterCount), values, lengths, formats, 1)
            }
        case .deallocate(let name):
            success = PQsendQueryParams(link.pointer, "DEALLOCATE \(name)", 0, nil, nil, nil, nil, 1)
        case .sync:
            success = PQpipelineSync(link.pointer)
        }
        // Marked only: the machine is being changed by the caller right now.
        if success == 0 { isSendBroken = true }
    }

    /// Writes as much as the socket takes; the rest when it can be written again.
    func flush() {
        if isLost { return }
        if isSendBroken { return lost("sending failed: \(link.errorMessage)") }
        switch PQflush(link.pointer) {
        case 0:
            link.disarmWriter()
            let waiters = writeWaiters
            writeWaiters = []
            for waiter in waiters { waiter.resume() }
        case 1: link.armWriter()
        default: lost(link.errorMessage)
        }
    }

    /// The socket has something for us, or is closed.
    func readable() {
        if isLost { return }
        repeat {
            let isAlive = PQconsumeInput(link.pointer) == 1
            reads += 1
            if !isExclusive { receiveAnswers() }
            if isLost { return }
            deliverNotifications()
            if !isAlive { return lost(link.errorMessage) }
        } while link.hasBufferedTLSBytes
        let waiters = readWaiters
        readWaiters = []
        for waiter in waiters { waiter.resume() }
        // Reading may have made room for writing, and an idle pipeline lets a COPY begin.
        if backlog.isEmpty || isExclusive { flush() } else { pump() }
    }

    private func receiveAnswers() {
        var ends = 0
        while machine.expectsReply, PQisBusy(link.pointer) == 0 {
            guard let pointer = PQgetResult(link.pointer) else {
                // One nil ends the answer of each statement; a second would mean that libpq is waiting for nothing.
                ends += 1
                if ends > 1 { return lost("libpq and the pipeline disagree about what was sent") }
                continue
            }
            ends = 0
            guard let reply = reply(ResultHandle(pointer)) else { return }
            for action in machine.receive(reply) { act(on: action) }
            if isLost { return }
        }
    }

    /// What a result means; nil when the connection is lost by it.
    private func reply(_ result: ResultHandle) -> PipelineState<ConnectionRequest, PostgresResult>.Reply? {
        switch result.status {
        case PGRES_PIPELINE_SYNC:
            noteServerStatus()
            return .sync
        case PGRES_PIPELINE_ABORTED:
            return .aborted
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE:
            let current = machine.current
            var error = result.error(
                query: current.map { $0.request.statements[$0.index].text }, file: current?.request.file ?? #fileID,
                line: current?.request.line ?? #line)
            guard error.sqlState != nil else {
                // Errors that libpq makes itself have no SQLSTATE: the connection broke.
                lost(error.message)
                return nil
            }
            if error.sqlState == "57014", error.message.contains("timeout") { error.code = .timeout }
            return .failure(error)
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            lost("a statement began a COPY inside of a pipeline")
            return nil
        default:
            return .done(PostgresResult(result))
        }
    }

    func noteServerStatus() {
        let isIdle = PQtransactionStatus(link.pointer) == PQTRANS_IDLE
        if isIdle == wasServerIdle { return }
        wasServerIdle = isIdle
        mailbox.withState { $0.isServerIdle = isIdle }
    }

    private func act(on action: PipelineState<ConnectionRequest, PostgresResult>.Action) {
        switch action {
        case .complete(let request, let result):
            // Counted before the waiter runs, so that the waiter finds the connection idle.
            mailbox.answered(1)
            finish(request, result)
        case .resend(let request, let error):
            // Inside of a transaction that has begun meanwhile it would become part of that.
            if mailbox.withState({ $0.transaction != nil }) {
                mailbox.answered(1)
                finish(request, .failure(error))
            } else {
                backlog.append(.request(request))
            }
        case .transactionFailed(let id, let error):
            mailbox.withState { state in
                if state.transaction?.id == id, state.transaction?.failure == nil { state.transaction?.failure = error }
            }
        case .transactionRecovered(let id):
            mailbox.withState { state in if state.transaction?.id == id { state.transaction?.failure = nil } }
        case .cancelNow:
            sendCancel()
        case .violation(let reason):
            lost(reason)
        }
    }

    private func finish(_ request: ConnectionRequest, _ result: Result<[PostgresResult], PostgresError>) {
        if let committed = request.committed, case .success(let results) = result { committed(results.dropLast()) }
        guard let waiter = request.waiter else { return }
        waiter.resume(returning: result.mapError { $0.at(query: $0.query, file: request.file, line: request.line) })
    }

    /// The connection is over: everybody who waits is told.
    func lost(_ reason: String, wasClosed: Bool = false) {
        if isLost { return }
        isLost = true
        let error = PostgresError(
            code: .connectionClosed,
            message: wasClosed ? "the connection was closed" : "the connection to \(configuration) was lost: \(reason)")
        let onClose = mailbox.withState { state in
            state.closed = error
            return state.onClose
        }
        link.finish()
        for action in machine.connectionLost(error) {
            if case .complete(let request, let result) = action { finish(request, result) }
        }
        for item in mailbox.take() {
            if case .close(let continuation) = item { continuation.resume() } else { backlog.append(item) }
        }
        failBacklog()
        for waiter in readWaiters + writeWaiters { waiter.resume() }
        readWaiters = []
        writeWaiters = []
        for streams in listeners.values { for stream in streams.values { stream.finish() } }
        listeners = [:]
        onClose?(error)
    }

    private func failBacklog() {
        let error = mailbox.withState { $0.closed } ?? PostgresError(code: .connectionClosed, message: "the connection is closed")
        while let item = backlog.popFirst() {
            switch item {
            case .request(let request): finish(request, .failure(error))
            case .exclusive(let continuation): continuation.resume(returning: .failure(error))
            case .close(let continuation): continuation.resume()
            case .cancel: break
            }
        }
    }
}
