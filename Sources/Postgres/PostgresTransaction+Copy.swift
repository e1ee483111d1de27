extension PostgresTransaction {
    /// Runs `COPY … FROM STDIN` inside of the transaction; see ``PostgresConnection/copyIn(_:rows:file:line:)``.
    @discardableResult
    public func copyIn<S: AsyncSequence & Sendable>(
        _ sql: SQL, rows: S, file: String = #fileID, line: Int = #line
    ) async throws -> Int where S.Element == [UInt8] {
        try await connection.copyIn(sql, transaction: id, rows: rows, file: file, line: line)
    }

    /// Runs `COPY … TO STDOUT` inside of the transaction; see ``PostgresConnection/copyOut(_:file:line:)``.
    public func copyOut(
        _ sql: SQL, file: String = #fileID, line: Int = #line
    ) -> AsyncThrowingStream<[UInt8], any Error> {
        connection.copyOut(sql, transaction: id, file: file, line: line)
    }
}
