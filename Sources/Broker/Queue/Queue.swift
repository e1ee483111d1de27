/// A queue: messages in order of arrival, and the consumers that they are shared among.
///
/// Confined to the broker's loop, synchronous, and free of clocks and files. Nothing is allocated for a message beyond
/// its `Message`; what a publish does to a queue does not depend on how much the queue holds.
package final class Queue {
    package let definition: QueueDefinition
    /// The connection that declared it exclusive, which alone may use it.
    package let owner: ConnectionID?
    package unowned let host: VirtualHost
    let options: QueueOptions
    // The core's, kept here because every message needs them and the way over `host` costs reference counts.
    let store: (any MessageStore)?
    let budget: MemoryBudget
    let time: any Timekeeper

    var ready: ReadyQueue
    /// Bytes of bodies in memory that wait here; see `MemoryBudget`.
    var readyMemory = 0
    package internal(set) var unacknowledgedCount = 0
    package internal(set) var unacknowledgedBytes = 0
    var nextPosition: UInt64 = 1
    package internal(set) var statistics = QueueStatistics()

    var consumers: [ObjectIdentifier: Consumer] = [:]
    var ring = ConsumerRing()
    /// The one consumer that gets messages where `x-single-active-consumer` is set.
    package internal(set) var activeConsumer: Consumer?
    package internal(set) var exclusiveConsumer: Consumer?
    var subscriptions: UInt64 = 0

    /// Bindings that lead here.
    var incoming: [ObjectIdentifier: Binding] = [:]
    /// New places of records whose messages are with consumers, who hold the old ones.
    var relocated: [UInt64: StoredMessage] = [:]
    package internal(set) var isDeleted = false
    var isDelivering = false

    var expiryTimer: (any ScheduledAction)?
    /// When that timer fires, in milliseconds since 1970.
    var expiryDeadline = Int64.max
    var retryTimer: (any ScheduledAction)?
    var disuseTimer: (any ScheduledAction)?
    /// Uptime in milliseconds at which the queue was last used, for `x-expires`.
    var lastUse: Int64 = 0

    init(_ definition: QueueDefinition, owner: ConnectionID?, host: VirtualHost) {
        self.definition = definition
        self.owner = owner
        self.host = host
        store = host.store
        budget = host.core.budget
        time = host.core.time
        options = QueueOptions(definition.arguments)
        ready = ReadyQueue(maxPriority: options.maxPriority)
    }

    package var name: String { definition.name }
    package var id: QueueID { definition.id }
    package var type: QueueType { options.type }
    package var isDurable: Bool { definition.durable }
    /// Messages that wait for a consumer.
    package var messageCount: Int { ready.count }
    /// Body bytes of the messages that wait.
    package var messageBytes: Int { ready.bytes }
    package var consumerCount: Int { consumers.count }
    /// Consumers in the order in which they subscribed.
    package var allConsumers: [Consumer] { consumers.values.sorted { $0.order < $1.order } }
    /// As error texts name it: `queue 'orders' in vhost '/'`.
    package var resource: String { host.queueResource(name) }

    func slot(_ position: UInt64, _ expiresAt: Int64 = .max) -> QueueSlot {
        QueueSlot(queue: id, position: position, expiresAt: expiresAt)
    }

    /// The present place of an entry's record; consumers may hold an old one.
    func place(of entry: QueueEntry) -> StoredMessage? {
        relocated.isEmpty ? entry.stored : relocated[entry.position] ?? entry.stored
    }

    /// Compaction has copied a record.
    func relocate(_ position: UInt64, to stored: StoredMessage) {
        if !ready.relocate(position, to: stored) { relocated[position] = stored }
    }
}
