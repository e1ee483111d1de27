/// How many bytes of messages the queues of a broker keep in memory, and whether there is room for more.
///
/// Beyond the budget a message stands in the log alone. Since messages are only turned away at the end of a queue, and
/// leave at its head, what is in memory is what is delivered next, and nothing is ever searched for a victim.
final class MemoryBudget {
    /// What a message costs beside its body and its properties: the object and its names.
    static let overhead = 256

    private(set) var inUse = 0
    /// Bytes of all queues together beyond which messages are left to the log.
    var limit = 64 << 20
    /// Bytes of one queue, so that a forgotten one does not take everything.
    var queueLimit = 16 << 20
    /// Bytes beyond which publishers are blocked; only a broker without a store, and unacknowledged transient messages,
    /// come so far.
    var highWatermark = Int.max
    private(set) var isExceeded = false
    var onExceeded: ((Bool) -> Void)?

    func add(_ bytes: Int) {
        inUse += bytes
        if inUse > highWatermark, !isExceeded {
            isExceeded = true
            onExceeded?(true)
        }
    }

    func remove(_ bytes: Int) {
        inUse -= bytes
        // Some room before publishers go on, so that they are not stopped again at once.
        if isExceeded, inUse < highWatermark - highWatermark / 8 {
            isExceeded = false
            onExceeded?(false)
        }
    }
}
