import Foundation
import Postgres
import TestSupport
import Testing

private let database = SuiteDatabase("copy")

private struct Broken: Error {}

@Suite(.timeLimit(.minutes(5))) struct CopyTests {
    private func lines(_ count: Int) -> AsyncStream<[UInt8]> {
        AsyncStream { continuation in
            for number in 0..<count { continuation.yield(Array("\(number)\tname \(number)\n".utf8)) }
            continuation.finish()
        }
    }

    @Test func inAndOut() async throws {
        try await database.connect { (connection) async throws in
            try await connection.execute("create temporary table c (n int primary key, name text)")
            let copied = try await connection.copyIn("copy c from stdin", rows: lines(50_000))
            #expect(copied == 50_000)
            var bytes: [UInt8] = []
            var rows = 0
            for try await row in connection.copyOut("copy (select * from c order by n) to stdout") {
                rows += 1
                if rows <= 2 { bytes += row }
            }
            #expect(rows == 50_000)
            #expect(String(decoding: bytes, as: UTF8.self) == "0\tname 0\n1\tname 1\n")
            #expect(try await connection.execute("select 1").count == 1)
        }
    }

    /// Of many pieces, and of lengths around theirs. Fails when pieces overlap, or the last is left out.
    @Test func longChunks() async throws {
        try await database.connect { (connection) async throws in
            try await connection.execute("create temporary table c (bytes text)")
            let lengths = [0, 1, CopyFeed.limit - 1, CopyFeed.limit, CopyFeed.limit + 1, 20 * CopyFeed.limit + 7]
            // One chunk is one line; numbers in it show where a piece is missing.
            let lines = lengths.map { length in
                Array((0...length / 8).map { String(10_000_000 + $0) }.joined().utf8.prefix(length)) + [UInt8(ascii: "\n")]
            }
            let rows = AsyncStream<[UInt8]> { feed in
                for line in lines { feed.yield(line) }
                feed.finish()
            }
            #expect(try await connection.copyIn("copy c from stdin", rows: rows) == lengths.count)
            let stored = try await connection.query("select bytes from c order by length(bytes)", as: String.self)
            #expect(stored.map { Array($0.utf8) + [UInt8(ascii: "\n")] } == lines)
        }
    }

    @Test func errorsUndoAndTheConnectionServesOn() async throws {
        try await database.connect { (connection) async throws in
            try await connection.execute("create temporary table c (n int primary key, name text)")
            let broken = AsyncThrowingStream<[UInt8], any Error> { continuation in
                continuation.yield(Array("1\ta\n".utf8))
                continuation.finish(throwing: Broken())
            }
            await #expect(throws: Broken.self) { try await connection.copyIn("copy c from stdin", rows: broken) }
            let twice = AsyncStream<[UInt8]> { continuation in
                for _ in 0..<2 { continuation.yield(Array("1\ta\n".utf8)) }
                continuation.finish()
            }
            #expect(await failure { try await connection.copyIn("copy c from stdin", rows: twice) }?.sqlState == "23505")
            #expect(await failure { try await connection.copyIn("copy missing from stdin", rows: twice) }?.sqlState == "42P01")
            #expect(await failure { try await connection.copyIn("copy c to stdout", rows: twice) }?.code == .usage)
            #expect(await failure { try await connection.copyIn("select 1", rows: twice) }?.code == .usage)
            #expect(await failure { for try await _ in connection.copyOut("copy c from stdin") {} }?.code == .usage)
            #expect(await failure { for try await _ in connection.copyOut("copy (select 1/0) to stdout") {} }?.sqlState == "22012")
            #expect(try await connection.queryOne("select count(*) from c", as: Int.self) == 0)
        }
    }

    @Test func othersWaitMeanwhile() async throws {
        try await database.connect { (connection) async throws in
            try await connection.execute("create temporary table c (n int primary key, name text)")
            let (rows, feed) = AsyncStream.makeStream(of: [UInt8].self)
            async let copied = connection.copyIn("copy c from stdin", rows: rows)
            feed.yield(Array("1\ta\n".utf8))
            async let count = connection.queryOne("select count(*) from c", as: Int.self)
            feed.yield(Array("2\tb\n".utf8))
            feed.finish()
            #expect(try await copied == 2)
            #expect(try await [0, 2].contains(count ?? -1))
        }
    }

    /// Fails when a COPY that is left early keeps the connection: the next statement would wait for 10 million rows.
    @Test func leavingEarly() async throws {
        try await database.connect { (connection) async throws in
            var seen = 0
            for try await _ in connection.copyOut("copy (select * from generate_series(1, 100000000)) to stdout") {
                seen += 1
                if seen == 10 { break }
            }
            let start = ContinuousClock.now
            #expect(try await connection.queryOne("select 1", as: Int.self) == 1)
            #expect(start.duration(to: .now) < .seconds(20))
        }
    }

    @Test func insideOfATransaction() async throws {
        try await database.connect { (connection) async throws in
            try await connection.execute("create temporary table c (n int primary key, name text)")
            await #expect(throws: Broken.self) {
                try await connection.withTransaction { transaction in
                    transaction.enqueue("insert into c values (-1, 'x')")
                    #expect(try await transaction.copyIn("copy c from stdin", rows: lines(100)) == 100)
                    #expect(try await transaction.queryOne("select count(*) from c", as: Int.self) == 101)
                    throw Broken()
                }
            }
            #expect(try await connection.queryOne("select count(*) from c", as: Int.self) == 0)
            try await connection.withTransaction { transaction in
                try await transaction.copyIn("copy c from stdin", rows: lines(100))
                var rows = 0
                for try await _ in transaction.copyOut("copy c to stdout") { rows += 1 }
                #expect(rows == 100)
            }
            #expect(try await connection.queryOne("select count(*) from c", as: Int.self) == 100)
        }
    }

    @Test func cancellation() async throws {
        try await database.connect { (connection) async throws in
            try await connection.execute("create temporary table c (n int primary key, name text)")
            let (rows, feed) = AsyncStream.makeStream(of: [UInt8].self)
            let task = Task { try await connection.copyIn("copy c from stdin", rows: rows) }
            feed.yield(Array("1\ta\n".utf8))
            task.cancel()
            _ = await task.result
            feed.finish()
            let reading = Task {
                var count = 0
                for try await _ in connection.copyOut("copy (select pg_sleep(0.01) from generate_series(1, 100000)) to stdout") {
                    count += 1
                }
                return count
            }
            try await Task.sleep(for: .milliseconds(50))
            reading.cancel()
            _ = await reading.result
            #expect(try await connection.queryOne("select 1", as: Int.self) == 1)
        }
    }
}
