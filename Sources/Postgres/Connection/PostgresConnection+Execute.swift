extension PostgresConnection {
    /// Runs one statement; see ``PostgresExecutor/execute(_:file:line:)``.
    @discardableResult
    public nonisolated func execute(_ sql: SQL, file: String, line: Int) async throws(PostgresError) -> PostgresResult {
        let results = try await submit([sql], transaction: nil, file: file, line: line)
        return results[0]
    }

    /// Runs several statements as one implicit transaction in one round trip.
    @discardableResult
    public nonisolated func pipeline(
        _ statements: [SQL], file: String, line: Int
    ) async throws(PostgresError) -> [PostgresResult] {
        if statements.isEmpty { return [] }
        return try await submit(statements, transaction: nil, file: file, line: line)
    }

    /// Leaves a request and waits for its answer.
    nonisolated func submit(
        _ statements: [SQL], transaction: UInt64?, role: PipelineRole = .ordinary, isCancellable: Bool = true,
        committed: (@Sendable (ArraySlice<PostgresResult>) -> Void)? = nil, file: String, line: Int
    ) async throws(PostgresError) -> [PostgresResult] {
        for sql in statements { try check(sql, file: file, line: line) }
        var request = ConnectionRequest(
            id: mailbox.nextID(), statements: statements, transaction: transaction, role: role, committed: committed, file: file,
            line: line)
        if !isCancellable {
            return try await withCheckedContinuation { waiter in
                request.waiter = waiter
                if let error = mailbox.post(request) { waiter.resume(returning: .failure(error)) }
            }.get()
        }
        if Task.isCancelled { throw .notSent(request) }
        let id = request.id
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                var request = request
                request.waiter = waiter
                if let error = mailbox.post(request) { return waiter.resume(returning: .failure(error)) }
                // A cancellation that came before the request was there found nothing to cancel.
                if Task.isCancelled { mailbox.cancel(id) }
            }
        } onCancel: {
            mailbox.cancel(id)
        }.get()
    }

    /// Refuses what would break the connection or is not allowed.
    nonisolated func check(_ sql: SQL, file: String, line: Int) throws(PostgresError) {
        if let failure = sql.failure { throw failure.at(query: sql.text, file: file, line: line) }
        if sql.isRaw, !configuration.allowRawSQL {
            throw PostgresError(
                code: .rawSQLForbidden, message: "SQL(unsafe:) needs PostgresConfiguration.allowRawSQL", query: sql.text, file: file,
                line: line)
        }
        if sql.parameterCount > 65535 {
            throw PostgresError(
                code: .usage, message: "a statement has \(sql.parameterCount) parameters; 65535 are possible", file: file, line: line)
        }
        if sql.text.utf8.contains(0) {
            throw PostgresError(code: .usage, message: "a statement contains a NUL character", file: file, line: line)
        }
        if sql.isCopyStatement {
            throw PostgresError(
                code: .usage, message: "COPY needs copyIn or copyOut", query: sql.text, file: file, line: line)
        }
    }
}

extension SQL {
    /// Whether the first word is COPY, behind spaces and comments. The server would switch to another protocol state, which a
    /// pipeline cannot follow.
    var isCopyStatement: Bool {
        var bytes = text.utf8[...]
        while let first = bytes.first {
            if first == 0x20 || (9...13).contains(first) {
                bytes.removeFirst()
            } else if bytes.starts(with: "--".utf8) {
                bytes = bytes.drop { $0 != 10 && $0 != 13 }
            } else if bytes.starts(with: "/*".utf8) {
                bytes = bytes.dropBlockComment()
            } else {
                break
            }
        }
        return bytes.prefix(5).map { $0 | 0x20 } == Array("copy ".utf8)
            || (bytes.prefix(4).map { $0 | 0x20 } == Array("copy".utf8) && bytes.dropFirst(4).first.map { $0 < 0x30 } ?? true)
    }
}

extension Substring.UTF8View {
    /// Without the block comment at the start; such comments nest.
    fileprivate func dropBlockComment() -> Substring.UTF8View {
        var rest = self
        var depth = 0
        while !rest.isEmpty {
            if rest.starts(with: "/*".utf8) {
                depth += 1
                rest = rest.dropFirst(2)
            } else if rest.starts(with: "*/".utf8) {
                depth -= 1
                rest = rest.dropFirst(2)
                if depth == 0 { return rest }
            } else {
                rest = rest.dropFirst()
            }
        }
        return rest
    }
}
