public import Contracts

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// An event as it stands in a stream.
public struct StoredEvent: Sendable, Equatable {
    /// The stream: `order-0198c7d0-…`.
    public var stream: String
    /// The place in the stream, from 1.
    public var version: Int
    /// Identifies the event.
    public var id: UUID
    /// The type: `order.created`.
    public var type: String
    /// The version of the schema of the data.
    public var schemaVersion: Int
    /// The JSON, byte for byte as it was stored.
    public var data: [UInt8]
    /// What led to it.
    public var metadata: EventMetadata
    /// The time of the transaction that stored it, on the database's clock.
    public var recordedAt: Date
}

/// An event that is to be stored.
public struct NewEvent: Sendable, Equatable {
    /// Identifies the event.
    public var id: UUID
    /// The type: `order.created`.
    public var type: String
    /// The version of the schema of the data.
    public var schemaVersion: Int
    /// One JSON value.
    public var data: [UInt8]

    /// Makes an event from its parts.
    public init(id: UUID = .v7(), type: String, schemaVersion: Int = 1, data: [UInt8]) {
        self.id = id
        self.type = type
        self.schemaVersion = schemaVersion
        self.data = data
    }

    /// Makes an event from a message.
    /// - Throws: ``ContractError`` when the message cannot be written as JSON.
    public init<M: Message>(_ message: M, id: UUID = .v7()) throws(ContractError) {
        self.init(id: id, type: M.type, schemaVersion: M.version, data: try ContractJSON.encode(message))
    }
}

/// What led to an event.
public struct EventMetadata: Sendable, Equatable, Codable {
    /// The request that it belongs to.
    public var correlationID: UUID?
    /// The message that it answers.
    public var causationID: UUID?
    /// The W3C trace context.
    public var traceparent: String?

    /// Makes metadata from its parts.
    public init(correlationID: UUID? = nil, causationID: UUID? = nil, traceparent: String? = nil) {
        self.correlationID = correlationID
        self.causationID = causationID
        self.traceparent = traceparent
    }

    /// The metadata of events that follow from handling a message.
    public init(causedBy envelope: Envelope) {
        self.init(
            correlationID: envelope.correlationID ?? envelope.id, causationID: envelope.id,
            traceparent: envelope.traceparent)
    }

    private enum CodingKeys: String, CodingKey {
        case correlationID = "correlationId"
        case causationID = "causationId"
        case traceparent
    }
}
