public import Contracts
public import Postgres

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What a handler works with: the transaction of the handling and the message that is handled.
///
/// Everything that is published, sent or scheduled through the context is written in the transaction of the handling
/// and leaves only if that transaction commits. A context must not be used after its handler has returned.
public struct MessageContext: Sendable {
    /// The transaction that the message is handled in. Other messages of the same batch share it.
    public let db: PostgresTransaction
    /// The message. For a fired timer and for ``Messaging/transact(correlationID:causationID:traceparent:_:)`` an
    /// envelope made for the occasion.
    public let envelope: Envelope
    /// Which run of the message this is, counted from 1. A run that was rolled back because another message of its batch failed, or
    /// because something assumed did not hold, is not counted.
    public let attempt: Int
    /// The bytes of the message as they were delivered, also when it was parked since; empty for what was not delivered.
    package let delivered: [UInt8]
    /// Whether this run is made on an assumption: that the message is new, need not wait, and finds everything as its handler last
    /// knew it. A handler's writes need not be awaited then. Each checks for itself that it finds what it expects and fails by
    /// ``refusal`` if not: nothing has happened, and the messages of the batch are handled again with this false.
    package let isEager: Bool
    /// Whether the handler may answer with what is nearly always so, without waiting for the database to say it, if a statement of
    /// its own calls ``refusal`` when it is not so. Nothing has happened then, and the message is handled again with this false.
    ///
    /// ```swift
    /// if context.mayAssume {
    ///     context.db.enqueue("""
    ///         WITH taken AS (UPDATE seats SET free = free - 1 WHERE flight = \(command.flight) AND free > 0 RETURNING 1)
    ///         SELECT CASE WHEN count(*) = 0 THEN \(MessageContext.refusal) END FROM taken
    ///         """)
    ///     return try context.publish(SeatTaken(flight: command.flight))
    /// }
    /// ```
    ///
    /// It saves a round trip to the database. It is false when many messages are handled together, which saves more and would make
    /// one that is different cost all of them; when another message of the same key is among them; and when a message is retried.
    public let mayAssume: Bool
    /// Fails the transaction, and has its messages handled again with care; of type boolean. See ``mayAssume``.
    public static let refusal: SQL = "inbox_refuse()"

    let source: String
    let cause: MessageCause
    let gate: ContractGate
    let collector: OutputCollector

    init(
        db: PostgresTransaction, envelope: Envelope, delivered: [UInt8] = [], attempt: Int, isEager: Bool = false,
        mayAssume: Bool = false, source: String, cause: MessageCause, gate: ContractGate, collector: OutputCollector
    ) {
        self.db = db
        self.envelope = envelope
        self.delivered = delivered
        self.attempt = attempt
        self.isEager = isEager
        self.mayAssume = mayAssume
        self.source = source
        self.cause = cause
        self.gate = gate
        self.collector = collector
    }

    /// Publishes an event to its topic when the transaction commits, numbered in the order of commits.
    ///
    /// Correlation, cause and trace are those of the message that is handled.
    /// - Throws: ``ContractViolation`` if the event does not fit its contract or is too large: nothing of it is written;
    ///   ``ContractError`` if it cannot be encoded; ``MessagingError`` `.contextEnded`.
    public func publish<E: Event>(_ event: E, id: UUID = .v7(), extensions: [String: String] = [:]) throws {
        let envelope = try Envelope(
            event, id: id, source: source, correlationID: cause.correlationID, causationID: cause.causationID,
            traceparent: cause.childTrace(), extensions: extensions)
        try collector.add(OutboxEntry(envelope, exchange: E.topic, E.catalog, gate))
    }

    /// Sends a command when the transaction commits. A command that no queue takes stays in the outbox and is tried again.
    ///
    /// - Parameters:
    ///   - id: the same id twice makes the second one a duplicate, which its receiver ignores.
    ///   - extensions: further attributes of the envelope.
    /// - Throws: ``ContractViolation`` if the command does not fit its contract or is too large; ``ContractError`` if it cannot
    ///   be encoded; ``MessagingError`` `.contextEnded`.
    public func send<C: Command>(_ command: C, id: UUID = .v7(), extensions: [String: String] = [:]) throws {
        let envelope = try Envelope(
            command, id: id, source: source, correlationID: cause.correlationID, causationID: cause.causationID,
            traceparent: cause.childTrace(), extensions: extensions)
        try collector.add(OutboxEntry(envelope, exchange: WellKnown.commandsExchange, C.catalog, gate))
    }

    /// Publishes an envelope that was made elsewhere, as it is. Its data is checked if a handled type, or
    /// ``MessageHandlers/knows(_:)``, has brought its contract.
    ///
    /// - Parameters:
    ///   - exchange: a topic, or ``WellKnown/commandsExchange`` for a command.
    /// - Throws: ``ContractViolation``; ``MessagingError`` `.contextEnded`.
    public func publish(_ envelope: Envelope, to exchange: String) throws {
        try collector.add(OutboxEntry(envelope, exchange: exchange, nil, gate))
    }

    /// Sets a timer. It fires once, after the transaction has committed and the time has passed on the database's clock.
    ///
    /// - Parameters:
    ///   - kind: names the handler, see ``MessageHandlers/onTimer(_:_:)``.
    ///   - id: a timer that has this id already is replaced.
    ///   - key: timers of one key that are due together fire one after another.
    ///   - after: from now, at least zero.
    ///   - payload: comes back in ``FiredTimer/payload``.
    public func schedule(_ kind: String, id: UUID, key: String, after: Duration, payload: [UInt8] = []) {
        collector.schedule(
            TimerEntry(
                id: id, kind: kind, key: key, after: max(after, .zero), payload: payload,
                correlationID: cause.correlationID, causationID: cause.causationID, traceparent: envelope.traceparent))
    }

    /// Cancels a timer. One that is not there, or has fired, is no error.
    public func cancelTimer(_ id: UUID) { collector.cancel(id) }

    /// Has a statement executed at the end of the transaction. Of several with one key, in a batch of messages too, only the
    /// last in the order of delivery is; they go in the order of their keys.
    package func beforeCommit(_ key: String, _ statement: @escaping @Sendable () -> SQL) {
        beforeCommit(key, gathering: Closing(statement: statement)) { $0[$0.endIndex - 1].statement() }
    }

    private struct Closing: Sendable {
        let statement: @Sendable () -> SQL
    }

    /// Has one statement executed at the end of the transaction, for all that the messages of the batch have given under one key, in
    /// the order of delivery: one item at least.
    package func beforeCommit<Item: Sendable>(
        _ key: String, gathering item: Item, _ statement: @escaping @Sendable ([Item]) -> SQL
    ) {
        collector.beforeCommit(key, item) { statement($0.compactMap { $0 as? Item }) }
    }

    /// Runs `body` once, after the transaction has committed; never if it rolled back.
    ///
    /// It does not run if the process dies between the commit and the call, so nothing may depend on it but the
    /// comfort of a waiting caller. It must not block.
    public func afterCommit(_ body: @escaping @Sendable () -> Void) { collector.afterCommit(body) }
}

/// Where a message came from: what its successors carry as correlation, causation and trace.
struct MessageCause: Sendable {
    var correlationID: UUID?
    var causationID: UUID?
    var traceparent: String?

    init(correlationID: UUID?, causationID: UUID?, traceparent: String?) {
        self.correlationID = correlationID
        self.causationID = causationID
        self.traceparent = traceparent
    }

    /// What a message causes carries its correlation, or begins one with its id.
    init(_ envelope: Envelope) {
        self.init(
            correlationID: envelope.correlationID ?? envelope.id, causationID: envelope.id,
            traceparent: envelope.traceparent)
    }

    func childTrace() -> String? {
        guard let traceparent, let parent = TraceParent(traceparent) else { return nil }
        return parent.child().description
    }
}
