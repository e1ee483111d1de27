public import Contracts
import Messaging

/// What a projection does with each type of event; filled by ``Projection/define(_:)``.
public struct ProjectionEvents: Sendable {
    /// Applies one event.
    typealias Body = @Sendable (Envelope, ProjectionRows) async throws -> Void

    /// The types and topics of the events that are projected, in the order of definition, without duplicates.
    public private(set) var types: [(type: String, topic: String)] = []
    /// The contracts of the events.
    private(set) var catalogs: [MessageCatalog] = []
    private(set) var bodies: [String: [Body]] = [:]

    init() {}

    /// Says what an event writes. Several bodies of one type run in the order of definition.
    ///
    /// - Parameters:
    ///   - type: the event.
    ///   - body: writes; throwing undoes it all and tries the event again later.
    public mutating func on<E: Event>(
        _ type: E.Type, _ body: @escaping @Sendable (E, ProjectionRows) async throws -> Void
    ) {
        if bodies[E.type] == nil {
            types.append((E.type, E.topic))
            if let catalog = E.catalog { catalogs.append(catalog) }
        }
        bodies[E.type, default: []].append { envelope, rows in
            try await body(try Self.decode(E.self, envelope), rows)
        }
    }

    /// Data that does not fit its type will not fit the next time either.
    private static func decode<E: Event>(_: E.Type, _ envelope: Envelope) throws -> E {
        do { return try envelope.decode(E.self) } catch { throw Permanent(error, file: error.file, line: error.line) }
    }
}
