public import Contracts
import Locking
public import Messaging
public import Postgres

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Loads and saves aggregates of one kind.
///
/// ```swift
/// var order = try await orders.load(command.orderID, in: context)
/// try order.confirm()
/// for saved in try await orders.save(&order, in: context) {
///     try context.publish(saved.change.event, id: saved.id)
/// }
/// ```
public struct AggregateRepository<Root: Aggregate>: Sendable {
    let upcasters: Upcasters
    private let casesByKey: [Upcasters.Key: EventCase<Root.Change>]
    /// Aggregates as they were committed lately, by stream; see ``load(_:isNew:in:)``.
    private let recent = RecentValues<String, Root>()

    /// An event that was just saved.
    public struct Saved: Sendable {
        /// Its id in the store; publish it under the same one.
        public var id: UUID
        /// Its place in the stream.
        public var version: Int
        /// What happened.
        public var change: Root.Change
    }

    /// Makes a repository; a constant of the worker is the place for it. It keeps the thousand aggregates that messages were about
    /// lately, or some more.
    /// - Parameter upcasters: the ways from older versions of the aggregate's events.
    public init(_ type: Root.Type = Root.self, upcasters: Upcasters = Upcasters()) {
        self.upcasters = upcasters
        casesByKey = Dictionary(
            Root.Change.cases.map { (Upcasters.Key(type: $0.type, version: $0.version), $0) }, uniquingKeysWith: { $1 })
    }

    // MARK: Loading

    /// The aggregate of an id: its snapshot and the events after it, in one round trip. One that has no events yet
    /// comes back in its first state.
    public func load(_ id: UUID, in db: some PostgresExecutor) async throws -> Root {
        try await load(stream: Root.stream(id), in: db)
    }

    /// The aggregate of an id; see ``load(_:in:)-(UUID,_)``.
    public func load(_ id: String, in db: some PostgresExecutor) async throws -> Root {
        try await load(stream: Root.stream(id), in: db)
    }

    /// The aggregate of an id, while a message is handled.
    ///
    /// Where the handler may assume (`MessageContext.mayAssume`), an aggregate that this process has lately saved or loaded while it
    /// handled a message comes from memory, and one that is said to be new comes in its first state, without a round trip. Should
    /// someone else have changed it, nothing of this run happens, and the handler is run again from its beginning.
    ///
    /// - Parameter isNew: whether it is nearly always the first message about this aggregate.
    public func load(_ id: UUID, isNew: Bool = false, in context: MessageContext) async throws -> Root {
        let stream = Root.stream(id)
        if context.mayAssume, let root = recent[stream] ?? (isNew ? fresh(stream) : nil) {
            EventStore.expect(root.history.version, of: stream, in: context)
            return root
        }
        let root = try await load(stream: stream, in: context.db)
        if root.exists { remember(root, after: context) }
        return root
    }

    /// What is in memory is what was committed: another message of the same transaction may have read what is not yet.
    private func remember(_ root: Root, after context: MessageContext) {
        guard let stream = root.history.stream else { return }
        context.afterCommit { [recent] in recent[stream] = root }
    }

    /// Many aggregates in one round trip, in the order of the ids.
    public func load(_ ids: [UUID], in db: some PostgresExecutor) async throws -> [Root] {
        let streams = ids.map { Root.stream($0) }
        let found = try await load(streams: streams, in: db)
        return streams.map { found[$0] ?? fresh($0) }
    }

    /// The aggregate from its events alone, without a snapshot: for checking that the state is what they say.
    public func replay(_ id: UUID, in db: some PostgresExecutor) async throws -> Root {
        let stream = Root.stream(id)
        return try fold(try await EventStore.load(stream, in: db), into: fresh(stream))
    }

    /// Makes an aggregate of stored events, for instance of those of ``EventStore/load(_:in:)``.
    public func replay(_ events: [StoredEvent], stream: String) throws -> Root { try fold(events, into: fresh(stream)) }

    private func load(stream: String, in db: some PostgresExecutor) async throws -> Root {
        guard Root.snapshotInterval > 0 else {
            return try fold(try await EventStore.load(stream, in: db), into: fresh(stream))
        }
        return try await load(streams: [stream], in: db)[stream] ?? fresh(stream)
    }

    private func load(streams: [String], in db: some PostgresExecutor) async throws -> [String: Root] {
        let (events, snapshots) =
            try await Root.snapshotInterval > 0
            ? EventStore.loadWithSnapshots(streams, stateVersion: Root.stateVersion, in: db)
            : (EventStore.load(streams, in: db), [:])
        var roots = try snapshots.mapValues { try restore($0) }
        for (stream, events) in events { roots[stream] = try fold(events, into: roots[stream] ?? fresh(stream)) }
        return roots
    }

    private func fresh(_ stream: String) -> Root {
        var root = Root()
        root.history.stream = stream
        return root
    }

    private func restore(_ snapshot: StoredSnapshot) throws -> Root {
        do {
            var root = try ContractJSON.decode(Root.self, from: snapshot.state)
            root.history.stream = snapshot.stream
            root.history.version = snapshot.version
            root.history.snapshotVersion = snapshot.version
            return root
        } catch {
            throw EventStoreError(
                .decoding, "the snapshot of \(snapshot.stream) does not fit \(Root.self); count its stateVersion up",
                underlying: error)
        }
    }

    private func fold(_ events: [StoredEvent], into root: Root) throws -> Root {
        var root = root
        for event in events {
            guard event.version == root.history.version + 1 else {
                throw EventStoreError(
                    .decoding, "\(event.stream) has event \(event.version) after \(root.history.version)")
            }
            root.apply(try change(event))
            root.history.version = event.version
        }
        return root
    }

    /// What a stored event says today.
    public func change(_ event: StoredEvent) throws -> Root.Change {
        let (key, data) = try upcasters.upcast(event) { casesByKey[$0] != nil }
        guard let eventCase = casesByKey[key] else { throw EventStoreError(.unknownEvent, "\(key) is unknown") }
        do {
            return try eventCase.decode(data)
        } catch {
            throw EventStoreError(
                .decoding, "\(key) at \(event.stream) \(event.version) does not fit", underlying: error)
        }
    }

    // MARK: Saving

    /// Stores what was recorded since the aggregate was loaded. It counts once the transaction commits; if it does
    /// not, load the aggregate again.
    ///
    /// - Parameters:
    ///   - root: comes back with nothing pending and its new version.
    ///   - envelope: the message that is handled, for the metadata.
    /// - Returns: the events that were stored, for publishing.
    /// - Throws: ``EventStoreError`` `.conflict` when someone else has changed the aggregate since it was loaded; the
    ///   aggregate is as it was then. `PostgresError`.
    @discardableResult
    public func save(
        _ root: inout Root, causedBy envelope: Envelope? = nil, in db: PostgresTransaction
    ) async throws -> [Saved] {
        try await save(&root, metadata: envelope.map(EventMetadata.init(causedBy:)) ?? EventMetadata(), in: db)
    }

    /// Stores what was recorded while a message is handled; see ``save(_:causedBy:in:)``.
    ///
    /// In an eager handler it costs no round trip of its own: should someone else have changed the aggregate since it was loaded,
    /// the handler is run again from its beginning.
    @discardableResult
    public func save(_ root: inout Root, in context: MessageContext) async throws -> [Saved] {
        let metadata = EventMetadata(causedBy: context.envelope)
        let saved = try await save(&root, in: context.db) { events, stream, base in
            context.isEager
                ? try EventStore.appendEagerly(events, to: stream, expected: base, metadata: metadata, in: context)
                : try await EventStore.append(events, to: stream, expected: base, metadata: metadata, in: context.db)
        }
        if !saved.isEmpty { remember(root, after: context) }
        return saved
    }

    /// Stores what was recorded; see ``save(_:causedBy:in:)``.
    @discardableResult
    public func save(_ root: inout Root, metadata: EventMetadata, in db: PostgresTransaction) async throws -> [Saved] {
        try await save(&root, in: db) { events, stream, base in
            try await EventStore.append(events, to: stream, expected: base, metadata: metadata, in: db)
        }
    }

    private func save(
        _ root: inout Root, in db: PostgresTransaction, append: ([NewEvent], String, Int) async throws -> Int
    ) async throws -> [Saved] {
        guard let stream = root.history.stream else {
            throw EventStoreError(.usage, "\(Root.self) was not loaded from a repository")
        }
        let pending = root.history.pending
        guard !pending.isEmpty else { return [] }
        let base = root.history.version
        let events = try pending.map { try encode($0) }
        let version = try await append(events, stream, base)
        root.history.pending = []
        root.history.version = version
        if Root.snapshotInterval > 0, version - root.history.snapshotVersion >= Root.snapshotInterval {
            try EventStore.enqueueSnapshot(
                StoredSnapshot(stream: stream, version: version, state: try ContractJSON.encode(root)),
                stateVersion: Root.stateVersion, in: db)
            root.history.snapshotVersion = version
        }
        return zip(events, pending).enumerated().map { offset, pair in
            Saved(id: pair.0.id, version: base + offset + 1, change: pair.1)
        }
    }

    private func encode(_ change: Root.Change) throws -> NewEvent {
        func new<E: Event>(_ event: E) throws -> NewEvent {
            // Stored is only what can be read again.
            guard casesByKey[Upcasters.Key(type: E.type, version: E.version)] != nil else {
                throw EventStoreError(.unknownEvent, "\(E.type) version \(E.version) is not among the cases of \(Root.Change.self)")
            }
            return try NewEvent(event)
        }
        return try new(change.event)
    }

    // MARK: Starting

    /// Makes sure that all stored events can be read: that each version of each type is a current one or has
    /// upcasters to one. Call it when the worker starts, before it handles anything.
    ///
    /// It reads a small table of types. Only a version without a path makes it search the events themselves, so that
    /// one which was never stored does no harm.
    ///
    /// - Throws: ``EventStoreError`` `.missingUpcaster`, naming all of them.
    public func prepare(in db: some PostgresExecutor) async throws {
        let current = Set(casesByKey.keys)
        var lost: [Upcasters.Key] = []
        let types = try await db.execute(
            """
            SELECT type, schema_version FROM event_types ORDER BY type, schema_version
            """)
        for row in types {
            let (type, version) = try row.decode(String.self, Int32.self)
            let key = Upcasters.Key(type: type, version: Int(version))
            guard !upcasters.reaches(from: key, current.contains) else { continue }
            let stored = try await db.execute(
                """
                SELECT 1 FROM events WHERE type = \(type) AND schema_version = \(version)
                    AND starts_with(stream, \(Root.stream(""))) LIMIT 1
                """)
            if !stored.isEmpty { lost.append(key) }
        }
        guard lost.isEmpty else {
            let names = lost.map(\.description).joined(separator: ", ")
            throw EventStoreError(
                .missingUpcaster,
                """
                stored events of \(Root.self) have no upcaster: \(names); register one for each where the repository is made: \
                `upcasters: Upcasters().adding("\(lost[0].type)", from: \(lost[0].version)) { data in … }`
                """)
        }
        let keys = current.sorted { ($0.type, $0.version) < ($1.type, $1.version) }
        try await db.execute(
            """
            INSERT INTO event_types (type, schema_version)
            SELECT * FROM unnest(\(keys.map(\.type))::text[], \(keys.map { Int32($0.version) })::int[])
            ON CONFLICT DO NOTHING
            """)
    }
}
