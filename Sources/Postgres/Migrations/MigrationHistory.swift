#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The history table: its layout is Flyway's, column by column.
package struct MigrationHistory: Sendable {
    let schema: String
    let table: String

    /// The history in a table of a schema.
    package init(schema: String, table: String) {
        self.schema = schema
        self.table = table
    }

    private var name: SQL { "\(identifier: schema).\(identifier: table)" }

    /// The number of the advisory lock that guards a schema. It is the one that Flyway takes for
    /// the table `flyway_schema_history` of the schema (the letters "Flyway" as a number, plus
    /// Java's hash of the quoted name), so that the two never migrate at the same time. All
    /// history tables of one schema share it.
    static func lock(schema: String) -> Int64 {
        var hash: Int32 = 0
        let quoted = schema.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
        for unit in "\"\(quoted)\".\"flyway_schema_history\"".utf16 { hash = hash &* 31 &+ Int32(unit) }
        return 0x46_6C79_7761_79 + Int64(hash)
    }

    /// Makes the schema and the table if they are not there.
    func create(on connection: some PostgresExecutor) async throws(PostgresError) {
        // IF NOT EXISTS alone would not do: it demands the right to create schemas even when the schema exists.
        let schemas = try await connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = \(schema)")
        if schemas.isEmpty { try await connection.execute("CREATE SCHEMA \(identifier: schema)") }
        if try await exists(on: connection) { return }
        try await connection.pipeline([
            """
            CREATE TABLE \(name) (
                "installed_rank" INT NOT NULL,
                "version" VARCHAR(50),
                "description" VARCHAR(200) NOT NULL,
                "type" VARCHAR(20) NOT NULL,
                "script" VARCHAR(1000) NOT NULL,
                "checksum" INTEGER,
                "installed_by" VARCHAR(100) NOT NULL,
                "installed_on" TIMESTAMP NOT NULL DEFAULT now(),
                "execution_time" INTEGER NOT NULL,
                "success" BOOLEAN NOT NULL,
                CONSTRAINT \(identifier: table + "_pk") PRIMARY KEY ("installed_rank")
            )
            """,
            "CREATE INDEX \(identifier: table + "_s_idx") ON \(name) (\"success\")",
        ])
    }

    private func exists(on executor: some PostgresExecutor) async throws(PostgresError) -> Bool {
        let found = try await executor.execute(
            """
            SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = \(schema) AND c.relname = \(table)
            """)
        return !found.isEmpty
    }

    /// All entries; none if the table is not there.
    func entries(on executor: some PostgresExecutor) async throws(PostgresError) -> [MigrationEntry] {
        let rows: PostgresResult
        do {
            rows = try await executor.execute(query)
        } catch {
            // No such table, or no such schema.
            if error.sqlState == "42P01" || error.sqlState == "3F000" { return [] }
            throw error
        }
        return try Self.entries(of: rows)
    }

    /// The question for all entries; ``entries(of:)`` reads the answer.
    package var query: SQL {
        """
        SELECT installed_rank::bigint, version::text, description::text, type::text, script::text, checksum,
               installed_by::text, installed_on AT TIME ZONE current_setting('TimeZone'), execution_time::bigint, success
        FROM \(name) ORDER BY installed_rank
        """
    }

    /// The entries in the answer to ``query``.
    package static func entries(of rows: PostgresResult) throws(PostgresError) -> [MigrationEntry] {
        var entries: [MigrationEntry] = []
        for row in rows {
            entries.append(
                MigrationEntry(
                    rank: try row.decode(at: 0), version: try row.decode(at: 1), description: try row.decode(at: 2),
                    type: try row.decode(at: 3), script: try row.decode(at: 4), checksum: try row.decode(at: 5),
                    installedBy: try row.decode(at: 6), installedOn: try row.decode(at: 7),
                    executionTime: try row.decode(at: 8), success: try row.decode(at: 9)))
        }
        return entries
    }

    /// The insert of an entry at the end; it returns the rank.
    func append(
        version: String?, description: String, type: String, script: String, checksum: Int32?, milliseconds: Int, success: Bool
    ) -> SQL {
        """
        INSERT INTO \(name) (installed_rank, version, description, type, script, checksum, installed_by, execution_time, success)
        SELECT coalesce(max(installed_rank), 0) + 1, \(version), \(description), \(type), \(script), \(checksum),
               current_user, \(Int32(clamping: milliseconds)), \(success)
        FROM \(name) RETURNING installed_rank::bigint
        """
    }

    /// The change that says that an entry written before its run is done.
    func complete(rank: Int, milliseconds: Int) -> SQL {
        "UPDATE \(name) SET success = true, execution_time = \(Int32(clamping: milliseconds)) WHERE installed_rank = \(rank)"
    }

    /// The removal of an entry.
    func remove(rank: Int) -> SQL { "DELETE FROM \(name) WHERE installed_rank = \(rank)" }

    /// The change that accepts a script as it is now.
    func align(rank: Int, with migration: Migration) -> SQL {
        """
        UPDATE \(name) SET checksum = \(migration.checksum), description = \(migration.description), type = 'SQL'
        WHERE installed_rank = \(rank)
        """
    }
}
