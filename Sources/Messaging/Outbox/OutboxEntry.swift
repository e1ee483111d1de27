import Contracts

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A message to write into the outbox, encoded and checked already: what cannot be published fails in its handler.
struct OutboxEntry: Sendable {
    var messageID: UUID
    var exchange: String
    var routingKey: String
    /// Empty when the message has no key.
    var partitionKey: String
    var payload: [UInt8]
    /// Events are numbered, commands are not.
    var isEvent: Bool { exchange != WellKnown.commandsExchange }

    /// - Throws: what the gate has against the message.
    init(
        _ envelope: Envelope, exchange: String, _ catalog: MessageCatalog?, _ gate: ContractGate
    ) throws(ContractViolation) {
        messageID = envelope.id
        self.exchange = exchange
        routingKey = envelope.type
        partitionKey = envelope.partitionKey ?? ""
        payload = envelope.encoded()
        try gate.check(envelope, catalog, bytes: payload.count)
    }
}
