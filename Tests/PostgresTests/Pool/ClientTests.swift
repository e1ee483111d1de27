import Foundation
import Logging
import Postgres
import Servers
import ServiceLifecycle
import TestSupport
import Testing

private let database = SuiteDatabase("pool")

@Suite(.timeLimit(.minutes(5))) struct ClientTests {
    @Test func limitsAndStatistics() async throws {
        try await database.client {
            $0.pool.maximum = 3
        } _: { (client) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<200 { group.addTask { try await client.execute("select pg_sleep(0.001)") } }
                try await group.waitForAll()
            }
            let statistics = client.statistics
            #expect(statistics.open <= 3 && statistics.opened <= 3 && statistics.acquired == 200)
            #expect(statistics.leased == 0 && statistics.waiting == 0)
        }
    }

    @Test func waitersAreServedInOrder() async throws {
        try await database.client {
            $0.pool.maximum = 1
        } _: { (client) async throws in
            let order = try await client.withConnection { _ in
                var tasks: [Task<Int, any Error>] = []
                let counter = Counter()
                for number in 0..<10 {
                    tasks.append(Task { try await client.withConnection { _ in await counter.next(number) } })
                    #expect(await eventually { client.statistics.waiting == number + 1 })
                }
                return (tasks, counter)
            }
            for (number, task) in order.0.enumerated() { #expect(try await task.value == number) }
        }
    }

    @Test func deadlineAndCancellation() async throws {
        try await database.client {
            $0.pool.maximum = 1
            $0.pool.acquireTimeout = .seconds(1)
        } _: { (client) async throws in
            // A busy machine may need longer than the limit to open the connection.
            #expect(await eventually { (try? await client.execute("select 1")) != nil })
            let before = client.statistics.timeouts
            try await client.withConnection { _ in
                let error = await failure { try await client.execute("select 1") }
                #expect(error?.code == .poolTimeout && error?.isConnectionFailure == false)
                #expect(error?.message.contains("1 in use") == true)
                #expect(client.statistics.timeouts == before + 1)
                let task = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return await failure { try await client.execute("select 1") }
                }
                #expect(await task.value?.code == .cancelled)
            }
            #expect(try await client.execute("select 1").count == 1)
        }
    }

    @Test func brokenConnectionsAreReplaced() async throws {
        try await database.client {
            $0.pool.maximum = 2
        } _: { (client) async throws in
            for _ in 0..<5 {
                let error = await failure {
                    try await client.withConnection { (connection) async throws in
                        try await connection.execute("select pg_terminate_backend(pg_backend_pid())")
                    }
                }
                #expect(error?.isConnectionFailure == true)
                #expect(try await client.queryOne("select 1", as: Int.self) == 1)
            }
            // One that dies while nobody uses it is noticed and not handed out.
            let pid = try await client.queryOne("select pg_backend_pid()", as: Int32.self)!
            _ = try await database.connect { killer in try await killer.execute("select pg_terminate_backend(\(pid))") }
            #expect(await eventually { client.statistics.closed >= 6 })
            #expect(try await client.queryOne("select 1", as: Int.self) == 1)
        }
    }

    /// Fails when a connection goes back as it is: the next user would find itself in somebody's transaction.
    @Test func dirtyConnectionsAreNotReused() async throws {
        try await database.client {
            $0.pool.maximum = 1
        } _: { (client) async throws in
            let first = try await client.withConnection { (connection) async throws in
                try await connection.execute("begin")
                return connection.processID
            }
            #expect(try await client.queryOne("select pg_backend_pid()", as: Int32.self) != first)
            let second = try await database.connect { (watcher) async throws -> Int32 in
                // So that it only begins to sleep when it was seen to run.
                try await watcher.execute("select pg_advisory_lock(4711)")
                return try await client.withConnection { connection in
                    Task { try? await connection.execute("select pg_advisory_xact_lock(4711), pg_sleep(3)") }
                    let isActive = try await eventually {
                        try await watcher.queryOne(
                            "select state from pg_stat_activity where pid = \(connection.processID)", as: String.self) == "active"
                    }
                    #expect(isActive)
                    try await watcher.execute("select pg_advisory_unlock(4711)")
                    return connection.processID
                }
            }
            #expect(try await client.queryOne("select pg_backend_pid()", as: Int32.self) == second, "waits for what was left behind")
        }
    }

    @Test func unreachableServerIsSaid() async throws {
        var configuration = PostgresConfiguration(host: "127.0.0.1", port: 1, user: "u", password: "very-secret", database: "d")
        configuration.pool.unreachableTimeout = .milliseconds(200)
        // On a busy machine both may be due at once, and this test is about the first.
        configuration.pool.acquireTimeout = .seconds(300)
        let client = PostgresClient(configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let error = await failure { try await client.execute("select 1") }
        #expect(error?.code == .connectionFailed && error?.isConnectionFailure == true)
        #expect(error?.message.contains("127.0.0.1:1") == true)
        #expect(!"\(error!)".contains("very-secret"))
        await client.close()
        #expect(await failure { try await client.execute("select 1") }?.code == .poolClosed)
    }

    @Test func wrongPasswordIsSaidWithoutIt() async throws {
        var configuration = try await database.configuration()
        configuration.password = "very-secret"
        let error = await failure { try await PostgresConnection.connect(configuration, logger: TestPostgres.logger) }
        #expect(error?.code == .connectionFailed)
        #expect(error?.message.contains("password") == true && !"\(error!)".contains("very-secret"))
    }

    @Test func runsAsAService() async throws {
        var configuration = try await database.configuration()
        configuration.pool.minimum = 2
        let client = PostgresClient(configuration: configuration, logger: TestPostgres.logger)
        let group = ServiceGroup(services: [client], logger: TestPostgres.logger)
        async let running: Void = group.run()
        #expect(await eventually { client.statistics.idle == 2 })
        await group.triggerGracefulShutdown()
        try await running
        #expect(client.statistics.open == 0)
        #expect(await failure { try await client.execute("select 1") }?.code == .poolClosed)
    }

    /// The whole server is killed and started again under load: callers get connection errors, nobody hangs, and the pool recovers by
    /// itself. Every insert that was reported as done is there.
    @Test func serverIsKilledAndComesBack() async throws {
        let server = try await PrivatePostgres.temporary()
        var configuration = try PostgresConfiguration(url: await server.url())
        configuration.pool.maximum = 4
        let client = PostgresClient(configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await client.execute("create table load (n bigint primary key)")
        let counter = Counter()
        /// Waits until some more is stored.
        func goesOn() async -> Bool {
            let before = await counter.count
            return await eventually { await counter.count >= before + 5 }
        }
        let load = Task { () -> (done: Set<Int>, strange: [PostgresError]) in
            await withTaskGroup(of: (Set<Int>, [PostgresError]).self) { group in
                for lane in 0..<8 {
                    group.addTask {
                        var done: Set<Int> = []
                        var strange: [PostgresError] = []
                        var number = lane * 1_000_000
                        while !Task.isCancelled {
                            number += 1
                            let error = await failure {
                                try await client.withTransaction { transaction in transaction.enqueue("insert into load values (\(number))")
                                }
                            }
                            if let error {
                                if !error.isConnectionFailure, error.code != .cancelled { strange.append(error) }
                            } else {
                                done.insert(number)
                                _ = await counter.next(number)
                            }
                        }
                        return (done, strange)
                    }
                }
                var all: (Set<Int>, [PostgresError]) = ([], [])
                for await (done, strange) in group {
                    all.0.formUnion(done)
                    all.1 += strange
                }
                return all
            }
        }
        for _ in 0..<2 {
            #expect(await goesOn())
            await server.kill()
            try await server.start()
            #expect(await eventually { (try? await client.execute("select 1")) != nil })
        }
        #expect(await goesOn())
        load.cancel()
        let (done, strange) = await load.value
        #expect(strange.isEmpty, "\(strange.first.map { "\($0)" } ?? "")")
        let stored = Set(try await client.query("select n from load", as: Int.self))
        #expect(done.count > 10 && done.isSubset(of: stored))
        await client.close()
        await server.remove()
    }
}

private actor Counter {
    private var value = 0
    var count: Int { value }
    func next(_ number: Int) -> Int {
        defer { value += 1 }
        return value
    }
}
