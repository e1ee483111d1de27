import Contracts
import Foundation
import Journal
import Postgres
import Servers
import TestSupport
import Testing

/// `millrace tail --since`, on a database whose journal the tests write themselves: nobody else records.
@Suite("millrace tail --since", .timeLimit(.minutes(5)), .enabled(if: ServersAvailability.postgres != nil)) struct JournalTailTests {
    /// A database with a journal.
    private struct Book {
        let url: String
        let client: PostgresClient

        static func with(_ body: (Book) async throws -> Void) async throws {
            var configuration = try await TestPostgres.database("tail")
            let url = try PostgresConfiguration.url(try await TestPostgres.url(), database: configuration.database)
            configuration.setSchema("journal")
            let client = PostgresClient(configuration: configuration, logger: Fixture.logger)
            try await client.execute("CREATE SCHEMA journal")
            try await Migrator(
                client: client, schema: "journal", historyTable: JournalSchema.historyTable, migrations: JournalSchema.migrations
            ).migrate()
            do {
                try await body(Book(url: url, client: client))
                await client.close()
            } catch {
                await client.close()
                throw error
            }
        }

        /// Records an event so many seconds ago.
        func record(
            _ position: Int, _ topic: String = "commerce.orders", _ type: String = "order.confirmed", subject: String? = nil,
            cents: Int = 0,
            ago: Double = 0
        ) async throws {
            let envelope = Envelope(
                source: "/tests", type: type, subject: subject, time: Date(timeIntervalSince1970: 1_000), partitionKey: "k",
                sequence: Int64(position), data: Array(#"{"totalCents":\#(cents),"n":\#(position)}"#.utf8))
            try await client.execute(
                """
                INSERT INTO entries (position, event_id, topic, type, source, event_time, recorded_at, body)
                VALUES (\(Int64(position)), \(envelope.id), \(topic), \(type), '/tests', \(envelope.time),
                        now() - \(ago)::float8 * interval '1 second', \(envelope.encoded()))
                """)
        }

        func tail(_ arguments: String...) throws -> RunningCommand {
            try RunningCommand(["tail"] + arguments, environment: ["DATABASE_URL": url])
        }
    }

    /// The numbers of the events that were printed.
    private func numbers(_ command: RunningCommand) throws -> [Int] {
        try command.lines.map { line in
            guard case .number(let number)? = try JSONValue.parse(Array(line.utf8))["data"]?["n"] else { return -1 }
            return number.int ?? -1
        }
    }

    /// Fails when reading does not go on at the end.
    @Test("what was recorded since, then what follows, in the order of the journal, each once")
    func pastAndPresent() async throws {
        try await Book.with { book in
            for position in 1...450 {
                try await book.record(
                    position, position % 2 == 0 ? "commerce.payments" : "commerce.orders", ago: 90_000 - 100 * Double(position))
            }
            // The journal of another database of this server. Fails when it passes for this one's (JournalTail.warnIfNobodyRecords).
            var configuration = try await TestPostgres.database("other")
            configuration.applicationName = "millrace/journal"
            let other = try await PostgresConnection.connect(configuration, logger: Fixture.logger)
            // So long ago was entry 60; a moment later it is the next.
            let command = try book.tail("commerce.orders", "commerce.payments", "--since", "1400m")
            #expect(await command.printed(390), "\(command.words)")
            for position in 451...460 { try await book.record(position) }
            #expect(await command.printed(400))
            for position in 461...470 { try await book.record(position, "commerce.payments") }
            #expect(await command.printed(410))
            #expect(await command.end(SIGINT) == .exited(0))
            #expect(try numbers(command) == Array(61...470))
            #expect(command.words.contains("the worker `journal` is not connected"))
            #expect(command.words.components(separatedBy: "not connected").count == 2)
            await other.close()
        }
    }

    @Test("filters, forms and --count are those of tail")
    func filters() async throws {
        try await Book.with { book in
            try await book.record(1, cents: 100, ago: 6_000)
            try await book.record(2, "commerce.orders", "order.rejected", ago: 5_000)
            try await book.record(3, subject: "special", cents: 200, ago: 4_000)
            try await book.record(4, "supply.inventory", "product.added", ago: 3_000)
            try await book.record(5, "nobody.knows", "thing.done", ago: 2_000)
            func read(_ arguments: String...) async throws -> [Int] {
                let command = try RunningCommand(["tail"] + arguments, environment: ["DATABASE_URL": book.url])
                #expect(await command.end() == .exited(0), "\(command.words)")
                return try numbers(command)
            }
            #expect(try await read("commerce.orders", "--since", "2h", "--count", "2") == [1, 2])
            #expect(try await read("commerce.orders", "--since", "2h", "--type", "*.rejected", "--count", "1") == [2])
            #expect(try await read("commerce.orders", "--since", "2h", "--type", "order.*", "--count", "3") == [1, 2, 3])
            #expect(try await read("commerce.orders", "--since", "2h", "--subject", "special", "--count", "1") == [3])
            #expect(try await read("#", "--since", "2h", "--where", "data.totalCents > 150", "--count", "1") == [3])
            #expect(try await read("#", "nobody.knows", "--since", "2h", "--count", "5") == [1, 2, 3, 4, 5])
            #expect(try await read("#", "--since", "75m", "--count", "2") == [3, 4])
            let time = RFC3339.string(from: Date(timeIntervalSinceNow: -3_500))
            #expect(try await read("#", "nobody.knows", "--since", time, "--count", "2") == [4, 5])
            let format = try book.tail("commerce.*", "--since", "2h", "--format", "%o %t %n", "--count", "1")
            #expect(await format.end() == .exited(0))
            #expect(format.lines == ["commerce.orders order.confirmed 1"])
        }
    }

    /// Fails when a failure of the connection ends it (the inner `catch` in JournalTail).
    @Test("after a lost connection it goes on where it was, and says that it was away")
    func reconnects() async throws {
        try await Book.with { book in
            for position in 1...3 { try await book.record(position, ago: 10) }
            let command = try book.tail("commerce.orders", "--since", "1h")
            #expect(await command.printed(3))
            for position in 4...8 {
                try await book.client.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace' AND datname = current_database()"
                )
                try await book.record(position)
            }
            #expect(await command.printed(8))
            let lost = "the connection to the database is lost"
            func losses() -> Int { command.words.components(separatedBy: lost).count - 1 }
            let before = losses()
            // Now the database lets nobody in for a while.
            let admin = PostgresClient(configuration: try PostgresConfiguration(url: try await TestPostgres.url()), logger: Fixture.logger)
            let name = try PostgresConfiguration(url: book.url).database
            try await admin.execute("ALTER DATABASE \(identifier: name) ALLOW_CONNECTIONS false")
            try await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace' AND datname = \(name)")
            #expect(await Fixture.eventually { losses() > before })
            try await admin.execute("ALTER DATABASE \(identifier: name) ALLOW_CONNECTIONS true")
            await admin.close()
            for position in 9...12 { try await book.record(position) }
            #expect(await command.printed(12))
            #expect(command.words.contains("connected again"))
            #expect(await command.end(SIGTERM) == .exited(0), "\(command.words)")
            #expect(try numbers(command) == Array(1...12))
        }
    }

    @Test("without a journal it says who records one and how to start it")
    func noJournal() async throws {
        let database = try await TestPostgres.database("none")
        let url = try PostgresConfiguration.url(try await TestPostgres.url(), database: database.database)
        let result = try await Fixture.run("tail", "commerce.orders", "--since", "1h", environment: ["DATABASE_URL": url])
        #expect(result.status == .exited(1) && result.standardOutput.isEmpty)
        for words in ["there is no journal", "journal.entries", "the worker `journal`", "millrace up"] {
            #expect(result.standardError.contains(words), "\(result.standardError)")
        }
    }

    @Test("a topic that neither the contracts nor the journal know, and a database that is not there, are failures")
    func unknown() async throws {
        try await Book.with { book in
            let result = try await Fixture.run("tail", "no.such.topic", "--since", "1h", environment: ["DATABASE_URL": book.url])
            #expect(result.status == .exited(1) && result.standardError.contains("no.such.topic"), "\(result)")
        }
        let gone = try await Fixture.run(
            "tail", "commerce.orders", "--since", "1h", environment: ["DATABASE_URL": "postgres://somebody:topsecret@127.0.0.1:1/none"])
        #expect(gone.status == .exited(1) && !gone.standardError.contains("topsecret"), "\(gone)")
    }

    @Test(
        "wrong usage is told with an example",
        arguments: [
            (["commerce.orders", "--since", "1w"], "2d"), (["commerce.orders", "--since", "yesterday"], "2026-11-21T10:00:00Z"),
            (["commerce.orders", "--since", "2026-11-21"], "2026-11-21T10:00:00Z"),
            (["commerce.orders", "--since", "9999-01-01T00:00:00Z"], "future"),
            (["commands", "--since", "1h"], "commands are not recorded"), (["commerce.orders", "--since", "1h"], "no database"),
            (["commerce.orders", "--since", "1h", "--where", "data.a >"], "^"), (["*", "--since", "1h"], "no topic is like *"),
        ])
    func usage(_ arguments: [String], _ words: String) async throws {
        try await Fixture.withFolder { folder in
            let result = try await ChildProcess.run(
                .init(
                    executable: Fixture.millrace, arguments: ["tail"] + arguments + ["--data", folder],
                    environment: Fixture.environment([:]),
                    workingDirectory: Fixture.project))
            #expect(result.status == .exited(64) && result.standardError.contains(words), "\(result)")
        }
    }

    /// From the publishing command to the reading one, through the broker, the worker and the database that `millrace up` runs.
    @Test("what is published to any topic is recorded by the worker, and read")
    func whole() async throws {
        try await Fixture.withFolder { folder in
            let data = folder + "/data"
            let up = try RunningCommand(["up", "--data", data, "--only", "journal,payments", "--log", "warning"], environment: [:])
            #expect(await up.printed(3, within: .seconds(120)), "\(up.words)")
            func publish(_ topic: String, _ type: String, _ json: String) async throws {
                let result = try await Fixture.run("publish", topic, type, "--data", json, "--folder", data)
                #expect(result.status == .exited(0), "\(result)")
            }
            let order = "0198c2a4-7d5e-7a51-9c0e-000000000001"
            try await publish("commerce.orders", "order.confirmed", #"{"orderId":"\#(order)","totalCents":1}"#)
            // The worker's answer to a command.
            try await publish("commands", "payment.authorize", #"{"paymentId":"\#(order)","orderId":"\#(order)","amountCents":500}"#)
            let command = try RunningCommand(["tail", "#", "--since", "1h", "--data", data, "--format", "%o %t"], environment: [:])
            #expect(await command.printed(2), "\(command.words)")
            try await publish("logistics.shipments", "shipment.cancelled", #"{"orderId":"\#(order)"}"#)
            #expect(await command.printed(3))
            #expect(await command.end(SIGINT) == .exited(0))
            #expect(
                Set(command.lines) == [
                    "commerce.orders order.confirmed", "commerce.payments payment.authorized", "logistics.shipments shipment.cancelled",
                ])
            #expect(!command.words.contains("not connected"), "\(command.words)")
            #expect(await up.end(SIGINT, within: .seconds(60)) == .exited(0), "\(up.words)")
        }
    }
}
