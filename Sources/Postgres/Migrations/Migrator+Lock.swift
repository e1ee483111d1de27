extension Migrator {
    /// The number of the advisory lock that a migration of `schema` holds.
    package static func lockKey(schema: String) -> Int64 { MigrationHistory.lock(schema: schema) }

    /// Runs `body` on a connection of its own while no other process migrates the schema.
    ///
    /// The connection is not one of the pool: whatever a script leaves behind in the session
    /// (settings, roles, temporary tables) ends with it, and so does the lock.
    func locked<Result: Sendable>(
        _ body: (PostgresConnection) async throws(PostgresError) -> Result
    ) async throws(PostgresError) -> Result {
        var configuration = client.configuration
        configuration.statementTimeout = nil
        let connection = try await PostgresConnection.connect(configuration, logger: logger)
        do throws(PostgresError) {
            try await acquire(on: connection)
            let result = try await body(connection)
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Asks for the lock until it is free. Waiting inside of the server would hold a snapshot,
    /// on which `CREATE INDEX CONCURRENTLY` of the process that has the lock would wait forever.
    private func acquire(on connection: PostgresConnection) async throws(PostgresError) {
        let key = MigrationHistory.lock(schema: history.schema)
        let deadline = ContinuousClock.now + options.lockTimeout
        while true {
            let answer = try await connection.execute("SELECT pg_try_advisory_lock(\(key))")
            if try answer[0].decode(Bool.self, at: 0) { return }
            guard ContinuousClock.now < deadline else {
                throw .migration(
                    "another process has been migrating schema '\(history.schema)' for \(options.lockTimeout): wait for it, "
                        + "or end it; `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted` finds its session")
            }
            do {
                try await Task.sleep(for: .milliseconds(50))
            } catch {
                throw PostgresError(code: .cancelled, message: "cancelled while waiting to migrate", underlying: error)
            }
        }
    }
}
