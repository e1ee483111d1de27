/// Why a message was dead-lettered, as the header `x-death` writes it.
package enum DeathReason: String, Sendable {
    case expired
    case rejected
    case maxlen
    case deliveryLimit = "delivery_limit"
}

/// A message on its way from a queue to its dead-letter exchange.
struct DeadLetter {
    let queue: Queue
    let entry: QueueEntry
    let reason: DeathReason
}
