import Foundation
import Locking
import Postgres
import TestSupport
import Testing

private let database = SuiteDatabase("closing")

private struct Stop: Error {}

/// What is sent before a transaction is awaited, and what is told when it has committed.
@Suite(.timeLimit(.minutes(5))) struct ClosingTransactionTests {
    /// Runs the closure on the thread of the connections, where alone something can be sent ahead.
    private func onLoop<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) async throws -> R {
        try await Task(executorPreference: PostgresClient.executor) { try await body() }.value
    }

    // MARK: Sent ahead

    /// Whether another session comes to see a state of one that has sent a statement ahead and awaits nothing of its own.
    private func isSeen(afterSending statement: SQL, _ state: @escaping @Sendable (_ processID: Int32) -> SQL) async throws -> Bool {
        try await database.connect { (connection) async throws in
            try await database.connect { (observer) async throws in
                try await onLoop {
                    try await connection.withTransaction { transaction in
                        transaction.enqueue(statement)
                        transaction.sendAhead()
                        return try await eventually { try await observer.queryOne(state(connection.processID), as: Bool.self) == true }
                    }
                }
            }
        }
    }

    /// Fails when `sendAhead` sends nothing: the lock would be taken with COMMIT.
    @Test func whatIsSentAheadBeginsBeforeAnythingIsAwaited() async throws {
        let isLocked = try await isSeen(afterSending: "select pg_advisory_xact_lock(4711, 1)") { _ in
            "select exists (select from pg_locks where classid = 4711 and objid = 1 and granted)"
        }
        #expect(isLocked)
    }

    /// Fails when what was sent ahead is taken for a transaction of which nothing was sent.
    @Test func whatIsSentAheadIsRolledBackWithTheRest() async throws {
        try await database.connect { (connection) async throws in
            let table = try await table(connection)
            await #expect(throws: Stop.self) {
                try await onLoop {
                    try await connection.withTransaction { transaction in
                        transaction.enqueue("insert into \(table) values (1)")
                        transaction.sendAhead()
                        throw Stop()
                    }
                }
            }
            #expect(try await count(table, connection) == 0)
        }
    }

    /// Fails when the flight stays open while the task waits for something else: the server would take the session for busy, and not
    /// end it however long that lasts.
    @Test func whoWaitsForSomethingElseIsIdleInTransaction() async throws {
        let isIdle = try await isSeen(afterSending: "select 1") { processID in
            "select state = 'idle in transaction' from pg_stat_activity where pid = \(processID)"
        }
        #expect(isIdle)
    }

    /// An error may arrive while the flight is open, before anybody waits for it.
    @Test func whatFailsAheadFailsTheTransaction() async throws {
        try await database.connect { (connection) async throws in
            let table = try await table(connection)
            let error = await failure {
                try await onLoop {
                    try await connection.withTransaction { transaction in
                        transaction.enqueue("insert into \(table) values (1)")
                        transaction.enqueue("insert into \(table) values (1)")
                        transaction.sendAhead()
                        try await Task.sleep(for: .milliseconds(20))
                        transaction.enqueue("insert into \(table) values (2)")
                    }
                }
            }
            #expect(error?.sqlState == "23505")
            #expect(try await count(table, connection) == 0)
        }
    }

    /// Fails when what was sent ahead has ended the flight for those who await, or is sent a second time.
    @Test func aFlightGoesOnBehindWhatWasSentAhead() async throws {
        try await database.connect { (connection) async throws in
            let table = try await table(connection)
            for round in 0..<50 {
                let seen = try await onLoop {
                    try await connection.withTransaction { transaction in
                        transaction.enqueue("insert into \(table) values (\(2 * round))")
                        transaction.sendAhead()
                        transaction.sendAhead()
                        let seen = round % 2 == 0 ? try await count(table, transaction) : nil
                        transaction.enqueue("insert into \(table) values (\(2 * round + 1))")
                        transaction.sendAhead()
                        return seen
                    }
                }
                #expect(seen == (round % 2 == 0 ? 2 * round + 1 : nil))
            }
            #expect(try await count(table, connection) == 100)
        }
    }

    // MARK: Told at the commit

    /// Fails when the answer of COMMIT is among those that are handed over.
    @Test func theCommitIsToldBeforeTheCallerGoesOn() async throws {
        try await database.connect { (connection) async throws in
            let table = try await table(connection)
            let order = Locked<[String]>([])
            let result = try await connection.withClosingTransaction { transaction in
                transaction.enqueue("insert into \(table) values (1), (2)")
                let closing = TransactionClosing(["select n from \(table) order by n", "select 7"]) { answers in
                    let numbers = answers.map { $0.compactMap { try? $0.decode(Int32.self, at: 0) } }
                    order.withLock { $0.append("\(numbers)") }
                }
                return ("done", closing)
            }
            order.withLock { $0.append(result) }
            #expect(order.withLock { $0 } == ["[[1, 2], [7]]", "done"])
        }
    }

    /// Fails when the answers are handed over as soon as they are there: COMMIT itself may fail.
    @Test func aCommitThatFailsIsNotTold() async throws {
        try await database.connect { (connection) async throws in
            let table = try await table(connection, "unique deferrable initially deferred")
            let told = Tally()
            let error = await failure {
                try await connection.withClosingTransaction { transaction in
                    transaction.enqueue("insert into \(table) values (1), (1)")
                    return ((), TransactionClosing(["select 1"]) { _ in told.add() })
                }
            }
            #expect(error?.sqlState == "23505")
            let second = await failure {
                try await connection.withClosingTransaction { _ in
                    ((), TransactionClosing(["select 1/0"]) { _ in told.add() })
                }
            }
            #expect(second?.sqlState == "22012")
            #expect(told.count == 0)
            #expect(try await count(table, connection) == 0)
        }
    }

    /// Fails when a transaction of which nothing was sent forgets whom to tell.
    @Test func anEmptyTransactionIsToldToo() async throws {
        try await database.connect { (connection) async throws in
            let told = Tally()
            try await connection.withClosingTransaction { _ in
                ((), TransactionClosing { answers in if answers.isEmpty { told.add() } })
            }
            #expect(told.count == 1)
        }
    }
}
