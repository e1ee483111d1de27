import Broker

/// A log in memory that keeps account of what each slot was told, and notes what must not happen: a slot settled twice,
/// a record read that is gone.
final class LedgerStore: MessageStore {
    private(set) var appended: LogSequence = 0
    private(set) var durable: LogSequence = 0
    private(set) var records: [UInt32: (message: Message, persistent: Bool)] = [:]
    /// The live slots of each queue, by position.
    private(set) var live: [QueueID: [UInt64: StoredMessage]] = [:]
    private(set) var violations: [String] = []
    private(set) var loads = 0
    private(set) var transfers = 0
    private(set) var purges = 0
    private(set) var counts: [UInt64: UInt32] = [:]
    /// Up to where each queue was emptied; what consumers had of a deleted one is settled once more, which changes nothing.
    private var purged: [QueueID: UInt64] = [:]
    /// What loading throws, if it is to fail.
    var loadError: StoreError?
    private var next: UInt32 = 0

    var onDurable: (() -> Void)?
    var onFailure: ((StoreError) -> Void)?
    var onFull: ((Bool) -> Void)?
    var onRelocated: ((QueueSlot, StoredMessage) -> Void)?

    func append(_ message: Message, to slots: [QueueSlot], persistent: Bool) -> StoredMessage {
        next += 1
        appended += 1
        records[next] = (message, persistent)
        let stored = StoredMessage(segment: 1, offset: next, length: 1)
        for slot in slots {
            if live[slot.queue, default: [:]].updateValue(stored, forKey: slot.position) != nil {
                violations.append("position \(slot.position) of queue \(slot.queue) used twice")
            }
        }
        return stored
    }

    func acknowledge(_ stored: StoredMessage, _ slot: QueueSlot) {
        if let through = purged[slot.queue], slot.position <= through, live[slot.queue]?[slot.position] == nil { return }
        appended += 1
        if live[slot.queue]?.removeValue(forKey: slot.position) != stored {
            violations.append("\(slot) settled at \(stored), where it does not stand")
        }
    }

    func transfer(_ message: Message, from stored: StoredMessage, _ source: QueueSlot, to targets: [QueueSlot])
        -> StoredMessage
    {
        transfers += 1
        acknowledge(stored, source)
        return append(message, to: targets, persistent: true)
    }

    func recordDeliveryCount(_ count: UInt32, of stored: StoredMessage, _ slot: QueueSlot) {
        counts[slot.position] = count
    }

    func purge(_ queue: QueueID, through position: UInt64, _ messages: some Sequence<StoredMessage>) {
        purges += 1
        for stored in messages {
            guard let slot = live[queue]?.first(where: { $0.value == stored })?.key else {
                violations.append("purged \(stored), which is not in \(queue)")
                continue
            }
            if slot > position { violations.append("purged beyond \(position)") }
            live[queue]?[slot] = nil
        }
        live[queue] = live[queue]?.filter { $0.key > position }
        purged[queue] = max(purged[queue] ?? 0, position)
    }

    func load(_ stored: StoredMessage) throws(StoreError) -> Message {
        loads += 1
        if let loadError { throw loadError }
        guard let record = records[stored.offset] else { throw StoreError(.missing, "no such record") }
        return record.message
    }

    func commit() {
        durable = appended
        onDurable?()
    }

    /// Moves the records of a queue as compaction does.
    func relocateAll() {
        for (queue, slots) in live {
            for (position, stored) in slots {
                next += 1
                records[next] = records[stored.offset]
                let new = StoredMessage(segment: 2, offset: next, length: 1)
                live[queue]?[position] = new
                onRelocated?(QueueSlot(queue: queue, position: position), new)
            }
        }
    }

    var liveCount: Int { live.values.reduce(0) { $0 + $1.count } }
}

/// Definitions as they were recorded.
final class LedgerLog: DefinitionLog {
    var changes: [DefinitionChange] = []
    var error: StoreError?

    func record(_ change: DefinitionChange) throws(StoreError) {
        if let error { throw error }
        changes.append(change)
    }
}
