import Contracts
import EventStore
import Foundation
import Postgres
import Testing

@Suite("EventStore")
struct AppendTests {
    @Test("what is appended comes back, byte for byte")
    func roundTrip() async throws {
        try await TestStore.with { client in
            let metadata = EventMetadata(correlationID: .v7(), causationID: .v7(), traceparent: "t")
            let events = [event(#"{ "b" : 1.00, "a": "\u0000é😀" }"#), event("[]", version: 3)]
            let version = try await client.withTransaction { db in
                try await EventStore.append(events, to: "s-1", expected: 0, metadata: metadata, in: db)
            }
            #expect(version == 2)
            let single = event("1")
            try await client.withTransaction { db in
                let three = try await EventStore.append([single], to: "s-1", expected: 2, in: db)
                let still = try await EventStore.append([], to: "s-1", expected: 3, in: db)
                #expect(three == 3 && still == 3)
            }
            let stored = try await EventStore.load("s-1", in: client)
            #expect(stored.map(\.version) == [1, 2, 3])
            #expect(stored.map(\.data) == (events + [single]).map(\.data))
            #expect(stored.map(\.id) == (events + [single]).map(\.id))
            #expect(stored.map(\.schemaVersion) == [1, 3, 1])
            #expect(stored[1].metadata == metadata)
            #expect(stored[2].metadata == EventMetadata())
            #expect(abs(stored[0].recordedAt.timeIntervalSinceNow) < 60)
            #expect(try await EventStore.load("s-1", after: 2, in: client).map(\.version) == [3])
            #expect(try await EventStore.load("s-2", in: client).isEmpty)
        }
    }

    @Test("many streams at once")
    func many() async throws {
        try await TestStore.with { client in
            try await client.withTransaction { db in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 1...30 {
                        group.addTask {
                            try await EventStore.append(
                                (0..<number).map { event("\($0)") }, to: "a-\(number)", expected: 0, in: db)
                        }
                    }
                    try await group.waitForAll()
                }
            }
            let loaded = try await EventStore.load(["a-1", "a-7", "a-30", "a-99"], in: client)
            #expect(loaded.mapValues(\.count) == ["a-1": 1, "a-7": 7, "a-30": 30])
            #expect(loaded["a-30"]?.map(\.version) == Array(1...30))
            var names: [String] = []
            while true {
                let page = try await EventStore.streams(prefix: "a-", after: names.last ?? "", limit: 7, in: client)
                if page.isEmpty { break }
                names += page
            }
            #expect(Set(names) == Set((1...30).map { "a-\($0)" }))
            #expect(names.count == 30)
            #expect(try await EventStore.streams(prefix: "b-", in: client).isEmpty)
            #expect(try await EventStore.load([], in: client).isEmpty)
        }
    }

    /// Fails when the insert does not look at the version of the stream.
    @Test("a wrong version is a conflict, and the transaction goes on", arguments: [0, 1, 3, 9])
    func conflict(_ expected: Int) async throws {
        try await TestStore.with { client in
            _ = try await client.withTransaction { db in
                try await EventStore.append([event("1"), event("2")], to: "s", expected: 0, in: db)
            }
            for count in 1...3 {
                try await client.withTransaction { db in
                    let error = await #expect(throws: EventStoreError.self) {
                        try await EventStore.append((0..<count).map { event("\($0)") }, to: "s", expected: expected, in: db)
                    }
                    #expect(error?.code == .conflict)
                    #expect(error?.expected == expected)
                    #expect(error?.actual == 2)
                    try await EventStore.append([event("\"x\"")], to: "other-\(count)", expected: 0, in: db)
                }
                #expect(try await EventStore.load("other-\(count)", in: client).count == 1)
            }
            #expect(try await EventStore.load("s", in: client).count == 2)
        }
    }

    /// Two transactions append to a stream at the same time; the first has one event, the second three. The second
    /// waits at the primary key until the first commits.
    ///
    /// Fails (two events of the loser stay) when what a lost race leaves behind is not taken back; fails with an
    /// aborted transaction when the insert has no ON CONFLICT.
    @Test("a race has one winner")
    func race() async throws {
        try await TestStore.with { client in
            let inserted = Gate()
            let blocked = Gate()
            async let winner: Void = client.withTransaction { db in
                try await EventStore.append([event("\"winner\"")], to: "s", expected: 0, in: db)
                await inserted.open()
                await blocked.wait()
            }
            async let loser: EventStoreError? = client.withTransaction { db in
                await inserted.wait()
                let error = await #expect(throws: EventStoreError.self) {
                    try await EventStore.append([event("1"), event("2"), event("3")], to: "s", expected: 0, in: db)
                }
                try await EventStore.append([event("\"after\"")], to: "t", expected: 0, in: db)
                return error
            }
            // The winner commits once the loser waits for it, and not somebody in another schema.
            await inserted.wait()
            while try await client.queryOne(
                """
                SELECT count(*)::int8 FROM pg_stat_activity JOIN pg_locks USING (pid)
                WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO events%' AND relation = 'events'::regclass
                """,
                as: Int.self) == 0
            { try await Task.sleep(for: .milliseconds(5)) }
            await blocked.open()
            try await winner
            let error = try await loser
            #expect(error?.code == .conflict)
            #expect(error?.actual == 1)
            #expect(try await EventStore.load("s", in: client).map(\.data) == [Array("\"winner\"".utf8)])
            #expect(try await EventStore.load("t", in: client).count == 1)
        }
    }

    @Test("nothing is stored by a transaction that fails")
    func rollback() async throws {
        try await TestStore.with { client in
            struct Stop: Error {}
            await #expect(throws: Stop.self) {
                try await client.withTransaction { db in
                    try await EventStore.append([event("1")], to: "s", expected: 0, in: db)
                    throw Stop()
                }
            }
            let stored = try await EventStore.load("s", in: client)
            #expect(stored.isEmpty)
        }
    }

    @Test("calls that make no sense are refused")
    func usage() async throws {
        try await TestStore.with { client in
            try await client.withTransaction { db in
                for (stream, expected) in [("", 0), ("s", -1), ("s", Int.max)] {
                    let error = await #expect(throws: EventStoreError.self) {
                        try await EventStore.append([event("1")], to: stream, expected: expected, in: db)
                    }
                    #expect(error?.code == .usage)
                }
            }
        }
    }
}
