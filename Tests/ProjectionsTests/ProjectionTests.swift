import Contracts
import Logging
import Messaging
import Postgres
import Projections
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An event of these tests: `amount` is added to the balance of `account`.
private struct Booked: Event {
    static let type = "account.booked"
    static let topic = "test.accounts"
    var account: String
    var amount: Int
    var partitionKey: String { account }
}

private struct Closed: Event {
    static let type = "account.closed"
    static let topic = "test.accounts"
    var account: String
    var partitionKey: String { account }
}

private struct Balance: Table, Equatable {
    var account: String
    var amount: Int

    static let table = "balance"
    static let columns: Columns<Self> = [.init(\.account, "account"), .init(\.amount, "amount")]
}

private struct BalanceView: Projection {
    static func define(_ events: inout ProjectionEvents) {
        events.on(Booked.self) { booked, rows in
            rows.write(rows.upsert(Balance(account: booked.account, amount: booked.amount), on: \.account).adding(\.amount))
        }
        events.on(Closed.self) { closed, rows in
            guard try await rows.select(Balance.self).where(\.account == closed.account && \.amount == 0).exists() else {
                throw Permanent("a closed account has money left")
            }
            rows.write(rows.delete(Balance.self).where(\.account == closed.account))
        }
    }
}

private struct NewBalanceView: Projection {
    static let name = BalanceView.name
    static let version = 2
    static func define(_ events: inout ProjectionEvents) { BalanceView.define(&events) }
}

@Suite("Projections", .timeLimit(.minutes(5)))
struct ProjectionTests {
    private let view = ProjectionDefinition(BalanceView.self)

    private func with(_ body: @Sendable (PostgresClient) async throws -> Void) async throws {
        let configuration = try await TestPostgres.schema("projections")
        let client = PostgresClient(configuration: configuration, logger: Logger(label: "test"))
        try await client.executeThenClose { client in
            try await Migrator(
                client: client, historyTable: ProjectionSchema.historyTable, migrations: ProjectionSchema.migrations
            ).migrate()
            try await client.execute("CREATE TABLE balance (account text PRIMARY KEY, amount bigint NOT NULL)")
            try await body(client)
        }
    }

    private func envelope(_ event: some Event, _ sequence: Int64?, source: String = "/workers/bank") throws -> Envelope {
        var envelope = try Envelope(event, source: source, time: Date(timeIntervalSince1970: 1_000 + Double(sequence ?? 0)))
        envelope.sequence = sequence
        return envelope
    }

    private func apply(_ envelope: Envelope, _ definition: ProjectionDefinition, on client: PostgresClient) async throws {
        try await client.withTransaction { transaction in
            try await definition.apply(envelope, in: transaction)
            try await transaction.execute(definition.checkpoint(after: envelope))
        }
    }

    @Test("a name comes from the type")
    func name() {
        #expect(BalanceView.name == "balance-view")
        #expect(view.version == 1)
        #expect(view.types.map(\.type) == ["account.booked", "account.closed"])
        #expect(view.types.map(\.topic) == ["test.accounts", "test.accounts"])
    }

    @Test("a worker's queue is bound to the events of its projections, once each")
    func bindings() {
        var handlers = MessageHandlers()
        handlers.project(BalanceView.self)
        handlers.project(NewBalanceView.self)
        #expect(handlers.bindings.map(\.exchange) == ["test.accounts", "test.accounts"])
        #expect(handlers.bindings.map(\.routingKey) == ["account.booked", "account.closed"])
    }

    @Test("events become rows, and the checkpoint follows")
    func apply() async throws {
        try await with { (client) async throws in
            try await apply(envelope(Booked(account: "a", amount: 3), 1), view, on: client)
            try await apply(envelope(Booked(account: "a", amount: 4), 2), view, on: client)
            try await apply(envelope(Booked(account: "b", amount: 1), 7, source: "/workers/other"), view, on: client)
            let rows = try await client.select(Balance.self).order(by: \.account).all()
            #expect(rows == [Balance(account: "a", amount: 7), Balance(account: "b", amount: 1)])
            let checkpoints = try await ProjectionCheckpoint.all(on: client)
            #expect(checkpoints.map(\.source) == ["/workers/bank", "/workers/other"])
            #expect(checkpoints.map(\.sequence) == [2, 7])
            #expect(checkpoints.map(\.eventTime) == [1_002, 1_007].map(Date.init(timeIntervalSince1970:)))
        }
    }

    /// Fails when the checkpoint is written without its condition.
    @Test("an event that comes late leaves the checkpoint where it is")
    func late() async throws {
        try await with { (client) async throws in
            try await apply(envelope(Booked(account: "a", amount: 3), 5), view, on: client)
            try await apply(envelope(Booked(account: "b", amount: 4), 4), view, on: client)
            #expect(try await ProjectionCheckpoint.all(on: client).map(\.sequence) == [5])
            #expect(try await client.select(Balance.self).count() == 2)
        }
    }

    @Test("events without numbers are ordered by their time")
    func unnumbered() async throws {
        try await with { (client) async throws in
            var event = try envelope(Booked(account: "a", amount: 3), nil)
            try await apply(event, view, on: client)
            event.time += 10
            try await apply(event, view, on: client)
            #expect(try await ProjectionCheckpoint.all(on: client).map(\.eventTime) == [event.time])
        }
    }

    /// Fails when rows and checkpoint do not share a transaction.
    @Test("what throws leaves neither rows nor a checkpoint")
    func failure() async throws {
        try await with { (client) async throws in
            try await apply(envelope(Booked(account: "a", amount: 3), 1), view, on: client)
            await #expect(throws: Permanent.self) {
                try await apply(envelope(Closed(account: "a"), 2), view, on: client)
            }
            #expect(try await ProjectionCheckpoint.all(on: client).map(\.sequence) == [1])
            try await apply(envelope(Booked(account: "a", amount: -3), 3), view, on: client)
            try await apply(envelope(Closed(account: "a"), 4), view, on: client)
            #expect(try await client.select(Balance.self).count() == 0)
        }
    }

    @Test("data that does not fit its type is a permanent failure, an unknown type is no concern")
    func misfits() async throws {
        try await with { (client) async throws in
            var broken = try envelope(Booked(account: "a", amount: 3), 1)
            broken.data = Array(#"{"account": 7}"#.utf8)
            await #expect(throws: Permanent.self) { try await apply(broken, view, on: client) }
            var foreign = broken
            foreign.type = "account.opened"
            try await apply(foreign, view, on: client)
            #expect(try await client.select(Balance.self).count() == 0)
        }
    }

    @Test("two versions of a projection keep checkpoints of their own")
    func versions() async throws {
        try await with { (client) async throws in
            let new = ProjectionDefinition(NewBalanceView.self)
            try await apply(envelope(Booked(account: "a", amount: 3), 9), view, on: client)
            try await apply(envelope(Booked(account: "a", amount: 3), 1), new, on: client)
            let checkpoints = try await ProjectionCheckpoint.all(of: "balance-view", on: client)
            #expect(checkpoints.map(\.version) == [1, 2])
            #expect(checkpoints.map(\.sequence) == [9, 1])
        }
    }
}
