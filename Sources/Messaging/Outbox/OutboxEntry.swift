import Contracts

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A message to write into the outbox, encoded already: what cannot be encoded fails in its handler.
struct OutboxEntry: Sendable {
    var messageID: UUID
    var exchange: String
    var routingKey: String
    /// Empty when the message has no key.
    var partitionKey: String
    var payload: [UInt8]
    /// Events are numbered, commands are not.
    var isEvent: Bool

    init(_ envelope: Envelope, exchange: String, isEvent: Bool) {
        messageID = envelope.id
        self.exchange = exchange
        routingKey = envelope.type
        partitionKey = envelope.partitionKey ?? ""
        payload = envelope.encoded()
        self.isEvent = isEvent
    }
}
