import Logging
import Postgres

/// Makes the database, and for each worker a role that reaches its own schema alone.
struct DatabaseSetup {
    /// The name of the database in a private cluster.
    static let database = "millrace"

    /// Makes the database that the URL names, if it is missing.
    /// - Returns: whether it was missing.
    static func makeDatabaseIfMissing(_ url: String) async throws -> Bool {
        let name = try PostgresConfiguration(url: url).database
        do {
            return try await withClient(PostgresConfiguration.url(url, database: "postgres")) { client in
                let existing = try await client.execute("SELECT FROM pg_database WHERE datname = \(name)")
                if existing.isEmpty { try await client.execute("CREATE DATABASE \(identifier: name)") }
                return existing.isEmpty
            }
        } catch let error as PostgresError where error.isConnectionFailure {
            // A server may keep its database `postgres` to itself. If ours is missing, the next connection says so.
            return false
        }
    }

    /// Whether the role of the URL may make roles and schemas.
    static func mayMakeRoles(_ url: String) async throws -> Bool {
        try await withClient(url) { client in
            let rows = try await client.execute(
                """
                SELECT (rolsuper OR rolcreaterole) AND has_database_privilege(current_database(), 'CREATE')
                FROM pg_roles WHERE rolname = current_user
                """)
            return try rows.first?.decode(Bool.self, at: 0) ?? false
        }
    }

    /// Makes or updates the roles and schemas of the workers.
    /// - Returns: what was done.
    @discardableResult
    static func makeRoles(_ url: String, _ workers: [(manifest: WorkerManifest, password: String)]) async throws -> [SetupStep] {
        try await withClient(url) { client in
            var steps: [SetupStep] = []
            let current = try await client.execute("SELECT current_database()")
            let database = try current.first?.decode(String.self, at: 0) ?? database
            try await client.execute("REVOKE ALL ON DATABASE \(identifier: database) FROM PUBLIC")
            try await client.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
            for (manifest, password) in workers {
                // A password cannot be a parameter of this statement. It is one of ours: letters and digits alone.
                guard password.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else {
                    throw Failed("the kept password of \(manifest.name) has characters that it cannot have")
                }
                let role = manifest.role
                let exists = try await !client.execute("SELECT FROM pg_roles WHERE rolname = \(role)").isEmpty
                let verb: SQL = exists ? "ALTER" : "CREATE"
                let options = SQL(unsafe: "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '\(password)'")
                try await client.execute(verb + " ROLE \(identifier: role) " + options)
                // Whoever makes a schema for another role has to be a member of it.
                try await client.execute("GRANT \(identifier: role) TO CURRENT_USER")
                let hasSchema = try await !client.execute("SELECT FROM pg_namespace WHERE nspname = \(manifest.schema)").isEmpty
                try await client.execute("CREATE SCHEMA IF NOT EXISTS \(identifier: manifest.schema) AUTHORIZATION \(identifier: role)")
                try await client.execute("GRANT CONNECT ON DATABASE \(identifier: database) TO \(identifier: role)")
                try await client.execute("ALTER ROLE \(identifier: role) SET search_path TO \(identifier: manifest.schema)")
                steps.append(SetupStep("role", role, exists ? .updated : .made))
                steps.append(SetupStep("schema", manifest.schema, hasSchema ? .kept : .made))
            }
            return steps
        }
    }

    /// Which roles and schemas of the workers are there, in words.
    static func existing(_ url: String, _ workers: [WorkerManifest]) async throws -> [String] {
        try await withClient(url) { client in
            var found: [String] = []
            for worker in workers {
                if try await !client.execute("SELECT FROM pg_roles WHERE rolname = \(worker.role)").isEmpty {
                    found.append("the role \(worker.role)")
                }
                if try await !client.execute("SELECT FROM pg_namespace WHERE nspname = \(worker.schema)").isEmpty {
                    found.append("the schema \(worker.schema)")
                }
            }
            return found
        }
    }

    /// Removes the roles and schemas of the workers, with everything in them.
    static func remove(_ url: String, _ workers: [WorkerManifest]) async throws {
        try await withClient(url) { client in
            for worker in workers {
                try await client.execute("DROP SCHEMA IF EXISTS \(identifier: worker.schema) CASCADE")
                guard try await !client.execute("SELECT FROM pg_roles WHERE rolname = \(worker.role)").isEmpty else { continue }
                try await client.execute("DROP OWNED BY \(identifier: worker.role)")
                try await client.execute("DROP ROLE \(identifier: worker.role)")
            }
        }
    }

    private static func withClient<R: Sendable>(_ url: String, _ body: (PostgresClient) async throws -> R) async throws -> R {
        var configuration = try PostgresConfiguration(url: url)
        configuration.allowRawSQL = true
        configuration.applicationName = "millrace"
        return try await PostgresClient(configuration: configuration, logger: .quiet).executeThenClose(body)
    }
}
