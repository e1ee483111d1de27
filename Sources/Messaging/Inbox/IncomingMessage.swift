import AMQP
import Contracts

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A message from the queue, or from parking, ready to be planned and run.
struct IncomingMessage: Sendable {
    let id: UUID
    /// nil when it has no key or could not be parsed.
    let key: String?
    /// nil when the bytes are not an envelope that can be handled.
    let envelope: Envelope?
    /// Why not.
    let parseError: (any Error)?
    /// What its contract has against it; ``envelope`` is then as it came. Else it is of a version that is handled.
    let violation: ContractViolation?
    let fence: FenceMark?
    let delivery: Delivery

    /// What a key may have at most, so that every index takes it.
    static let longestKey = 1_000

    init(_ delivery: Delivery, _ gate: ContractGate, _ handlers: MessageHandlers) {
        self.delivery = delivery
        do {
            let envelope = try Envelope(decoding: delivery.body)
            let fence = handlers.fence(of: envelope, exchange: delivery.exchange)
            try Self.check(envelope, fence)
            self.id = envelope.id
            self.key = envelope.partitionKey.flatMap { $0.isEmpty ? nil : $0 }
            self.fence = fence
            self.parseError = nil
            let admitted = Self.admit(envelope, gate)
            self.envelope = admitted.envelope
            self.violation = admitted.violation
        } catch {
            // The id in the properties may be that of a message that can be parsed, which must not become a duplicate.
            // The bytes say what is a redelivery of the same garbage.
            self.id = Self.id(of: delivery)
            self.key = nil
            self.envelope = nil
            self.fence = nil
            self.parseError = delivery.isBinaryCloudEvent ? Self.binaryMode : error
            self.violation = nil
        }
    }

    private static var binaryMode: MessagingError {
        MessagingError(
            .unparseable,
            """
            this is a CloudEvent in binary mode, with its attributes in the headers; workers read structured mode: publish it as \
            application/cloudevents+json with the attributes and the data in the body
            """)
    }

    /// The message as it can be handled, or as it came with what its contract has against it.
    static func admit(
        _ envelope: Envelope, _ gate: ContractGate
    ) -> (envelope: Envelope, violation: ContractViolation?) {
        do {
            return (try gate.admit(envelope), nil)
        } catch {
            return (envelope, error)
        }
    }

    /// What the database cannot store would fail the transaction of the whole batch: it is not an envelope to us.
    private static func check(_ envelope: Envelope, _ fence: FenceMark?) throws {
        for text in [envelope.partitionKey, envelope.type, fence?.key, envelope.extensions["sagaretry"]] {
            guard let text else { continue }
            guard text.utf8.count <= longestKey, !text.utf8.contains(0) else {
                throw MessagingError(.unparseable, "the key or type is longer than \(longestKey) bytes, or contains a NUL")
            }
        }
    }

    private static func id(of delivery: Delivery) -> UUID {
        func hash(_ basis: UInt64) -> UInt64 {
            var hash = FNV1a(basis: basis)
            hash.combine(delivery.exchange.utf8)
            hash.combine(delivery.routingKey.utf8)
            hash.combine((delivery.properties.messageID ?? "").utf8)
            hash.combine(delivery.body)
            return hash.value
        }
        let (high, low) = (hash(0xcbf2_9ce4_8422_2325), hash(0x8422_2325_cbf2_9ce4))
        func byte(_ index: Int) -> UInt8 {
            UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> UInt64(8 * (7 - index % 8)))
        }
        return UUID(
            uuid: (
                byte(0), byte(1), byte(2), byte(3), byte(4), byte(5), byte(6) & 0x0F | 0x80, byte(7),
                byte(8) & 0x3F | 0x80, byte(9), byte(10), byte(11), byte(12), byte(13), byte(14), byte(15)
            ))
    }

    /// By which request of an operator it is sent again, with the id that it had: it counts as new where it was discarded. Else nil.
    var request: String? { fence == nil ? nil : envelope?.extensions["sagaretry"] }

    var planItem: BatchPlan.Item {
        BatchPlan.Item(id: id, key: key, fence: fence, isParseable: envelope != nil, fitsContract: violation == nil)
    }
}

/// Which step of which saga a command belongs to, and in which direction.
package struct FenceMark: Sendable, Hashable {
    /// `<saga>/<id>/<step>`.
    package let key: String
    package let isCompensation: Bool

    package init(key: String, isCompensation: Bool) {
        self.key = key
        self.isCompensation = isCompensation
    }

    init?(_ envelope: Envelope) {
        guard !envelope.extensions.isEmpty, let key = envelope.extensions["sagastep"] else { return nil }
        switch envelope.extensions["sagadirection"] {
        case "forward": self.init(key: key, isCompensation: false)
        case "compensate": self.init(key: key, isCompensation: true)
        default: return nil
        }
    }
}
