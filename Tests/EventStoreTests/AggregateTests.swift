import Contracts
import EventStore
import Foundation
import Postgres
import Testing

@Suite("Aggregates")
struct AggregateTests {
    let id = UUID.v7()

    @Test("decides, is saved, and comes back")
    func roundTrip() async throws {
        try await TestStore.with { client in
            let accounts = AggregateRepository(Account.self)
            let cause = Envelope(source: "/s", type: "t", correlationID: .v7())
            let saved = try await client.withTransaction { db in
                var account = try await accounts.load(id, in: db)
                #expect(!account.exists)
                account.open(id, owner: "ann")
                try account.move(id, 500)
                #expect(throws: NotEnough.self) { try account.move(id, -501) }
                #expect(account.exists)
                #expect(account.version == 0)
                let saved = try await accounts.save(&account, causedBy: cause, in: db)
                #expect(account.version == 2)
                #expect(account.history.pending.isEmpty)
                // A second save has nothing to do, and more can happen after it.
                #expect(try await accounts.save(&account, in: db).isEmpty)
                try account.move(id, -100)
                try await accounts.save(&account, in: db)
                return saved
            }
            #expect(saved.map(\.version) == [1, 2])
            #expect(saved.first?.change.event as? Opened == Opened(accountID: id, owner: "ann", currency: "EUR"))
            let account = try await accounts.load(id, in: client)
            #expect(account.owner == "ann")
            #expect(account.cents == 400)
            #expect(account.version == 3)
            let events = try await EventStore.load(Account.stream(id), in: client)
            #expect(events.prefix(2).map(\.id) == saved.map(\.id))
            #expect(events[0].metadata.correlationID == cause.correlationID)
            #expect(events[0].metadata.causationID == cause.id)
            #expect(try accounts.replay(events, stream: Account.stream(id)).cents == 400)
        }
    }

    /// Fails when save does not pass on the version that was loaded.
    @Test("the second of two writers is refused")
    func conflict() async throws {
        try await TestStore.with { client in
            let accounts = AggregateRepository(Account.self)
            var first = try await accounts.load(id, in: client)
            var second = first
            first.open(id, owner: "ann")
            second.open(id, owner: "bob")
            let stored = first
            try await client.withTransaction { db in
                var first = stored
                try await accounts.save(&first, in: db)
            }
            try await client.withTransaction { [second] db in
                var second = second
                let error = await #expect(throws: EventStoreError.self) { try await accounts.save(&second, in: db) }
                #expect(error?.code == .conflict)
                #expect(second.history.pending.count == 1)
                // Loaded again, it decides on what is there.
                var again = try await accounts.load(id, in: db)
                #expect(again.owner == "ann")
                try again.move(id, 1)
                try await accounts.save(&again, in: db)
            }
            #expect(try await accounts.load(id, in: client).cents == 1)
        }
    }

    @Test("what cannot be read again is not stored")
    func forgotten() async throws {
        try await TestStore.with { client in
            let accounts = AggregateRepository(Account.self)
            try await client.withTransaction { db in
                var account = try await accounts.load(id, in: db)
                account.record(.forgotten(Forgotten()))
                let error = await #expect(throws: EventStoreError.self) { try await accounts.save(&account, in: db) }
                #expect(error?.code == .unknownEvent)
                var homeless = Account()
                homeless.open(id, owner: "x")
                let usage = await #expect(throws: EventStoreError.self) { try await accounts.save(&homeless, in: db) }
                #expect(usage?.code == .usage)
            }
        }
    }

    @Test("many at once, in the order of the ids")
    func many() async throws {
        try await TestStore.with { client in
            let accounts = AggregateRepository(Account.self)
            let ids = (0..<5).map { _ in UUID.v7() }
            try await client.withTransaction { db in
                for (index, id) in ids.enumerated() where index != 2 {
                    var account = try await accounts.load(id, in: db)
                    account.open(id, owner: "\(index)")
                    try await accounts.save(&account, in: db)
                }
            }
            let loaded = try await accounts.load(ids.reversed(), in: client)
            #expect(loaded.map(\.owner) == ["4", "3", "", "1", "0"])
            #expect(loaded.map(\.exists) == [true, true, false, true, true])
        }
    }

    // MARK: Snapshots

    static func fill<Root: AccountState>(
        _ accounts: AggregateRepository<Root>, _ id: UUID, moves: Int, _ client: PostgresClient
    ) async throws {
        for _ in 0..<moves {
            try await client.withTransaction { db in
                var account = try await accounts.load(id, in: db)
                if !account.exists { account.open(id, owner: "ann") }
                try account.move(id, 1)
                try await accounts.save(&account, in: db)
            }
        }
    }

    @Test("a snapshot saves reading, and says the same")
    func snapshots() async throws {
        try await TestStore.with { client in
            let accounts = AggregateRepository(SnapshotAccount.self)
            try await Self.fill(accounts, id, moves: 24, client)
            // 25 events; the first snapshot is taken when 10 are there, the next ten later.
            let version = try await client.queryOne("SELECT version::int8 FROM snapshots", as: Int.self)
            #expect(version == 20)
            let replayed = try await accounts.replay(id, in: client)
            let loaded = try await accounts.load(id, in: client)
            #expect(loaded.cents == 24)
            #expect(loaded.cents == replayed.cents)
            #expect(loaded.version == 25)
            #expect(replayed.version == 25)
            // Proof that the snapshot is read: what lies before it is not needed.
            try await client.execute("DELETE FROM events WHERE version <= 20")
            #expect(try await accounts.load(id, in: client).cents == 24)
            try await Self.fill(accounts, id, moves: 6, client)
            #expect(try await accounts.load(id, in: client).cents == 30)
            #expect(try await client.queryOne("SELECT version::int8 FROM snapshots", as: Int.self) == 30)
            // And that its events are not counted twice.
            let both = try await accounts.load([id, UUID.v7()], in: client)
            #expect(both.map(\.cents) == [30, 0])
        }
    }

    /// Fails when the version of the state is not compared: the old snapshot has no `moves`.
    @Test("a snapshot of another version is not used")
    func stateVersion() async throws {
        try await TestStore.with { client in
            try await Self.fill(AggregateRepository(SnapshotAccount.self), id, moves: 14, client)
            let renewed = AggregateRepository(RenewedAccount.self)
            #expect(try await renewed.load(id, in: client).moves == 14)
            try await Self.fill(renewed, id, moves: 1, client)
            #expect(try await client.queryOne("SELECT state_version::int8 FROM snapshots", as: Int.self) == 2)
            #expect(try await renewed.load(id, in: client).moves == 15)
        }
    }

    // MARK: Upcasters

    static let upcasters = Upcasters()
        .adding("account.started", from: 1, to: "account.opened") { $0.rename("name", to: "owner") }
        .adding("account.opened", from: 2) { $0["currency"] = "DEM" }

    func storeOld(_ client: PostgresClient) async throws {
        let old = #"{"accountID":"\#(id)","name":"ann"}"#
        try await client.withTransaction { db in
            try await EventStore.append(
                [event(old, type: "account.started", version: 1)], to: Account.stream(id), expected: 0, in: db)
            try await db.execute("INSERT INTO event_types VALUES ('account.started', 1)")
        }
    }

    @Test("old versions are read as new ones")
    func upcast() async throws {
        try await TestStore.with { client in
            try await storeOld(client)
            let accounts = AggregateRepository(Account.self, upcasters: Self.upcasters)
            try await accounts.prepare(in: client)
            #expect(try await accounts.load(id, in: client).owner == "ann")
            let stored = try await EventStore.load(Account.stream(id), in: client)
            guard case .opened(let opened) = try accounts.change(stored[0]) else { return #expect(Bool(false)) }
            #expect(opened.currency == "DEM")
            // What is stored stays as it is.
            #expect(stored[0].type == "account.started")
        }
    }

    /// Fails when `prepare` does not follow the steps to their end.
    @Test(
        "a missing upcaster is found at the start",
        arguments: [
            Upcasters(),
            Upcasters().adding("account.started", from: 1, to: "account.opened"),
            Upcasters().adding("account.started", from: 1, to: "account.started", version: 1),
            Upcasters().adding("account.started", from: 1).adding("account.started", from: 2, to: "account.started", version: 1),
        ])
    func missing(_ upcasters: Upcasters) async throws {
        try await TestStore.with { client in
            try await storeOld(client)
            let accounts = AggregateRepository(Account.self, upcasters: upcasters)
            let start = await #expect(throws: EventStoreError.self) { try await accounts.prepare(in: client) }
            #expect(start?.code == .missingUpcaster)
            #expect(start?.message.contains("account.started version 1") == true)
            let read = await #expect(throws: EventStoreError.self) { try await accounts.load(id, in: client) }
            #expect(read?.code == .missingUpcaster)
        }
    }

    @Test("a version that was never stored needs no upcaster")
    func neverStored() async throws {
        try await TestStore.with { client in
            try await client.execute("INSERT INTO event_types VALUES ('account.opened', 1), ('other.thing', 1)")
            _ = try await client.withTransaction { db in
                // Of another aggregate in the same schema.
                try await EventStore.append([event("{}", type: "other.thing")], to: "other-1", expected: 0, in: db)
            }
            let accounts = AggregateRepository(Account.self)
            try await accounts.prepare(in: client)
            try await accounts.prepare(in: client)
            #expect(try await client.queryOne("SELECT count(*)::int8 FROM event_types", as: Int.self) == 4)
        }
    }

    @Test("a stored version is known at the next start")
    func remembered() async throws {
        try await TestStore.with { client in
            let accounts = AggregateRepository(Account.self)
            try await accounts.prepare(in: client)
            try await Self.fill(accounts, id, moves: 1, client)
            // The next release has counted a version up and forgotten the upcaster.
            let error = await #expect(throws: EventStoreError.self) {
                try await AggregateRepository(NextAccount.self).prepare(in: client)
            }
            #expect(error?.message.contains("account.moved version 1") == true)
        }
    }

    @Test("upcasters that throw, and events that do not fit, say so")
    func failing() async throws {
        try await TestStore.with { client in
            struct Bad: Error {}
            try await storeOld(client)
            let throwing = AggregateRepository(
                Account.self,
                upcasters: Upcasters().adding("account.started", from: 1, to: "account.opened", version: 3) { _ in throw Bad() })
            let thrown = await #expect(throws: EventStoreError.self) { try await throwing.load(id, in: client) }
            #expect(thrown?.code == .upcasting)
            let lazy = AggregateRepository(
                Account.self,
                upcasters: Upcasters().adding("account.started", from: 1, to: "account.opened", version: 3))
            let misfit = await #expect(throws: EventStoreError.self) { try await lazy.load(id, in: client) }
            #expect(misfit?.code == .decoding)
        }
    }

    @Test("a gap in a stream is not read over")
    func gap() async throws {
        try await TestStore.with { client in
            let accounts = AggregateRepository(Account.self)
            try await Self.fill(accounts, id, moves: 3, client)
            try await client.execute("DELETE FROM events WHERE version = 2")
            let error = await #expect(throws: EventStoreError.self) { try await accounts.load(id, in: client) }
            #expect(error?.code == .decoding)
        }
    }
}

struct NextMoved: Event {
    static let type = "account.moved"
    static let topic = "test.accounts"
    static let version = 2
    var partitionKey: String { "x" }
}

enum NextEvent: AggregateEvent {
    case opened(Opened)
    case moved(NextMoved)

    static let cases: [EventCase<NextEvent>] = [EventCase(opened), EventCase(moved)]

    var event: any Event {
        switch self {
        case .opened(let event): event
        case .moved(let event): event
        }
    }
}

struct NextAccount: Aggregate {
    static let category = "account"
    var history = History<NextEvent>()
    mutating func apply(_ event: NextEvent) {}
}
