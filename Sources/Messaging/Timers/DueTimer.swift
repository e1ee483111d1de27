import Contracts
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A timer that was claimed.
struct DueTimer: Sendable {
    let id: UUID
    let kind: String
    let key: String
    let dueAt: Date
    let payload: [UInt8]
    let correlationID: UUID?
    let causationID: UUID?
    let traceparent: String?
    /// Runs that ended, and this one.
    let attempts: Int
    /// Names the claim; nil for one that is parked.
    let claim: UUID?
    /// Whether another process may have died while it ran this timer.
    let isSuspect: Bool

    /// Reads the columns of ``TimerStatements/claim(_:limit:lease:by:)``.
    init(row: PostgresRow) throws {
        id = try row.decode(UUID.self, at: 0)
        kind = try row.decode(String.self, at: 1)
        key = try row.decode(String.self, at: 2)
        dueAt = try row.decode(Date.self, at: 3)
        payload = try row.decode([UInt8].self, at: 4)
        correlationID = try row.decode(UUID?.self, at: 5)
        causationID = try row.decode(UUID?.self, at: 6)
        traceparent = try row.decode(String?.self, at: 7)
        attempts = Int(try row.decode(Int32.self, at: 8)) + 1
        claim = try row.decode(UUID.self, at: 9)
        isSuspect = try row.decode(Bool.self, at: 10)
    }

    /// Reads what ``properties`` wrote.
    init(parked message: ParkedMessage) throws {
        let bytes = Data(message.properties.utf8)
        guard let fields = try? JSONDecoder().decode([String: String].self, from: bytes) else {
            throw Permanent("the properties of a parked timer cannot be read")
        }
        id = message.id
        kind = message.type
        key = fields["key"] ?? ""
        dueAt = Date(timeIntervalSince1970: fields["dueAt"].flatMap(Double.init) ?? 0)
        payload = message.body
        correlationID = fields["correlationId"].flatMap(UUID.init(uuidString:))
        causationID = fields["causationId"].flatMap(UUID.init(uuidString:))
        traceparent = fields["traceparent"]
        attempts = message.attempts + 1
        claim = nil
        isSuspect = message.isSuspect
    }

    /// What a parked timer keeps beside its payload. Its key is among it and not in the column: timers have no order with
    /// messages, so one that failed must not hold up the messages of its key.
    var properties: String {
        var fields = ["key": key, "dueAt": "\(dueAt.timeIntervalSince1970)"]
        fields["correlationId"] = correlationID?.uuidString
        fields["causationId"] = causationID?.uuidString
        fields["traceparent"] = traceparent
        return ParkedStatements.json(fields)
    }

    /// Parks the timer for an operator.
    func parking(_ failure: FailureDescription) -> SQL {
        ParkedStatements.insert(
            id: id, key: nil, exchange: ParkedExchange.timers, routingKey: kind, type: kind, body: payload,
            properties: properties, status: .failed, delay: nil, failure: failure)
    }
}

extension LaneItem {
    /// A timer with its handler; one of a kind that nobody handles fails for good when it is run.
    init(_ timer: DueTimer, handlers: MessageHandlers) {
        let fired = FiredTimer(
            id: timer.id, kind: timer.kind, key: timer.key, dueAt: timer.dueAt, payload: timer.payload,
            attempt: timer.attempts, correlationID: timer.correlationID, causationID: timer.causationID)
        let handler = handlers.timers[timer.kind]
        let step = Step(name: "timer \(timer.kind)") { context in
            guard let handler else {
                throw Permanent(MessagingError(.noHandler, "nothing handles timers of kind \(fired.kind)"))
            }
            try await handler(fired, context)
        }
        let envelope = Envelope(
            id: timer.id, source: "/timers", type: "timer.\(timer.kind)", subject: timer.key, time: timer.dueAt,
            correlationID: timer.correlationID, causationID: timer.causationID, partitionKey: timer.key,
            traceparent: timer.traceparent)
        self.init(
            envelope: envelope,
            cause: MessageCause(
                correlationID: timer.correlationID, causationID: timer.causationID, traceparent: timer.traceparent),
            attempt: timer.attempts, steps: [step])
    }
}
