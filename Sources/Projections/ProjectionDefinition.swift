public import Contracts
public import Postgres

/// A projection as a value: its name, its version and what it does with an event.
///
/// A worker feeds it from its queue, see ``Messaging/MessageHandlers/project(_:)``. A rebuild feeds it from the journal:
/// ``apply(_:in:)`` needs nothing but an envelope and a transaction, so the rows of a new version can be made in another
/// schema (by the connection's search path) beside those that are live, followed by ``checkpoint(after:)``, which keeps the
/// two versions apart.
public struct ProjectionDefinition: Sendable {
    /// The name of the projection.
    public let name: String
    /// The version of its rows.
    public let version: Int
    /// The types and topics of its events, in the order of definition.
    public var types: [(type: String, topic: String)] { events.types }

    /// The contracts of its events.
    var catalogs: [MessageCatalog] { events.catalogs }

    private let events: ProjectionEvents

    /// The definition of a projection type.
    public init<P: Projection>(_ projection: P.Type) {
        name = P.name
        version = P.version
        var events = ProjectionEvents()
        P.define(&events)
        self.events = events
    }

    /// Applies one event. An event of a type that the projection does not know does nothing.
    ///
    /// - Throws: `Permanent` when the data does not fit the event's type; what the projection throws.
    public func apply(_ envelope: Envelope, in transaction: PostgresTransaction) async throws {
        guard let bodies = events.bodies[envelope.type] else { return }
        let rows = ProjectionRows(envelope: envelope, transaction: transaction)
        for body in bodies { try await body(envelope, rows) }
    }

    /// The statement that remembers an event as the last one applied of its source. It never moves backwards: an event that
    /// was parked and is applied late leaves the checkpoint where it is.
    public func checkpoint(after envelope: Envelope) -> SQL {
        """
        INSERT INTO projections AS p (name, version, source, sequence, event_id, event_time)
        VALUES (\(name), \(Int32(clamping: version)), \(envelope.source), \(envelope.sequence), \(envelope.id), \(envelope.time))
        ON CONFLICT (name, version, source) DO UPDATE
        SET sequence = excluded.sequence, event_id = excluded.event_id, event_time = excluded.event_time, updated_at = now()
        WHERE (coalesce(excluded.sequence, 0), excluded.event_time) > (coalesce(p.sequence, 0), p.event_time)
        """
    }
}
