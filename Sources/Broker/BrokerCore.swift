/// The broker without its sockets: virtual hosts, what they hold, and the log under them.
///
/// Confined to one loop, synchronous, with time, disk and consumers put in from outside; so a test can drive the real
/// code through any history.
package final class BrokerCore {
    package let limits: BrokerLimits
    package let nodeName: String
    package let store: (any MessageStore)?
    private let definitions: (any DefinitionLog)?
    let time: any Timekeeper
    let budget = MemoryBudget()
    package private(set) var hosts: [String: VirtualHost] = [:]

    /// Publishes that were confirmed and messages that were returned; the channels count them here.
    package var confirmed: UInt64 = 0
    package var returned: UInt64 = 0

    package internal(set) var consumerCount = 0
    package internal(set) var exchangeCount = 0
    package internal(set) var bindingCount = 0
    package var queueCount: Int { queues.count }

    private var queues: [QueueID: Queue] = [:]
    private var lastDurableID: UInt32 = 0
    private var lastTransientID = BrokerCore.transientIDs
    private var isRestoring = false
    private var isDiskFull = false
    /// What the queues counted whose hosts are gone.
    private var deletedHosts = HostCounters()

    /// Queues that are not kept have identifiers from here on, so that they never get one of a kept queue.
    private static let transientIDs: UInt32 = 1 << 31

    /// Publishers must be held back for the reason, or may go on (nil).
    package var onBlocked: ((BlockReason?) -> Void)?
    /// A definition could not be written: the broker must stop.
    package var onFailure: ((StoreError) -> Void)?
    /// A message could not be read back from the log, and is gone.
    package var onLost: ((Queue, StoreError) -> Void)?

    package init(
        limits: BrokerLimits, store: (any MessageStore)?, definitions: (any DefinitionLog)?, time: any Timekeeper,
        nodeName: String
    ) {
        self.limits = limits
        self.store = store
        self.definitions = definitions
        self.time = time
        self.nodeName = nodeName
        store?.onRelocated = { [weak self] slot, stored in self?.queues[slot.queue]?.relocate(slot.position, to: stored)
        }
        store?.onFull = { [weak self] isFull in self?.diskChanged(isFull) }
        budget.onExceeded = { [weak self] _ in self?.reportBlock() }
    }

    // MARK: Virtual hosts

    /// Makes a virtual host with its predeclared exchanges; one that is there is no error.
    ///
    /// - Throws: 506 at the limit.
    @discardableResult
    package func createHost(_ name: String) throws(ProtocolFault) -> VirtualHost {
        if let host = hosts[name] { return host }
        guard hosts.count < limits.virtualHosts else {
            throw ProtocolFault(.resourceError, "the broker's limit of \(limits.virtualHosts) virtual hosts is reached")
        }
        let host = try VirtualHost(name: name, core: self)
        try record(.putVirtualHost(name: name))
        hosts[name] = host
        exchangeCount += host.exchanges.count
        return host
    }

    /// Deletes a virtual host and all in it; consumers are cancelled.
    ///
    /// - Throws: 404 where it does not exist.
    package func deleteHost(_ name: String) throws(ProtocolFault) {
        guard let host = hosts[name] else { throw ProtocolFault(.notFound, "no vhost '\(name)'") }
        try record(.removeVirtualHost(name: name))
        for queue in host.queues.values { host.forget(queue) }
        for exchange in host.exchanges.values { host.forget(exchange) }
        hosts[name] = nil
        deletedHosts.published &+= host.counters.published
        deletedHosts.unroutable &+= host.counters.unroutable
        deletedHosts.deletedQueues += host.counters.deletedQueues
    }

    // MARK: Figures

    /// Bytes of messages in memory: those that wait, and those without a record that consumers have.
    package var memoryInUse: Int { budget.inUse }

    /// Bytes of messages beyond which those at the end of queues are left to the log. 64 MiB unless set.
    package var messageMemory: Int {
        get { budget.limit }
        set {
            budget.limit = newValue
            budget.queueLimit = newValue / 4
        }
    }

    /// Bytes of messages in memory at which publishers are held back; they go on when an eighth of it is free. Messages are left to
    /// the log from half of it on, so that those which only wait never hold anybody back.
    package var memoryHighWatermark: Int {
        get { budget.highWatermark }
        set {
            budget.highWatermark = newValue
            messageMemory = min(messageMemory, newValue / 2)
        }
    }

    package var statistics: BrokerStatistics {
        var statistics = BrokerStatistics()
        statistics.confirmed = confirmed
        statistics.returned = returned
        statistics.add(deletedHosts)
        for host in hosts.values { statistics.add(host.counters) }
        for queue in queues.values { statistics.add(queue) }
        statistics.queueCount = queues.count
        statistics.exchangeCount = exchangeCount
        statistics.bindingCount = bindingCount
        statistics.consumerCount = consumerCount
        return statistics
    }

    /// Why publishers are held back, if they are.
    package var blockReason: BlockReason? {
        if isDiskFull { return .disk }
        return budget.isExceeded ? .memory : nil
    }

    private func diskChanged(_ isFull: Bool) {
        guard isFull != isDiskFull else { return }
        isDiskFull = isFull
        reportBlock()
    }

    private func reportBlock() { onBlocked?(blockReason) }

    /// To be called at the end of a broker, before its loop ends: afterwards nothing can be cancelled there any more.
    func cancelTimers() {
        for queue in queues.values { queue.cancelTimers() }
    }

    // MARK: Queues and definitions

    func register(_ queue: Queue) { queues[queue.id] = queue }
    func unregister(_ queue: Queue) { queues[queue.id] = nil }

    func nextQueueID(durable: Bool) -> QueueID {
        if durable {
            lastDurableID += 1
            return QueueID(rawValue: lastDurableID)
        }
        lastTransientID += 1
        return QueueID(rawValue: lastTransientID)
    }

    /// Writes a change down that is not made yet.
    ///
    /// - Throws: 506 where there is no room for it at present; 541 where it cannot be written, and the broker stops.
    func record(_ change: DefinitionChange) throws(ProtocolFault) {
        do {
            try write(change)
        } catch {
            guard !error.isTemporary else {
                throw ProtocolFault(.resourceError, "the broker has no room to write this down; try again when its disk has some")
            }
            onFailure?(error)
            throw ProtocolFault(.internalError, "the broker cannot write to its disk and stops")
        }
    }

    /// Writes a change down that was made already, and that nobody waits for.
    func recordOrStop(_ change: DefinitionChange) {
        do {
            try write(change)
        } catch {
            onFailure?(error)
        }
    }

    private func write(_ change: DefinitionChange) throws(StoreError) {
        if !isRestoring { try definitions?.record(change) }
    }

    /// Puts back what the log held, before the first client comes.
    ///
    /// - Parameters:
    ///   - changes: in the order in which they were recorded. A removed queue, exchange or host takes its bindings and
    ///     contents with it.
    ///   - entries: of each queue, in order of position.
    ///   - highestPositions: of each queue that the log speaks of, the highest position in it, that of messages too
    ///     that are gone; new ones get higher ones, since a position may never mean two messages.
    ///   - highestQueueID: the highest that the log or the definitions ever spoke of.
    package func restore(
        definitions changes: [DefinitionChange], entries: [QueueID: [RecoveredEntry]],
        highestPositions: [QueueID: UInt64] = [:], highestQueueID: QueueID = QueueID(rawValue: 0)
    ) {
        isRestoring = true
        lastDurableID = max(lastDurableID, highestQueueID.rawValue < Self.transientIDs ? highestQueueID.rawValue : 0)
        for change in changes { apply(change) }
        for (id, found) in entries.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            guard let queue = queues[id] else {
                store?.purge(id, through: .max, found.map(\.stored))
                continue
            }
            queue.restore(found, highestPosition: highestPositions[id] ?? 0)
        }
        for (id, position) in highestPositions { queues[id]?.restore([], highestPosition: position) }
        isRestoring = false
        for queue in queues.values.sorted(by: { $0.id.rawValue < $1.id.rawValue }) { queue.headMayHaveExpired() }
        for host in hosts.values { host.drainDeadLetters() }
    }

    private func apply(_ change: DefinitionChange) {
        switch change {
        case .putVirtualHost(let name): _ = try? createHost(name)
        case .removeVirtualHost(let name): try? deleteHost(name)
        case .putExchange(let host, let definition): _ = try? hosts[host]?.declareExchange(definition)
        case .removeExchange(let host, let name): try? hosts[host]?.deleteExchange(name, ifUnused: false)
        case .putQueue(let host, let definition): restore(definition, in: host)
        case .removeQueue(let host, let name): _ = try? hosts[host]?.deleteQueue(name, requester: nil)
        case .putBinding(let host, let definition): try? hosts[host]?.bind(definition, requester: nil)
        case .removeBinding(let host, let definition): try? hosts[host]?.unbind(definition, requester: nil)
        case .putUser, .removeUser, .putPermission, .removePermission: break
        }
    }

    private func restore(_ definition: QueueDefinition, in host: String) {
        guard let host = hosts[host], host.queues[definition.name] == nil else { return }
        lastDurableID = max(lastDurableID, definition.id.rawValue)
        _ = host.add(definition, owner: nil)
    }
}

extension BrokerStatistics {
    fileprivate mutating func add(_ counters: HostCounters) {
        published &+= counters.published
        unroutable &+= counters.unroutable
        queues += counters.deletedQueues
    }

    fileprivate mutating func add(_ queue: Queue) {
        queues += queue.statistics
        readyMessages += queue.messageCount
        unacknowledgedMessages += queue.unacknowledgedCount
        readyBytes += queue.messageBytes
        unacknowledgedBytes += queue.unacknowledgedBytes
    }
}
