internal import DequeModule

/// A virtual host: a name space of exchanges, queues and bindings (section 2.1.2 of the specification's companion,
/// "virtual hosts").
package final class VirtualHost {
    package let name: String
    package unowned let core: BrokerCore
    let store: (any MessageStore)?
    package internal(set) var exchanges: [String: Exchange] = [:]
    package internal(set) var queues: [String: Queue] = [:]
    /// Exclusive queues, which go with their connections.
    var exclusiveQueues: [ConnectionID: [String: Queue]] = [:]
    package internal(set) var counters = HostCounters()

    let routing = Routing()
    var routes = RouteCache()
    /// Messages on their way to dead-letter exchanges; handled one after another, lest a chain of queues nests calls.
    var deadLetters: Deque<DeadLetter> = []
    var isDraining = false
    /// Tries again to read a dead letter.
    var drainTimer: (any ScheduledAction)?
    /// Room for the plans of one publish, kept so that it is not allocated anew.
    var plans: [DeliveryPlan] = []
    var slots: [QueueSlot] = []
    /// Room for the slot of a message that goes to one queue.
    var oneSlot = [QueueSlot(queue: QueueID(rawValue: 0), position: 0)]

    init(name: String, core: BrokerCore) throws(ProtocolFault) {
        self.name = name
        self.core = core
        store = core.store
        exchanges[""] = DefaultExchange(host: self)
        for definition in ExchangeDefinition.predeclared {
            exchanges[definition.name] = try ExchangeType(checking: definition.type).makeExchange(
                definition, host: self)
        }
    }

    /// Bindings and their ends hold each other; a broker that is let go (there may be many in one process) must not
    /// stay.
    deinit {
        for exchange in exchanges.values {
            for binding in exchange.bindings.all { exchange.remove(binding) }
            exchange.incoming = [:]
        }
        for queue in queues.values { queue.incoming = [:] }
    }

    package var allBindings: [Binding] { exchanges.values.flatMap(\.bindings.all) }

    /// The default exchange's bindings, which are not kept: one for each queue.
    package var implicitBindings: [BindingDefinition] {
        queues.keys.map { BindingDefinition(source: "", destination: $0, routingKey: $0) }
    }

    func queueResource(_ queue: String) -> String { "queue '\(queue)' in vhost '\(name)'" }
    func exchangeResource(_ exchange: String) -> String { "exchange '\(exchange)' in vhost '\(name)'" }

    /// What was remembered of routing holds no longer.
    func topologyChanged() { routes.removeAll() }
}

/// Counts of one virtual host since the broker started.
package struct HostCounters: Equatable, Sendable {
    package var published: UInt64 = 0
    package var unroutable: UInt64 = 0
    /// What the queues counted that are gone.
    package var deletedQueues = QueueStatistics()
}
