public import Contracts

/// The handlers of a worker: which messages it takes and what it does with them.
///
/// The bindings of the worker's queue follow from it. Several handlers of one type run in the order of registration,
/// in one transaction.
public struct MessageHandlers: Sendable {
    /// What runs for a message.
    typealias Body = @Sendable (Envelope, MessageContext) async throws -> Void
    /// What runs for a timer.
    typealias TimerBody = @Sendable (FiredTimer, MessageContext) async throws -> Void

    struct Route: Sendable {
        let name: String
        let isEager: Bool
        /// The version that the body decodes; nil when it takes the newest.
        var version: Int?
        let body: Body
    }

    private(set) var routes: [String: [Route]] = [:]
    private(set) var catchAll: [String: [Route]] = [:]
    /// The topics of types, for messages that came past their topic.
    private var topicsOfTypes: [String: String] = [:]
    private(set) var timers: [String: TimerBody] = [:]
    /// The contracts that are known: those of the handled types, and those that were named.
    private(set) var catalogs: [MessageCatalog] = []
    private var namesOfCatalogs: Set<String> = []
    /// The ways from older versions of messages.
    public private(set) var upcasters = Upcasters()

    /// What the worker's queue must be bound to, in the order of registration, without duplicates.
    public private(set) var bindings: [(exchange: String, routingKey: String)] = []

    /// Makes an empty set.
    public init() {}

    /// Handles an event of the topic that owns it.
    ///
    /// - Parameters:
    ///   - name: how failures name the handler; the message's type when nil.
    ///   - eagerly: see ``on(rawType:topic:name:eagerly:_:)``.
    public mutating func on<E: Event>(
        _ type: E.Type, name: String? = nil, eagerly: Bool = false, _ body: @escaping @Sendable (E, MessageContext) async throws -> Void
    ) {
        add(E.self, topic: E.topic, name: name, eagerly: eagerly) { envelope, context in
            try await body(try Self.decode(E.self, envelope), context)
        }
    }

    /// Handles a command.
    ///
    /// - Parameters:
    ///   - name: how failures name the handler; the message's type when nil.
    ///   - eagerly: see ``on(rawType:topic:name:eagerly:_:)``.
    public mutating func on<C: Command>(
        _ type: C.Type, name: String? = nil, eagerly: Bool = false, _ body: @escaping @Sendable (C, MessageContext) async throws -> Void
    ) {
        add(C.self, topic: WellKnown.commandsExchange, name: name, eagerly: eagerly) { envelope, context in
            try await body(try Self.decode(C.self, envelope), context)
        }
    }

    /// Handles a message that is known to be an event or a command only at run time: see the other two.
    public mutating func on<M: Message>(
        _ type: M.Type, name: String? = nil, eagerly: Bool = false, _ body: @escaping @Sendable (M, MessageContext) async throws -> Void
    ) {
        let topic = (type as? any Event.Type)?.topic ?? WellKnown.commandsExchange
        add(M.self, topic: topic, name: name, eagerly: eagerly) { envelope, context in
            try await body(try Self.decode(M.self, envelope), context)
        }
    }

    /// Handles a type without decoding its data. When its contract is known, the data has been checked and is of the newest
    /// version.
    ///
    /// - Parameters:
    ///   - rawType: the message's type, which is the routing key.
    ///   - topic: the topic, or ``WellKnown/commandsExchange``.
    ///   - name: how failures name the handler; the type when nil.
    ///   - eagerly: run it before it is known whether the message is new, and roll it back if it is not; that saves a round
    ///     trip to the database. Only for a handler that does nothing but work with its context.
    public mutating func on(
        rawType: String, topic: String, name: String? = nil, eagerly: Bool = false,
        _ body: @escaping @Sendable (Envelope, MessageContext) async throws -> Void
    ) {
        bind(topic, rawType)
        routes[rawType, default: []].append(Route(name: name ?? rawType, isEager: eagerly, version: nil, body: body))
    }

    private mutating func add<M: Message>(
        _: M.Type, topic: String, name: String?, eagerly: Bool, _ body: @escaping Body
    ) {
        if let catalog = M.catalog { knows(catalog) }
        bind(topic, M.type)
        routes[M.type, default: []].append(Route(name: name ?? M.type, isEager: eagerly, version: M.version, body: body))
    }

    // MARK: Contracts

    /// Names contracts. Those of the types that are handled are known without; this is for handlers that take types by name,
    /// and for envelopes that are published as they are.
    public mutating func knows(_ catalog: MessageCatalog) {
        let known = namesOfCatalogs.count
        namesOfCatalogs.formUnion(catalog.schemas.lazy.map(\.identifier))
        if namesOfCatalogs.count > known { catalogs.append(catalog) }
    }

    /// Turns messages of an old version into a newer one before they are handled, in terms of the generated types.
    ///
    ///     handlers.upcast(OrderCreatedV1.self) { old in OrderCreated(orderID: old.orderID, currency: "EUR") }
    public mutating func upcast<Old: Message, New: Message>(
        _ old: Old.Type, _ change: @escaping @Sendable (Old) throws -> New
    ) {
        if let catalog = New.catalog { knows(catalog) }
        upcasters = upcasters.adding(old, change)
    }

    /// Turns messages of an old version into the next one before they are handled.
    ///
    /// - Parameters:
    ///   - type: the type on the wire.
    ///   - version: the old version, from 1.
    ///   - change: changes the data.
    public mutating func upcast(
        _ type: String, from version: Int, _ change: @escaping @Sendable (inout JSONObject) throws -> Void
    ) {
        upcasters = upcasters.adding(type, from: version, change)
    }

    /// Adds upcasters, for instance those that read an event store too.
    public mutating func upcast(_ others: Upcasters) { upcasters = upcasters.adding(others) }

    /// Compiles the contracts, and makes sure that every version of a handled type that its contract lists has a handler, or
    /// upcasters to a version that has. ``Messaging/run()`` begins with it.
    ///
    /// - Throws: `.missingUpcaster` that names type and version and says what to register; `.unusableSchema`.
    public func verifyContracts() throws(ContractViolation) {
        try ContractGate(self, maximumBytes: .max).verify()
    }

    /// Handles everything of a topic without decoding the data: types that have no contract here too, and steps of sagas without
    /// regard to their fences.
    ///
    /// - Parameters:
    ///   - types: types that are known to belong to the topic. By them a message is recognised that was sent to the queue itself
    ///     and not to its topic, as RabbitMQ's shovel sends what it moves.
    ///   - name: how failures name the handler; the topic when nil.
    ///   - eagerly: see ``on(rawType:topic:name:eagerly:_:)``.
    public mutating func onAll(
        topic: String, types: [String] = [], name: String? = nil, eagerly: Bool = false,
        _ body: @escaping @Sendable (Envelope, MessageContext) async throws -> Void
    ) {
        bind(topic, "#")
        for type in types { topicsOfTypes[type] = topic }
        catchAll[topic, default: []].append(Route(name: name ?? topic, isEager: eagerly, version: nil, body: body))
    }

    /// Handles the timers of a kind; see ``MessageContext/schedule(_:id:key:after:payload:)``. A second handler of the
    /// same kind replaces the first.
    public mutating func onTimer(
        _ kind: String, _ body: @escaping @Sendable (FiredTimer, MessageContext) async throws -> Void
    ) {
        timers[kind] = body
    }

    /// The handlers for a message, in order.
    func routes(type: String, exchange: String) -> [Route] {
        if catchAll.isEmpty { return routes[type] ?? [] }
        return (routes[type] ?? []) + (catchAll[topic(of: type, exchange)] ?? [])
    }

    private func topic(of type: String, _ exchange: String) -> String {
        exchange.isEmpty ? topicsOfTypes[type] ?? exchange : exchange
    }

    /// Whether a message may be run before it is known to be new.
    package func isEager(type: String, exchange: String) -> Bool {
        let handlers = routes(type: type, exchange: exchange)
        return !handlers.isEmpty && handlers.allSatisfy(\.isEager)
    }

    /// The step that a message belongs to, which is left out if it was compensated before. Who takes everything of a topic looks at the
    /// messages of others and carries out no steps.
    func fence(of envelope: Envelope, exchange: String) -> FenceMark? {
        catchAll.isEmpty || catchAll[topic(of: envelope.type, exchange)] == nil ? FenceMark(envelope) : nil
    }

    private mutating func bind(_ exchange: String, _ routingKey: String) {
        guard !bindings.contains(where: { $0.exchange == exchange && $0.routingKey == routingKey }) else { return }
        bindings.append((exchange, routingKey))
    }

    /// Data that does not fit its type will not fit the next time either.
    private static func decode<M: Message>(_: M.Type, _ envelope: Envelope) throws -> M {
        do { return try envelope.decode(M.self) } catch { throw Permanent(error, file: error.file, line: error.line) }
    }
}
