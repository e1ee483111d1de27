import CLibPQ

extension PostgresConnection {
    /// Runs `COPY … FROM STDIN` with data from a sequence, outside of a transaction.
    ///
    /// The elements are pieces of the stream in the format the statement names, cut anywhere. Other statements of the connection
    /// wait meanwhile. If the sequence throws, the COPY is undone and the error is thrown on.
    /// - Returns: how many rows were copied.
    @discardableResult
    public func copyIn<S: AsyncSequence & Sendable>(
        _ sql: SQL, rows: S, file: String = #fileID, line: Int = #line
    ) async throws -> Int where S.Element == [UInt8] {
        try await copyIn(sql, transaction: nil, rows: rows, file: file, line: line)
    }

    /// Runs `COPY … TO STDOUT`, outside of a transaction, when the first element is asked for.
    ///
    /// The elements are rows in the format the statement names (a line with its end, or a binary tuple; the first binary one has
    /// the header in front). What the server sends faster than the elements are taken is kept in memory. Leaving early cancels the COPY.
    public nonisolated func copyOut(
        _ sql: SQL, file: String = #fileID, line: Int = #line
    ) -> AsyncThrowingStream<[UInt8], any Error> {
        copyOut(sql, transaction: nil, file: file, line: line)
    }

    nonisolated func copyOut(
        _ sql: SQL, transaction: UInt64?, file: String, line: Int
    ) -> AsyncThrowingStream<[UInt8], any Error> {
        let reader = CopyReader(self, sql, transaction, file, line)
        return AsyncThrowingStream { try await reader.next() }
    }

    func copyIn<S: AsyncSequence & Sendable>(
        _ sql: SQL, transaction: UInt64?, rows: S, file: String, line: Int
    ) async throws -> Int where S.Element == [UInt8] {
        try await beginCopy(sql, transaction: transaction, expecting: PGRES_COPY_IN, file: file, line: line)
        var failure: (any Error)?
        do {
            var feed = CopyFeed()
            for try await chunk in rows {
                try await put(chunk, &feed)
                if isLost { break }
                try Task.checkCancellation()
            }
        } catch { failure = error }
        if !isLost {
            let end = failure.map { _ in PQputCopyEnd(link.pointer, "the sender gave up") } ?? PQputCopyEnd(link.pointer, nil)
            if end == 1 { await flushed() } else { lost("COPY could not be ended: \(link.errorMessage)") }
        }
        let outcome = await endCopy(sql, file: file, line: line)
        if let failure {
            guard failure is CancellationError else { throw failure }
            throw PostgresError(
                code: .cancelled, message: "the task was cancelled during COPY", query: sql.text, file: file, line: line)
        }
        return try outcome.get()
    }

    /// Hands a chunk to libpq, all of it unless the connection is lost or the task is cancelled.
    private func put(_ chunk: [UInt8], _ feed: inout CopyFeed) async throws {
        feed.begin(chunk.count)
        while !isLost {
            switch feed.next() {
            case .put(let piece): feed.answered(put(chunk, piece))
            case .flush:
                await flushed()
                try Task.checkCancellation()
            case .done: return
            case .broken:
                // Ended in good order the COPY would be taken for complete.
                lost("COPY could not be sent: \(link.errorMessage)")
            }
        }
    }

    private func put(_ chunk: [UInt8], _ piece: Range<Int>) -> CInt {
        chunk.withUnsafeBytes { bytes in
            let part = UnsafeRawBufferPointer(rebasing: bytes[piece])
            return PQputCopyData(link.pointer, part.baseAddress?.assumingMemoryBound(to: CChar.self), CInt(part.count))
        }
    }

    /// Takes the connection out of the pipeline and starts a COPY.
    func beginCopy(
        _ sql: SQL, transaction: UInt64?, expecting: ExecStatusType, file: String, line: Int
    ) async throws(PostgresError) {
        if let failure = sql.failure { throw failure }
        guard !sql.isRaw || configuration.allowRawSQL else {
            throw PostgresError(code: .rawSQLForbidden, message: "SQL(unsafe:) is not allowed", query: sql.text, file: file, line: line)
        }
        guard sql.parameterCount == 0, sql.isCopyStatement else {
            throw PostgresError(
                code: .usage, message: "this must be a COPY statement without parameters", query: sql.text, file: file, line: line)
        }
        try await withCheckedContinuation { continuation in
            if let error = mailbox.post(copy: continuation, of: transaction) {
                continuation.resume(returning: .failure(error.at(query: sql.text, file: file, line: line)))
            }
        }.get()
        guard PQsendQuery(link.pointer, sql.text) == 1 else {
            lost("sending failed: \(link.errorMessage)")
            throw closedError(sql, file, line)
        }
        await flushed()
        guard await answered(), let pointer = PQgetResult(link.pointer) else { throw closedError(sql, file, line) }
        let result = ResultHandle(pointer)
        if result.status == expecting { return }
        if result.status == PGRES_COPY_IN { PQputCopyEnd(link.pointer, "wrong direction") }
        let isError = result.status == PGRES_FATAL_ERROR
        _ = await endCopy(sql, file: file, line: line)
        if isError { throw result.error(query: sql.text, file: file, line: line) }
        throw PostgresError(code: .usage, message: "COPY goes the other way", query: sql.text, file: file, line: line)
    }

    func closedError(_ sql: SQL, _ file: String, _ line: Int) -> PostgresError {
        let error = mailbox.withState { $0.closed } ?? PostgresError(code: .connectionClosed, message: "the connection is closed")
        return error.at(query: sql.text, file: file, line: line)
    }

    /// Reads the end of a COPY and goes back to the pipeline.
    func endCopy(_ sql: SQL, file: String, line: Int) async -> Result<Int, PostgresError> {
        var outcome: Result<Int, PostgresError> = .success(0)
        while await answered(), let pointer = PQgetResult(link.pointer) {
            let result = ResultHandle(pointer)
            if result.status == PGRES_FATAL_ERROR {
                outcome = .failure(result.error(query: sql.text, file: file, line: line))
            } else if case .success = outcome {
                outcome = .success(result.affectedRows)
            }
            if result.status == PGRES_COPY_OUT { discardRows() }
        }
        if isLost { return .failure(closedError(sql, file, line)) }
        endExclusive()
        return outcome
    }

    private func discardRows() {
        var row: UnsafeMutablePointer<CChar>?
        while PQgetCopyData(link.pointer, &row, 1) > 0 { PQfreemem(row) }
    }

    // MARK: Owning the connection

    func becomeExclusive(_ continuation: CheckedContinuation<Result<Void, PostgresError>, Never>) {
        isExclusive = true
        mailbox.withState { $0.isExclusive = true }
        guard PQexitPipelineMode(link.pointer) == 1 else {
            lost("the pipeline could not be left: \(link.errorMessage)")
            return continuation.resume(
                returning: .failure(PostgresError(code: .connectionClosed, message: "the pipeline could not be left")))
        }
        continuation.resume(returning: .success(()))
    }

    func endExclusive() {
        if isLost { return }
        noteServerStatus()
        isExclusive = false
        mailbox.withState { $0.isExclusive = false }
        guard PQenterPipelineMode(link.pointer) == 1 else { return lost("the pipeline could not be entered: \(link.errorMessage)") }
        pump()
    }

    /// Waits until all output has left, or the connection is lost.
    func flushed() async {
        await withCheckedContinuation { continuation in
            if isLost { return continuation.resume() }
            writeWaiters.append(continuation)
            flush()
        }
    }

    /// Waits until `PQgetResult` would not block; false when the connection is lost.
    func answered() async -> Bool {
        while !isLost {
            let seen = reads
            if PQisBusy(link.pointer) == 0 { return true }
            await moreToRead(since: seen)
        }
        return false
    }

    /// Waits until something was read from the socket after ``reads`` was `seen`, or the connection is lost.
    ///
    /// A task that prefers an executor may leave the actor for a moment with every call of an asynchronous function, also of the actor's
    /// own: what was read then, behind the caller's look at libpq, must not be waited for.
    func moreToRead(since seen: UInt64) async {
        await withCheckedContinuation { continuation in
            if isLost || reads != seen { continuation.resume() } else { readWaiters.append(continuation) }
        }
    }
}
