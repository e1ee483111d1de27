import Foundation
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

private let database = SuiteDatabase("pipe")

@Suite struct PipeliningTests {
    @Test func thousandAtOnce() async throws {
        try await database.connect { (connection) async throws in
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 1...1000 {
                    group.addTask { try await connection.execute("select \(number) + 1")[0].decode(Int.self, at: 0) - 1 - number }
                }
                var sum = 0
                for try await difference in group { sum += difference }
                return sum
            }
            #expect(sum == 0)
        }
    }

    /// Every third statement fails, each in its own way; nobody else notices.
    @Test func errorsStayWithTheirStatement() async throws {
        try await database.connect { (connection) async throws in
            try await connection.execute("create temporary table unique_number (n int primary key)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...300 {
                    group.addTask {
                        switch number % 3 {
                        case 0:
                            let error = await failure { try await connection.execute("select 1 / \(number - number)") }
                            #expect(error?.sqlState == "22012")
                        case 1:
                            let error = await failure { try await connection.execute("selec \(number)") }
                            #expect(
                                error?.sqlState == "42601" && error?.query == "selec $1" && error?.position == 1,
                                "\(String(describing: error))")
                        default:
                            try await connection.execute("insert into unique_number values (\(number))")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await connection.queryOne("select count(*) from unique_number", as: Int.self) == 100)
        }
    }

    @Test func pipelineIsOneTransaction() async throws {
        try await database.connect { (connection) async throws in
            try await connection.execute("create temporary table t (n int primary key)")
            let results = try await connection.pipeline(["insert into t values (1)", "select n from t", "select 7 as x"])
            #expect(try results[1][0].decode(Int.self, at: 0) == 1)
            #expect(try results[2][0].decode(Int.self, named: "x") == 7)
            #expect(results[0].commandTag == "INSERT 0 1" && results[0].affectedRows == 1)
            let error = await failure {
                try await connection.pipeline(["insert into t values (2)", "insert into t values (1)", "insert into t values (3)"])
            }
            #expect(error?.sqlState == "23505" && error?.constraint == "t_pkey" && error?.table == "t")
            #expect(try await connection.queryOne("select count(*) from t", as: Int.self) == 1, "all or nothing")
            #expect(try await connection.pipeline([]).isEmpty)
        }
    }

    /// Fails when a statement outside of a transaction is answered before its commit.
    @Test func deferredConstraintFailsTheStatement() async throws {
        try await database.connect { (connection) async throws in
            try await connection.execute("create temporary table p (n int primary key)")
            try await connection.execute("create temporary table c (n int references p deferrable initially deferred)")
            let error = await failure { try await connection.execute("insert into c values (1)") }
            #expect(error?.sqlState == "23503")
            #expect(try await connection.queryOne("select count(*) from c", as: Int.self) == 0)
        }
    }

    @Test func tableChangesUnderAPreparedStatement() async throws {
        try await database.connect { (connection) async throws in
            try await connection.execute("create table changing (a int)")
            try await connection.execute("insert into changing values (1)")
            #expect(try await connection.execute("select * from changing")[0].count == 1)
            try await connection.execute("alter table changing add b text default 'x'")
            #expect(try await connection.execute("select * from changing")[0].count == 2)
            try await connection.execute("alter table changing drop b")
            let count = try await connection.withTransaction { try await $0.execute("select * from changing")[0].count }
            #expect(count == 1, "a transaction is run again")
            try await connection.execute("deallocate all")
            #expect(try await connection.execute("select * from changing")[0].count == 1)
        }
    }

    /// Fails when each attempt of a transaction, or of a pipeline, prepares but one of the stale statements anew.
    @Test func aTableThatManyStatementsReadChanges() async throws {
        try await database.connect { (connection) async throws in
            try await connection.execute("create table read_by_many (a int)")
            try await connection.execute("insert into read_by_many values (1)")
            let columns: (PostgresResult) -> Int? = { $0.first?.count }
            let reads: [SQL] = (1...7).map { "select * from read_by_many where a < \(Int32(100)) and \(literal($0))" }
            _ = try await connection.pipeline(reads)
            try await connection.execute("alter table read_by_many add b text")
            #expect(try await connection.pipeline(reads).map(columns) == Array(repeating: 2, count: 7))
            try await connection.execute("alter table read_by_many add c text")
            let attempts = Atomic<Int>(0)
            let counts = try await connection.withTransaction { transaction in
                attempts.add(1, ordering: .relaxed)
                var counts: [Int?] = []
                for read in reads { counts.append(columns(try await transaction.execute(read))) }
                return counts
            }
            #expect(counts == Array(repeating: 3, count: 7))
            #expect(attempts.load(ordering: .relaxed) == 2)
        }
    }

    /// A condition that holds, in a text of its own.
    private func literal(_ number: Int) -> SQL { Array(repeating: "true" as SQL, count: number).joined(separator: " and ") }

    @Test func moreStatementsThanTheCacheHolds() async throws {
        try await database.connect {
            $0.statementCacheSize = 10
        } _: { (connection) async throws in
            for round in 0..<2 {
                for number in 0..<50 {
                    var text: SQL = "select \(round)"
                    for _ in 0..<number { text += " + 1" }
                    #expect(try await connection.queryOne(text, as: Int.self) == round + number)
                }
            }
            let held = try await connection.queryOne("select count(*) from pg_prepared_statements", as: Int.self)
            #expect(held ?? 0 <= 12)
        }
    }

    @Test func largeValuesBothWays() async throws {
        try await database.connect { (connection) async throws in
            let big = [UInt8](repeating: 7, count: 8_000_000)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let back = try await connection.execute("select \(big)")[0].decode([UInt8].self, at: 0)
                        #expect(back == big)
                    }
                }
                try await group.waitForAll()
            }
            let rows = try await connection.execute("select n, repeat('x', 100) from generate_series(1, 100000) n")
            #expect(rows.count == 100_000)
            #expect(try rows[99_999].decode(Int.self, at: 0) == 100_000)
        }
    }

    @Test func misuseIsRefused() async throws {
        try await database.connect { (connection) async throws in
            #expect(await failure { try await connection.execute(SQL(unsafe: "select 1")) }?.code == .rawSQLForbidden)
            #expect(await failure { try await connection.execute("select \(SQL(unsafe: "1"))") }?.code == .rawSQLForbidden)
            for text: SQL in [
                "copy x from stdin", " /* a /* b */ */ -- c\n COPY (select 1) to stdout", "copy\tx from stdin",
                "-- c\rcopy x from stdin",
            ] {
                #expect(await failure { try await connection.execute(text) }?.code == .usage)
            }
            #expect(await failure { try await connection.execute("select \(identifier: "")") }?.code == .encoding)
            let many = (0...65_535).map { "\($0)" as SQL }.joined()
            #expect(await failure { try await connection.execute("select \(many)") }?.code == .usage)
            #expect(try await connection.execute("").isEmpty)
            #expect(try await connection.execute("select 1").count == 1)
        }
        try await database.connect {
            $0.allowRawSQL = true
        } _: { (connection) async throws in
            #expect(try await connection.execute(SQL(unsafe: "select 1")).count == 1)
        }
    }

    @Test func settingsReachTheServer() async throws {
        try await database.connect {
            $0.searchPath = "\"a b\", c"
            $0.applicationName = "app"
            $0.statementTimeout = .seconds(1)
        } _: { (connection) async throws in
            #expect(try await connection.queryOne("show search_path", as: String.self) == "\"a b\", c")
            #expect(try await connection.queryOne("show application_name", as: String.self) == "app")
            #expect(try await connection.queryOne("select pg_backend_pid()", as: Int32.self) == connection.processID)
            let error = await failure { try await connection.execute("select pg_sleep(60)") }
            #expect(error?.code == .timeout && error?.sqlState == "57014")
        }
    }

    /// The server's last words and the end of the connection may arrive as one event, of which the event source tells once. Fails
    /// (some statement hangs) when the socket is not looked at again after reading.
    @Test(.timeLimit(.minutes(4))) func endOfTheConnectionIsAlwaysSeen() async throws {
        for _ in 0..<60 {
            try await database.connect { (connection) async throws in
                let errors = await withTaskGroup(of: PostgresError?.self) { group in
                    for number in 0..<20 {
                        group.addTask {
                            await failure {
                                if number == 10 { try await connection.execute("select pg_terminate_backend(pg_backend_pid())") }
                                try await connection.execute("select \(number), pg_sleep(0.001)")
                            }
                        }
                    }
                    return await group.reduce(into: [PostgresError?]()) { $0.append($1) }
                }
                #expect(errors.allSatisfy { $0?.isConnectionFailure ?? true } && errors.contains { $0 != nil })
                #expect(await eventually { connection.isClosed })
            }
        }
    }

    @Test func errorsNameTheCaller() async throws {
        try await database.connect { (connection) async throws in
            let line = #line + 1
            let error = await failure { try await connection.execute("nonsense") }
            #expect(error?.line == line && error?.file.hasSuffix("PipeliningTests.swift") == true)
            #expect("\(error!)".contains("42601"))
        }
    }
}
