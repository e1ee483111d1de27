import Foundation
import Postgres
import TestSupport
import Testing

private let database = SuiteDatabase("cancel")

@Suite(.timeLimit(.minutes(5))) struct CancellationTests {
    /// The statement runs on the server, is cancelled there, and is gone from `pg_stat_activity`; the connection serves on.
    /// Fails when no cancel request is sent: the statement would be seen for a minute.
    @Test func serverStops() async throws {
        try await database.connect { (watcher) async throws in
            try await database.connect { (connection) async throws in
                let pid = connection.processID
                func isRunning() async throws -> Bool {
                    try await watcher.queryOne(
                        "select count(*) from pg_stat_activity where pid = \(pid) and state = 'active' and query like '%pg_sleep%'",
                        as: Int.self) == 1
                }
                let task = Task { await failure { try await connection.execute("select pg_sleep(60)") } }
                #expect(try await eventually { try await isRunning() })
                let start = ContinuousClock.now
                task.cancel()
                #expect(await task.value?.code == .cancelled)
                #expect(start.duration(to: .now) < .seconds(30))
                #expect(try await !isRunning())
                #expect(try await connection.queryOne("select 1", as: Int.self) == 1)
            }
        }
    }

    @Test func onlyTheCancelledOneIsHurt() async throws {
        try await database.connect { (connection) async throws in
            for _ in 0..<20 {
                let before = Task { try await connection.execute("select pg_sleep(0.01)") }
                let victim = Task { await failure { try await connection.execute("select pg_sleep(60)") } }
                let others = (0..<20).map { number in Task { try await connection.queryOne("select \(number)", as: Int.self) } }
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...15)))
                victim.cancel()
                #expect(await victim.value?.code == .cancelled)
                _ = try await before.value
                for (number, other) in others.enumerated() { #expect(try await other.value == number) }
            }
        }
    }

    /// Cancels statements at the moment they end; whoever is not cancelled must not be hurt by a late cancel request.
    @Test func lateCancelsHurtNobody() async throws {
        try await database.connect { (connection) async throws in
            for _ in 0..<200 {
                let quick = Task { try? await connection.execute("select pg_sleep(0.001)") }
                let next = Task { try await connection.queryOne("select pg_sleep(0.002), 5 as x", as: Five.self) }
                try await Task.sleep(for: .microseconds(Int.random(in: 500...2500)))
                quick.cancel()
                #expect(try await next.value?.x == 5)
                _ = await quick.value
            }
        }
    }
    private struct Five: Decodable, Sendable { var x: Int }

    @Test func beforeItIsSent() async throws {
        try await database.connect { (connection) async throws in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await failure { try await connection.execute("select 1") }
            }
            #expect(await task.value?.code == .cancelled)
            #expect(try await connection.execute("select 1").count == 1)
        }
    }

    @Test func insideOfATransaction() async throws {
        try await database.client { (client) async throws in
            try await client.execute("create table if not exists inside (n int)")
            let task = Task {
                await failure {
                    try await client.withTransaction { transaction in
                        transaction.enqueue("insert into inside values (1)")
                        try await transaction.execute("select pg_sleep(60)")
                    }
                }
            }
            #expect(
                try await eventually {
                    try await client.queryOne(
                        "select count(*) from pg_stat_activity where state = 'active' and query = 'select pg_sleep(60)' and datname = current_database()",
                        as: Int.self)! > 0
                })
            task.cancel()
            #expect(await task.value?.code == .cancelled)
            #expect(try await client.queryOne("select count(*) from inside", as: Int.self) == 0)
            #expect(await eventually { client.statistics.leased == 0 })
        }
    }
}
