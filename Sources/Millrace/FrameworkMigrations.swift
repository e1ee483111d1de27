import EventStore
import Journal
import Messaging
import Postgres
import Projections
import Sagas

/// The tables that a part of the framework keeps in a worker's schema, with a history of their own, apart from that of the
/// worker's own migrations.
struct FrameworkMigrations: Sendable {
    let historyTable: String
    let migrations: [Migration]

    static let messaging = FrameworkMigrations(
        historyTable: MessagingSchema.historyTable, migrations: MessagingSchema.migrations)
    static let eventStore = FrameworkMigrations(
        historyTable: EventStoreSchema.historyTable, migrations: EventStoreSchema.migrations)
    static let projections = FrameworkMigrations(
        historyTable: ProjectionSchema.historyTable, migrations: ProjectionSchema.migrations)
    static let journal = FrameworkMigrations(historyTable: JournalSchema.historyTable, migrations: JournalSchema.migrations)
    static let sagas = FrameworkMigrations(historyTable: SagaSchema.historyTable, migrations: SagaSchema.migrations)

    /// The history of the worker's own migrations, as Flyway keeps it.
    static let ownHistoryTable = "flyway_schema_history"
}
