extension PostgresError {
    /// Whether the database itself could not be reached or went away: connection errors (SQLSTATE class 08), a server that
    /// shuts down or starts up (57P01-57P03), a session that it has ended for having been idle (25P03, 25P04, 57P05), too many
    /// connections (53300), a closed socket, a pool that cannot connect.
    ///
    /// Such a failure says nothing about the statement; trying again later can succeed.
    public var isConnectionFailure: Bool {
        if self.code == .connectionFailed || self.code == .connectionClosed { return true }
        if let sqlState = self.sqlState, sqlState.hasPrefix("08") || Self.connectionStates.contains(sqlState) { return true }
        if self.code == .poolTimeout || self.code == .aborted, let cause = self.underlying as? PostgresError {
            return cause.isConnectionFailure
        }
        return false
    }

    private static let connectionStates: Set = ["57P01", "57P02", "57P03", "57P05", "25P03", "25P04", "53300"]

    /// Whether the same transaction may succeed when run again: serialization failure (40001) or deadlock (40P01).
    public var isRetryable: Bool {
        if self.sqlState == "40001" || self.sqlState == "40P01" { return true }
        if self.code == .aborted, let cause = self.underlying as? PostgresError { return cause.isRetryable }
        return false
    }

    /// Whether a prepared statement went stale: its result type changed under it (0A000 with the server's fixed routine) or the
    /// server no longer has it (26000). Preparing it again mends it.
    package var isStaleStatement: Bool {
        if self.sqlState == "26000" || isChangedResultType { return true }
        if self.code == .aborted, let cause = self.underlying as? PostgresError { return cause.isStaleStatement }
        return false
    }

    /// 0A000 is used for every unsupported feature; the server's function is what tells this one apart (`plancache.c` of
    /// PostgreSQL), for the message may be in another language.
    private var isChangedResultType: Bool { self.sqlState == "0A000" && self.routine == "RevalidateCachedQuery" }

    /// The same failure, reported for a statement asked for elsewhere.
    package func at(query: String?, file: String, line: Int) -> PostgresError {
        var copy = self
        copy.query = query ?? self.query
        copy.file = file
        copy.line = line
        return copy
    }

    /// The error of a statement that was not run because `cause` came before it.
    package static func aborted(by cause: PostgresError?) -> PostgresError {
        // A chain would only repeat itself: keep the root.
        let root = cause.flatMap { $0.code == .aborted ? $0.underlying as? PostgresError ?? $0 : $0 }
        return PostgresError(
            code: .aborted, message: "not run, because an earlier statement failed: \(root?.message ?? "unknown")",
            underlying: root)
    }
}

extension PostgresError: CustomStringConvertible {
    /// The error in one line, as logs and parked messages keep it: without ``Fields/detail``, which may hold data of a person.
    public var description: String {
        var text = "PostgresError.\(self.code)"
        if let sqlState = self.sqlState { text += " [\(sqlState)]" }
        text += ": \(self.message)"
        if let hint = self.hint { text += " Hint: \(hint)" }
        if let constraint = self.constraint { text += " constraint=\(constraint)" }
        if let table = self.table { text += " table=\(table)" }
        if let column = self.column { text += " column=\(column)" }
        if let query = self.query { text += " query=\(query.count > 500 ? String(query.prefix(500)) + "…" : query)" }
        if let underlying = self.underlying, self.code != .aborted { text += " caused by: \(underlying)" }
        return text + " at \(self.file):\(self.line)"
    }
}
