import Broker

/// The real log with one of its promises taken away. A simulation on it must fail, or it would not notice either if the
/// broker itself broke the promise.
final class SabotagedStore: MessageStore {
    enum Sabotage: String, CaseIterable, Sendable {
        case none
        /// The disk's sync returns at once and does nothing: confirms before fdatasync.
        case syncLies
        /// Confirms leave when the message is in memory.
        case earlyConfirms
        /// Acknowledgements are not written.
        case noAcknowledgements
        /// Dead-lettering writes the new message only.
        case halfTransfers
        /// Compaction does not say where it moved a message.
        case silentCompaction
        /// A start does not cut what a crash has torn.
        case tornTailsStay
    }

    private let store: SegmentStore
    private let sabotage: Sabotage
    private var acknowledged: LogSequence = 0

    init(_ store: SegmentStore, _ sabotage: Sabotage) {
        self.store = store
        self.sabotage = sabotage
    }

    var appended: LogSequence { store.appended + acknowledged }
    var durable: LogSequence {
        sabotage == .earlyConfirms || store.durable == store.appended ? appended : store.durable
    }

    func append(_ message: Message, to slots: [QueueSlot], persistent: Bool) -> StoredMessage {
        store.append(message, to: slots, persistent: persistent)
    }

    func acknowledge(_ stored: StoredMessage, _ slot: QueueSlot) {
        if sabotage == .noAcknowledgements { acknowledged += 1 } else { store.acknowledge(stored, slot) }
    }

    func transfer(
        _ message: Message, from stored: StoredMessage, _ source: QueueSlot, to targets: [QueueSlot]
    ) -> StoredMessage {
        if sabotage == .halfTransfers { return store.append(message, to: targets, persistent: true) }
        return store.transfer(message, from: stored, source, to: targets)
    }

    func recordDeliveryCount(_ count: UInt32, of stored: StoredMessage, _ slot: QueueSlot) {
        store.recordDeliveryCount(count, of: stored, slot)
    }

    func purge(_ queue: QueueID, through position: UInt64, _ messages: some Sequence<StoredMessage>) {
        store.purge(queue, through: position, messages)
    }

    func load(_ stored: StoredMessage) throws(StoreError) -> Message { try store.load(stored) }
    func commit() { store.commit() }

    var onDurable: (() -> Void)? {
        get { store.onDurable }
        set { store.onDurable = newValue }
    }
    var onFailure: ((StoreError) -> Void)? {
        get { store.onFailure }
        set { store.onFailure = newValue }
    }
    var onFull: ((Bool) -> Void)? {
        get { store.onFull }
        set { store.onFull = newValue }
    }
    var onRelocated: ((QueueSlot, StoredMessage) -> Void)? {
        get { store.onRelocated }
        set { store.onRelocated = sabotage == .silentCompaction ? nil : newValue }
    }
}
