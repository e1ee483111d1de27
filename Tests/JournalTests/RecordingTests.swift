import Contracts
import Journal
import Messaging
import Postgres
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Recording", .timeLimit(.minutes(4)))
struct RecordingTests {
    /// Fails when the envelope is written anew instead (`envelope.encoded()` in MessageHandlers+Journal).
    @Test("the bytes are those that were delivered, and the leaf is their hash")
    func bytes() async throws {
        try await JournalBench.with { bench in
            let odd = """
                {  "data" : { "b" : 1.50 , "a":"\\u00e9\\/" },\t"time":"2026-11-21T10:00:00.1234567+01:00",
                  "type":"rätsel.gelöst", "partitionkey": "k", "specversion":"1.0","id":"0198c2a4-7d5e-7a51-9c0e-0000000000ab",
                  "source":"urn:x:y", "extension": 7 , "subject":null }\n
                """
            // As the Python SDK of CloudEvents writes it.
            let python =
                #"{"specversion": "1.0", "id": "0198c2a4-7d5e-7a51-9c0e-0000000000ac", "source": "/py", "type": "thing.done", "datacontenttype": "application/json", "time": "2026-11-21T09:00:00+00:00", "data": {"name": "Zo\u00eb", "n": 1e3}}"#
            let bodies = [Array(odd.utf8), Array(python.utf8), bench.event(1).encoded()]
            try await bench.recording { messaging in
                await bench.publish(bodies: bodies)
                try await eventually("all are recorded") { try await bench.entries() == 3 }
                #expect(messaging.snapshot().parked == 0)
            }
            #expect(try await bench.bodies() == bodies)
            #expect(try await bench.number("SELECT count(*) FROM entries WHERE leaf = sha256('\\x00'::bytea || body)") == 3)
            let row = try #require(
                try await bench.postgres.execute("SELECT topic, type, source, event_time FROM entries WHERE position = 1").first)
            #expect(try row.decode(String.self, at: 0) == bench.topic)
            #expect(try row.decode(String.self, at: 1) == "rätsel.gelöst")
            #expect(try row.decode(String.self, at: 2) == "urn:x:y")
            #expect(try row.decode(Date.self, at: 3) == RFC3339.date(from: "2026-11-21T09:00:00.123456Z"))
        }
    }

    /// RFC 6962, section 2.1: the hash of a leaf begins with a zero byte, so that no node of the tree can be taken for a leaf.
    @Test("the leaf of no bytes is the one that everybody computes")
    func leaf() async throws {
        try await JournalBench.with { bench in
            try await bench.insert(position: 1, recordedAt: .now)
            let leaf = try await bench.postgres.query("SELECT encode(leaf, 'hex') FROM entries", as: String.self)
            #expect(leaf == ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"])
        }
    }

    /// Fails when the recorder does not look for the event (`WHERE NOT EXISTS` in JournalRecord): after the inbox has forgotten, the
    /// duplicates are parked by the unique index.
    @Test("an event is recorded once, for ever, and its duplicate takes no position")
    func duplicates() async throws {
        try await JournalBench.with { bench in
            let first = (1...60).map { bench.event($0) }
            let more = (61...80).map { bench.event($0) }
            try await bench.recording { messaging in
                await bench.publish(first)
                try await eventually("the first are recorded") { try await bench.entries() == 60 }
                await bench.publish(first + more)
                try await eventually("they are known") { messaging.snapshot().duplicates == 60 }
                try await bench.forgetInbox()
                await bench.publish(Array((more + first + [bench.event(81)]).reversed()))
                try await eventually("all are handled again") { try await bench.number("SELECT count(*) FROM inbox") == 81 }
                #expect(messaging.snapshot().parked == 0)
            }
            try await bench.expectGapless(81)
        }
    }

    /// The transaction fails at its COMMIT, when positions have been given. Fails when positions come from a PostgreSQL sequence, and
    /// when a parked message does not bring its bytes (`delivered: body` in ParkedMessage), and when the fence of its step keeps it
    /// parked (ParkedRetrier).
    @Test("a batch that is rolled back gives its positions back, and a parked event is recorded with its bytes")
    func rollback() async throws {
        try await JournalBench.with { bench in
            try await bench.postgres.execute("CREATE TABLE poison (event_id uuid)")
            try await bench.postgres.execute(
                """
                CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF EXISTS (SELECT FROM poison p WHERE p.event_id = NEW.event_id) THEN RAISE EXCEPTION 'poison'; END IF;
                    RETURN NULL;
                END
                $$
                """)
            try await bench.postgres.execute(
                """
                CREATE CONSTRAINT TRIGGER poison AFTER INSERT ON entries DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION refuse_poison()
                """)
            var events = (1...50).map { bench.event($0) }
            events[9] = bench.event(10, extensions: ["sagastep": "checkout/1/pay", "sagadirection": "forward"])
            try await bench.postgres.execute("INSERT INTO fences (key) VALUES ('checkout/1/pay')")
            let body = Array(String(decoding: events[9].encoded(), as: UTF8.self).replacing(",\"", with: " ,\n\"").utf8)
            try await bench.postgres.execute("INSERT INTO poison VALUES (\(events[9].id))")
            try await bench.recording { messaging in
                await bench.publish(bodies: events.enumerated().map { $0 == 9 ? body : $1.encoded() })
                // What follows the parked one with its key waits behind it.
                let behind = (10..<50).count { $0 % 7 == 9 % 7 }
                try await eventually("the others are recorded") { try await bench.entries() == 49 - behind }
                #expect(messaging.snapshot().failedBatches > 0)
                try await bench.expectGapless(49 - behind)
                try await bench.postgres.execute("DELETE FROM poison")
                try await eventually("it is recorded too") { try await bench.entries() == 50 }
            }
            try await bench.expectGapless(50)
            #expect(try await bench.bodies().contains(body))
            let key = try await bench.postgres.query(
                "SELECT sequence FROM entries WHERE partition_key = '3' ORDER BY position", as: Int.self)
            #expect(key == (1...50).filter { $0 % 7 == 3 })
        }
    }

    /// Fails when the statement does not number by the order of its arrays, and when the collected output is not put into the order
    /// of delivery (LaneRunner).
    @Test("entries are in the order of delivery, over all keys")
    func order() async throws {
        try await JournalBench.with { bench in
            let events = (1...600).map { bench.event($0, key: "\($0 % 23)", id: UUID()) }
            try await bench.recording { _ in
                await bench.publish(events)
                try await eventually("all are recorded") { try await bench.entries() == 600 }
            }
            #expect(try await bench.postgres.query("SELECT sequence FROM entries ORDER BY position", as: Int.self) == Array(1...600))
        }
    }

    /// Several at once, as it is when a worker is not the active consumer any more and does not know it yet, and when a parked event
    /// is retried beside the queue. (Positions that two have read at the same time do not show here: the primary key refuses the second,
    /// whose events are then recorded one by one.)
    @Test("several recorders at once give each event one position, and a reader misses none")
    func together() async throws {
        try await JournalBench.with { bench in
            let events = (1...900).map { bench.event($0) }
            let reading = Task {
                var read: [Int64] = []
                var position: Int64 = 0
                while read.count < 900 {
                    let page = try await bench.reader.page(after: position, topics: [bench.topic], limit: 7)
                    read += page.entries.map(\.position)
                    position = page.end
                    if page.isLast { try await Task.sleep(for: .milliseconds(1)) }
                }
                return read
            }
            let workers = ["a", "b", "c"].map { "\(bench.name).\($0)" }
            try await bench.recording(worker: workers[0]) { _ in
                try await bench.recording(worker: workers[1]) { _ in
                    try await bench.recording(worker: workers[2]) { _ in
                        for part in 0..<30 { await bench.publish(Array(events[part * 30..<part * 30 + 30])) }
                        try await eventually("all are recorded") { try await bench.entries() == 900 }
                        let read = try await withThrowingTaskGroup(of: [Int64].self) { group in
                            group.addTask { try await reading.value }
                            group.addTask {
                                try await Task.sleep(for: .seconds(20))
                                reading.cancel()
                                return []
                            }
                            defer { group.cancelAll() }
                            return try await group.next() ?? []
                        }
                        #expect(read == Array(1...900))
                    }
                }
            }
            try await bench.expectGapless(900)
        }
    }

    /// Fails when fences are heeded here (`MessageHandlers.fence`).
    @Test("also what a participant would not run any more is recorded, and types that nobody knows")
    func everything() async throws {
        try await JournalBench.with { bench in
            func step(_ number: Int, _ direction: String) -> Envelope {
                bench.event(number, extensions: ["sagastep": "checkout/1/pay", "sagadirection": direction])
            }
            try await bench.recording { _ in
                await bench.publish([step(1, "compensate")])
                try await eventually("the first is recorded") { try await bench.entries() == 1 }
                await bench.publish([step(2, "forward"), bench.event(3, type: "never.heard.of")])
                // A text that the database cannot store as it is.
                var nul = bench.event(4)
                nul.source = "/a\u{0}b"
                await bench.publish([nul])
                try await eventually("all are recorded") { try await bench.entries() == 4 }
                let sources = try await bench.postgres.query("SELECT source FROM entries ORDER BY position", as: String.self)
                #expect(sources == ["/tests", "/tests", "/tests", "/a\u{FFFD}b"])
                #expect(try await bench.bodies().last == nul.encoded())
            }
        }
    }

    /// A shovel publishes what it moves to the queue. Fails when the topic of such a message is not looked up by its type.
    @Test("what was moved past its topic is recorded under its topic")
    func moved() async throws {
        try await JournalBench.with { bench in
            try await bench.recording { _ in
                let event = bench.event(1, extensions: ["sagastep": "checkout/1/pay", "sagadirection": "compensate"])
                await bench.publish(bodies: [event.encoded()], to: "", routingKey: "worker.\(bench.name)")
                try await eventually("it is recorded") { try await bench.entries() == 1 }
                #expect(try await bench.postgres.query("SELECT topic FROM entries", as: String.self) == [bench.topic])
                #expect(try await bench.number("SELECT count(*) FROM fences") == 0)
            }
        }
    }

    /// Fails when the handlers of whole topics are never eager (`MessageHandlers.isEager`).
    @Test("a batch is one transaction with one statement that is not awaited: the handler of a topic is eager")
    func eager() async throws {
        try await JournalBench.with { bench in
            let handlers = bench.recording()
            #expect(handlers.isEager(type: "thing.done", exchange: bench.topic))
            #expect(!handlers.isEager(type: "thing.done", exchange: "another"))
        }
    }

    @Test("what is no envelope is kept with the failures")
    func garbage() async throws {
        try await JournalBench.with { bench in
            try await bench.recording { messaging in
                await bench.publish(bodies: [Array("what is this?".utf8), bench.event(1).encoded()])
                try await eventually("the event is recorded") { try await bench.entries() == 1 }
                try await eventually("the other is parked") { messaging.snapshot().parked == 1 }
            }
            #expect(try await bench.number("SELECT count(*) FROM parked WHERE body = convert_to('what is this?', 'UTF8')") == 1)
        }
    }

    /// Fails when an inner join takes the place of the outer one (JournalRecord): the events would be lost without a word.
    @Test("without its sequencer nothing is acknowledged as recorded")
    func noSequencer() async throws {
        try await JournalBench.with { bench in
            try await bench.postgres.execute("DELETE FROM sequencer")
            try await bench.recording { messaging in
                await bench.publish([bench.event(1)])
                try await eventually("it is parked") { messaging.snapshot().parked == 1 }
                #expect(try await bench.entries() == 0)
                try await bench.postgres.execute("INSERT INTO sequencer (last, recorded_at) VALUES (0, clock_timestamp())")
                try await eventually("it is recorded") { try await bench.entries() == 1 }
            }
            try await bench.expectGapless(1)
        }
    }
}
