/// What was found in a folder of segments.
struct RecoveredLog {
    /// Sealed segments with what is live in them, in order.
    var segments: [Segment] = []
    /// Files that hold nothing and may be used again.
    var spares: [String] = []
    /// Live messages by queue, in order of position.
    var entries: [QueueID: [RecoveredEntry]] = [:]
    var deliveryCounts: [QueueSlot.Key: UInt32] = [:]
    /// The highest position of each queue that any record speaks of.
    var highestPositions: [QueueID: UInt64] = [:]
    /// Settlements that recovery itself has to add.
    var settlements: [Settlement] = []
    /// Above all that were ever used.
    var nextNumber: UInt32 = 1
    var nextBatch: UInt64 = 1
    var notices: [StoreNotice] = []
    /// Files set aside.
    var quarantined = 0

    mutating func note(_ queue: UInt32, _ position: UInt64) {
        let id = QueueID(rawValue: queue)
        if position >= highestPositions[id] ?? 0 { highestPositions[id] = position }
    }
}
