import Logging

/// The application of one migration.
struct MigrationRun {
    let migration: Migration
    let history: MigrationHistory
    let logger: Logger

    func apply(on connection: PostgresConnection) async throws(PostgresError) {
        let statements = try split()
        let start = ContinuousClock.now
        if migration.isTransactional {
            try await applyInTransaction(statements, on: connection)
        } else {
            try await applyStepwise(statements, on: connection)
        }
        logger.info(
            "migration applied",
            metadata: [
                "schema": "\(history.schema)", "script": "\(migration.script)", "milliseconds": "\(milliseconds(since: start))",
            ])
    }

    private func split() throws(PostgresError) -> [ScriptStatement] {
        do throws(PostgresError) {
            let statements = try ScriptStatement.split(migration.sql)
            for statement in statements {
                if let refusal = statement.refusal { throw .migration("line \(statement.line): \(refusal)") }
            }
            return statements
        } catch {
            throw .migration("\(migration.script), \(error.message)")
        }
    }

    private func applyInTransaction(
        _ statements: [ScriptStatement], on connection: PostgresConnection
    ) async throws(PostgresError) {
        let start = ContinuousClock.now
        do {
            try await connection.withTransaction { transaction in
                try await prefixSearchPath(on: transaction)
                for statement in statements {
                    try await run(statement, on: transaction, outcome: "Nothing of the migration was kept")
                }
                try await transaction.execute(entry(success: true, milliseconds: milliseconds(since: start)))
            }
        } catch let error as PostgresError
            where error.code == .migration || error.code == .cancelled || error.isConnectionFailure
        {
            throw error
        } catch {
            // What only COMMIT finds out, e.g. a deferred constraint.
            throw .migration(
                "\(migration.script) failed at its end: \((error as? PostgresError)?.message ?? "\(error)"). "
                    + "Nothing of the migration was kept", underlying: error)
        }
        try await restoreSearchPath(on: connection)
    }

    /// Without a transaction around it: the entry comes first and says that the migration is
    /// not done, so that a crash at any point leaves a trace.
    private func applyStepwise(
        _ statements: [ScriptStatement], on connection: PostgresConnection
    ) async throws(PostgresError) {
        let start = ContinuousClock.now
        let rank = try await connection.execute(entry(success: false, milliseconds: 0))[0].decode(Int.self, at: 0)
        try await prefixSearchPath(on: connection)
        for statement in statements {
            try await run(
                statement, on: connection,
                outcome: "Its statements before that one are in effect, because it runs outside of a transaction: "
                    + "undo or complete them by hand, then run repair, then migrate")
        }
        try await connection.execute(history.complete(rank: rank, milliseconds: milliseconds(since: start)))
        try await restoreSearchPath(on: connection)
    }

    private func run(
        _ statement: ScriptStatement, on executor: some PostgresExecutor, outcome: String
    ) async throws(PostgresError) {
        do {
            try await executor.execute(SQL(trusted: statement.text))
        } catch {
            if error.isConnectionFailure || error.code == .cancelled { throw error }
            var failure = PostgresError.migration(
                "\(migration.script), line \(statement.line): \(error.message). \(outcome)", underlying: error)
            failure.sqlState = error.sqlState
            failure.detail = error.detail
            failure.hint = error.hint
            throw failure
        }
    }

    private func entry(success: Bool, milliseconds: Int) -> SQL {
        history.append(
            version: migration.version?.text, description: migration.description, type: "SQL", script: migration.script,
            checksum: migration.checksum, milliseconds: milliseconds, success: success)
    }

    private func prefixSearchPath(on executor: some PostgresExecutor) async throws(PostgresError) {
        try await executor.execute(
            "SELECT set_config('search_path', concat_ws(', ', quote_ident(\(history.schema)), nullif(current_setting('search_path'), '')), false)"
        )
    }

    /// Back to what the connection began with, also when the script has changed it.
    private func restoreSearchPath(on connection: PostgresConnection) async throws(PostgresError) {
        try await connection.execute("RESET search_path")
    }

    private func milliseconds(since start: ContinuousClock.Instant) -> Int {
        let elapsed = (ContinuousClock.now - start).components
        return Int(elapsed.seconds) * 1000 + Int(elapsed.attoseconds / 1_000_000_000_000_000)
    }
}
