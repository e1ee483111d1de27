import Contracts
import Journal
import Postgres
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Reading the journal", .timeLimit(.minutes(4)))
struct ReaderTests {
    /// Fails when a page that is full ends at the last position instead of its own last entry.
    @Test("pages follow each other over several topics, in order, whatever their size", arguments: [1, 2, 7, 100])
    func pages(limit: Int) async throws {
        try await JournalBench.with { bench in
            let topics = (1...40).map { $0 % 13 == 0 ? "rare" : $0 % 3 == 0 ? "other" : "often" }
            for (index, topic) in topics.enumerated() {
                try await bench.insert(position: Int64(index + 1), topic: topic, recordedAt: .now)
            }
            for wanted in [["rare"], ["often", "rare"], ["rare", "often", "other"], ["never"]] {
                var read: [Int64] = []
                var position: Int64 = 3
                while true {
                    let page = try await bench.reader.page(after: position, topics: wanted, limit: limit)
                    #expect(page.entries.count <= limit && page.end >= position)
                    read += page.entries.map(\.position)
                    position = page.end
                    if page.isLast { break }
                }
                #expect(read == topics.indices.filter { $0 >= 3 && wanted.contains(topics[$0]) }.map { Int64($0 + 1) })
                #expect(position == 40)
            }
        }
    }

    @Test("it begins with the first entry that was recorded at the time or later, and after the last if there is none")
    func start() async throws {
        try await JournalBench.with { bench in
            #expect(try await bench.reader.position(before: .ago(.seconds(3_600))) == 0)
            let times = [-7_200.0, -3_700, -3_700, -60, -60, -1].map { Date(timeIntervalSinceNow: $0) }
            for (index, time) in times.enumerated() { try await bench.insert(position: Int64(index + 1), recordedAt: time) }
            #expect(try await bench.reader.position(before: .ago(.seconds(86_400))) == 0)
            #expect(try await bench.reader.position(before: .ago(.seconds(3_800))) == 1)
            #expect(try await bench.reader.position(before: .ago(.seconds(120))) == 3)
            #expect(try await bench.reader.position(before: .ago(.zero)) == 6)
            #expect(try await bench.reader.position(before: .time(RFC3339.date(from: RFC3339.string(from: times[0]))!)) <= 1)
            #expect(try await bench.reader.position(before: .time(Date(timeIntervalSinceNow: -3_650))) == 3)
        }
    }

    /// Fails when the time of recording is the clock's alone (`greatest` in JournalRecord).
    @Test("a clock that goes back does not make an entry older than the one before")
    func clock() async throws {
        try await JournalBench.with { bench in
            let future = Date(timeIntervalSinceNow: 3_600)
            try await bench.postgres.execute("UPDATE sequencer SET recorded_at = \(future)")
            try await bench.recording { _ in
                await bench.publish([bench.event(1)])
                try await eventually("it is recorded") { try await bench.entries() == 1 }
            }
            #expect(try await bench.number("SELECT count(*) FROM entries WHERE recorded_at >= \(future)") == 1)
        }
    }

    @Test("a schema without the tables has no journal")
    func missing() async throws {
        let client = PostgresClient(configuration: try await TestPostgres.schema("journal_none"), logger: TestPostgres.logger)
        #expect(try await !JournalReader(postgres: client).exists())
        await client.close()
        let exists = try await JournalBench.with { bench in try await bench.reader.exists() }
        #expect(exists)
    }
}

@Suite("The journal's audit", .timeLimit(.minutes(4)))
struct JournalAuditTests {
    /// Fails when numbers that come twice make up for those that are missing (`count(DISTINCT sequence)`).
    @Test("it counts what the numbers of each source say is missing")
    func gaps() async throws {
        try await JournalBench.with { bench in
            #expect(
                try await JournalAudit.counts(bench.postgres)
                    == ["entries": 0, "positions.missing": 0, "numbered": 0, "gaps": 0, "earlier": 0])
            let numbers: [(source: String, sequence: Int64?)] = [
                ("/a", 3), ("/a", 4), ("/a", 6), ("/a", 6), ("/b", 1), ("/b", 2), ("/c", nil), ("/d", 10), ("/d", 7),
            ]
            for (index, number) in numbers.enumerated() {
                try await bench.insert(position: Int64(index + 1), source: number.source, sequence: number.sequence, recordedAt: .now)
            }
            #expect(
                try await JournalAudit.counts(bench.postgres)
                    == ["entries": 9, "positions.missing": 0, "numbered": 8, "gaps": 3, "earlier": 8])
            for (index, number) in [Int64.max, .min, 1].enumerated() {
                try await bench.insert(position: Int64(index + 11), source: "/mad", sequence: number, recordedAt: .now)
            }
            let counts = try await JournalAudit.counts(bench.postgres)
            #expect(counts["gaps"] == Int.max && counts["positions.missing"] == 1)
        }
    }
}
