import Contracts
import EventStore
import Foundation
import Logging
import Postgres
import TestSupport

/// A schema of its own with the tables of the event store.
struct TestStore {
    let client: PostgresClient

    static func with<R>(_ body: (PostgresClient) async throws -> R) async throws -> R {
        let configuration = try await TestPostgres.schema("events")
        let client = PostgresClient(configuration: configuration, logger: Logger(label: "test.events"))
        return try await client.executeThenClose { client in
            try await Migrator(
                client: client, historyTable: EventStoreSchema.historyTable, migrations: EventStoreSchema.migrations
            ).migrate()
            return try await body(client)
        }
    }
}

/// Opens once: whoever waits goes on from then.
actor Gate {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func open() {
        isOpen = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    func wait() async {
        if isOpen { return }
        await withCheckedContinuation { waiting.append($0) }
    }
}

func event(_ text: String, type: String = "thing.happened", version: Int = 1) -> NewEvent {
    NewEvent(type: type, schemaVersion: version, data: Array(text.utf8))
}
