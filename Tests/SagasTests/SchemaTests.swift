import Foundation
import Logging
import Postgres
import Sagas
import TestSupport
import Testing

/// The tables of sagas, as the database sees them.
@Suite(.timeLimit(.minutes(2))) struct SchemaTests {
    private func with<R>(_ body: (PostgresClient) async throws -> R) async throws -> R {
        let configuration = try await TestPostgres.schema("sagaschema")
        return try await PostgresClient(configuration: configuration, logger: Logger(label: "test.sagas")).executeThenClose(body)
    }

    private func migrate(_ client: PostgresClient, through count: Int) async throws {
        _ = try await Migrator(
            client: client, historyTable: SagaSchema.historyTable, migrations: Array(SagaSchema.migrations.prefix(count))
        ).migrate()
    }

    private func fill(_ client: PostgresClient) async throws {
        try await client.execute(
            """
            INSERT INTO saga_instances (id, saga, definition, key, state, status, progress, step, step_name, started_by)
            SELECT gen_random_uuid(), 'checkout', 'f', 'k', '{}', status, 'p', 0, 's', gen_random_uuid()
            FROM unnest(\(["running", "compensating", "completed", "compensated", "stuck"])::text[]) AS u(status)
            """)
        try await client.execute(
            """
            INSERT INTO saga_steps (command_id, saga_id, step, name, direction, status)
            SELECT gen_random_uuid(), gen_random_uuid(), 0, 's', direction, status
            FROM unnest(\(["sent", "succeeded", "failed", "timed_out", "abandoned", "skipped"])::text[]) AS u(status),
                unnest(\(["forward", "compensate"])::text[]) AS v(direction)
            """)
    }

    /// Fails when a migration loses rows, or does not take a kind that is in use.
    @Test func olderTablesAreCarriedOver() async throws {
        try await with { client in
            try await migrate(client, through: 2)
            try await fill(client)
            try await migrate(client, through: SagaSchema.migrations.count)
            try await fill(client)
            #expect(try await client.queryOne("SELECT count(*) FROM saga_instances", as: Int.self) == 10)
            #expect(try await client.queryOne("SELECT count(*) FROM saga_steps", as: Int.self) == 24)
            #expect(
                try await client.queryOne(
                    "SELECT count(*) FROM saga_instances WHERE status IN ('compensating', 'stuck')", as: Int.self) == 4)
        }
    }

    /// Fails without the domains' checks.
    @Test(
        arguments: [
            "UPDATE saga_instances SET status = 'odd'", "UPDATE saga_steps SET status = 'odd'", "UPDATE saga_steps SET direction = 'odd'",
        ] as [SQL])
    func kindsThatDoNotExistAreRefused(_ statement: SQL) async throws {
        try await with { client in
            try await migrate(client, through: SagaSchema.migrations.count)
            try await fill(client)
            do {
                try await client.execute(statement)
                Issue.record("it was taken")
            } catch {
                #expect((error as? PostgresError)?.sqlState == "23514")
            }
        }
    }
}
