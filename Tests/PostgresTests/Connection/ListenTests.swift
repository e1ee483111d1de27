import Foundation
import Postgres
import TestSupport
import Testing

private let database = SuiteDatabase("listen")

@Suite(.timeLimit(.minutes(5))) struct ListenTests {
    @Test func everyNotificationInOrder() async throws {
        try await database.connect { (sender) async throws in
            try await database.connect { (listener) async throws in
                let channel = "weird \"channel\""
                let stream = try await listener.listen(channel)
                for number in 1...100 { try await sender.execute("select pg_notify(\(channel), \(String(number)))") }
                var seen: [String] = []
                for await notification in stream {
                    #expect(notification.channel == channel && notification.processID == sender.processID)
                    seen.append(notification.payload)
                    if seen.count == 100 { break }
                }
                #expect(seen == (1...100).map(String.init))
                #expect(try await listener.execute("select 1").count == 1, "it runs statements meanwhile")
            }
        }
    }

    @Test func endsWithTheConnection() async throws {
        try await database.connect { (listener) async throws in
            let stream = try await listener.listen("x")
            await listener.close()
            for await _ in stream {}
        }
    }

    @Test func dropsOutWhenDropped() async throws {
        try await database.connect { (listener) async throws in
            do { _ = try await listener.listen("gone") }
            #expect(try await eventually { try await listener.query("select pg_listening_channels()", as: String.self).isEmpty })
        }
    }

    /// Fails (in most rounds) when a new LISTEN does not wait for the UNLISTEN of the stream before: that came behind it.
    @Test func listeningAgainAtOnce() async throws {
        try await database.connect { (listener) async throws in
            for round in 0..<200 {
                do { _ = try await listener.listen("again") }
                let stream = try await listener.listen("again")
                let channels = try await listener.query("select pg_listening_channels()", as: String.self)
                #expect(channels == ["again"], "round \(round)")
                withExtendedLifetime(stream) {}
                if channels.isEmpty { return }
            }
        }
    }

    /// Fails when the stream does not connect again.
    @Test func clientListensAgainAfterALoss() async throws {
        try await database.client { (client) async throws in
            let stream = client.notifications(on: "news")
            let (payloads, feed) = AsyncStream.makeStream(of: String.self)
            let reader = Task { for await notification in stream { feed.yield(notification.payload) } }
            var seen = payloads.makeAsyncIterator()
            // One that still runs its LISTEN does not hear yet what is said now.
            func listener() async throws -> Int32? {
                try await client.queryOne(
                    """
                    select pid from pg_stat_activity
                    where query = 'LISTEN "news"' and state = 'idle' and datname = current_database()
                    """, as: Int32.self)
            }
            #expect(try await eventually { try await listener() != nil })
            let pid = try await listener()!
            try await client.execute("notify news, 'first'")
            #expect(await seen.next() == "first")
            try await client.execute("select pg_terminate_backend(\(pid))")
            #expect(
                try await eventually {
                    let now = try await listener()
                    return now != nil && now != pid
                })
            try await client.execute("notify news, 'last'")
            #expect(await seen.next() == "last")
            reader.cancel()
        }
    }
}
