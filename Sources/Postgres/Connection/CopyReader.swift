import CLibPQ
import Locking

/// Hands out the rows of a COPY one by one and fetches them in batches, because each fetch is a switch to the connection's thread.
final class CopyReader: Sendable {
    private struct State {
        var rows: ArraySlice<[UInt8]> = []
        var phase = Phase.new
    }
    private enum Phase { case new, running, ended }

    private let state = Locked(State())
    private let connection: PostgresConnection
    private let sql: SQL
    private let transaction: UInt64?
    private let file: String
    private let line: Int

    init(_ connection: PostgresConnection, _ sql: SQL, _ transaction: UInt64?, _ file: String, _ line: Int) {
        self.connection = connection
        self.sql = sql
        self.transaction = transaction
        self.file = file
        self.line = line
    }

    deinit {
        // Left before the end: the server is told, and the connection is given back when it has stopped.
        let isRunning = state.withLock { $0.phase == .running }
        if isRunning { connection.abandonCopy(sql, file: file, line: line) }
    }

    func next() async throws -> [UInt8]? {
        let (row, phase) = state.withLock { ($0.rows.popFirst(), $0.phase) }
        if let row { return row }
        switch phase {
        case .ended: return nil
        case .new:
            try await connection.beginCopy(sql, transaction: transaction, expecting: PGRES_COPY_OUT, file: file, line: line)
            state.withLock { $0.phase = .running }
        case .running: break
        }
        do {
            let (rows, isEnd) = try await connection.copyRows(sql, file: file, line: line)
            return state.withLock { state in
                if isEnd { state.phase = .ended }
                state.rows = rows[...]
                return state.rows.popFirst()
            }
        } catch {
            state.withLock { $0.phase = .ended }
            throw error
        }
    }
}

extension PostgresConnection {
    /// Bytes fetched at a time, about.
    private static let copyBatch = 65536

    /// The rows that wait, at least one unless it is the end.
    func copyRows(_ sql: SQL, file: String, line: Int) async throws(PostgresError) -> (rows: [[UInt8]], isEnd: Bool) {
        var rows: [[UInt8]] = []
        var size = 0
        while !isLost {
            var row: UnsafeMutablePointer<CChar>?
            let seen = reads
            let count = PQgetCopyData(link.pointer, &row, 1)
            if count > 0, let row {
                rows.append(Array(UnsafeRawBufferPointer(start: row, count: Int(count))))
                PQfreemem(row)
                size += Int(count)
                if size >= Self.copyBatch { return (rows, false) }
            } else if count == 0 {
                if !rows.isEmpty { return (rows, false) }
                if Task.isCancelled {
                    abandonCopy(sql, file: file, line: line)
                    throw PostgresError(
                        code: .cancelled, message: "the task was cancelled during COPY", query: sql.text, file: file, line: line)
                }
                await moreToRead(since: seen)
            } else {
                _ = try await endCopy(sql, file: file, line: line).get()
                return (rows, true)
            }
        }
        throw closedError(sql, file, line)
    }

    /// Stops a COPY that nobody reads and throws the rest away.
    nonisolated func abandonCopy(_ sql: SQL, file: String, line: Int) {
        executor.loop.async {
            self.assumeIsolated { connection in
                if connection.isLost { return }
                connection.sendCancel()
                Task { await connection.drainCopy(sql, file: file, line: line) }
            }
        }
    }

    private func drainCopy(_ sql: SQL, file: String, line: Int) async {
        while !isLost {
            var row: UnsafeMutablePointer<CChar>?
            let seen = reads
            let count = PQgetCopyData(link.pointer, &row, 1)
            if count > 0 {
                PQfreemem(row)
            } else if count == 0 {
                await moreToRead(since: seen)
            } else {
                _ = await endCopy(sql, file: file, line: line)
                return
            }
        }
    }
}
