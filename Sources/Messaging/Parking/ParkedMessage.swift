import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A row of `parked` that was claimed.
struct ParkedMessage: Sendable {
    let position: Int64
    let id: UUID
    let key: String?
    let exchange: String
    let type: String
    let body: [UInt8]
    let properties: String
    let attempts: Int
    /// How many processes may have died while they ran this message.
    let crashes: Int
    /// nil for a timer, and for bytes that are no envelope.
    let envelope: Envelope?
    /// What its contract has against it.
    let violation: ContractViolation?

    /// Whether it has a count, of another process.
    var isSuspect: Bool { crashes > 0 }

    /// Reads the columns of ``ParkedStatements/claim(lease:by:)``.
    init(row: PostgresRow, _ gate: ContractGate) throws {
        position = try row.decode(Int64.self, at: 0)
        id = try row.decode(UUID.self, at: 1)
        key = try row.decode(String?.self, at: 2)
        exchange = try row.decode(String.self, at: 3)
        let routingKey = try row.decode(String.self, at: 4)
        body = try row.decode([UInt8].self, at: 5)
        properties = try row.decode(String.self, at: 6)
        attempts = Int(try row.decode(Int32.self, at: 7))
        crashes = Int(try row.decode(Int32.self, at: 8))
        if exchange != ParkedExchange.timers, let parsed = try? Envelope(decoding: body) {
            let admitted = IncomingMessage.admit(parsed, gate)
            envelope = admitted.envelope
            violation = admitted.violation
        } else {
            envelope = nil
            violation = nil
        }
        type = envelope?.type ?? routingKey
    }

    /// What to run.
    ///
    /// - Throws: ``Permanent`` and ``ContractViolation`` when it cannot be run at all.
    func item(_ handlers: MessageHandlers) throws -> LaneItem {
        if exchange == ParkedExchange.timers {
            return LaneItem(try DueTimer(parked: self), handlers: handlers)
        }
        guard let envelope else {
            throw Permanent(MessagingError(.unparseable, "not an envelope; edit or discard it"))
        }
        if let violation { throw violation }
        return LaneItem(envelope, delivered: body, exchange: exchange, attempt: attempts + 1, handlers: handlers)
    }
}
