public import Contracts
public import Postgres

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Rows and messages that are to be committed together: what the edge does for a request.
///
///     var submission = Submission(correlationID: id)
///     submission.execute("INSERT INTO commands (id, status) VALUES (\(id), 'accepted')")
///     submission.send(PlaceOrder(…), id: id)
///     try await messaging.submit(submission)
public struct Submission: Sendable {
    /// What its messages carry as correlation; the id of the first message when nil.
    public var correlationID: UUID?
    /// What its messages carry as causation.
    public var causationID: UUID?
    /// The trace its messages belong to.
    public var traceparent: String?
    /// Statements to execute, in order, before the messages are written. Their results are not looked at.
    public var statements: [SQL]

    /// Encodes a message for the worker whose `source` it gets.
    typealias Maker = @Sendable (_ source: String, _ cause: MessageCause, _ gate: ContractGate) throws -> OutboxEntry
    private(set) var makers: [Maker] = []

    /// Makes an empty submission.
    public init(
        correlationID: UUID? = nil, causationID: UUID? = nil, traceparent: String? = nil, statements: [SQL] = []
    ) {
        self.correlationID = correlationID
        self.causationID = causationID
        self.traceparent = traceparent
        self.statements = statements
    }

    /// Adds a statement.
    public mutating func execute(_ statement: SQL) { statements.append(statement) }

    /// Adds a command.
    public mutating func send<C: Command>(_ command: C, id: UUID = .v7(), extensions: [String: String] = [:]) {
        add(command, id: id, exchange: WellKnown.commandsExchange, extensions: extensions)
    }

    /// Adds an event.
    public mutating func publish<E: Event>(_ event: E, id: UUID = .v7(), extensions: [String: String] = [:]) {
        add(event, id: id, exchange: E.topic, extensions: extensions)
    }

    private mutating func add<M: Message>(
        _ message: M, id: UUID, exchange: String, extensions: [String: String]
    ) {
        makers.append { source, cause, gate in
            let envelope = try Envelope(
                message, id: id, source: source, correlationID: cause.correlationID ?? id,
                causationID: cause.causationID, traceparent: cause.childTrace(), extensions: extensions)
            return try OutboxEntry(envelope, exchange: exchange, M.catalog, gate)
        }
    }

    /// The messages, encoded and checked.
    func entries(source: String, _ gate: ContractGate) throws -> [OutboxEntry] {
        let cause = MessageCause(correlationID: correlationID, causationID: causationID, traceparent: traceparent)
        var entries: [OutboxEntry] = []
        for maker in makers { entries.append(try maker(source, cause, gate)) }
        return entries
    }
}
