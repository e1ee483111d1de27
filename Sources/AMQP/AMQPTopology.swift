/// Exchanges, queues and bindings that should exist.
///
/// What is declared through ``AMQPClient/declare(_:)`` is remembered and declared again after each reconnect.
public struct AMQPTopology: Sendable, Hashable {
    /// An exchange.
    public struct Exchange: Sendable, Hashable {
        /// Its name, at most 255 bytes.
        public var name: String
        /// `direct`, `fanout`, `topic`, `headers`, or the type of a plugin, for example `x-consistent-hash`.
        public var kind: String
        /// Survives a restart of the broker.
        public var durable: Bool
        /// Deleted when the last binding goes.
        public var autoDelete: Bool
        /// Takes messages from other exchanges only.
        public var `internal`: Bool
        /// Further arguments.
        public var arguments: AMQPTable
        /// Whether to look first, which needs no permission, and to declare it only if it is missing. One that is there is then
        /// taken as it is, whatever its kind and arguments.
        public var onlyIfMissing: Bool

        /// Makes an exchange; a durable topic exchange unless said otherwise.
        public init(
            name: String, kind: String = "topic", durable: Bool = true, autoDelete: Bool = false, internal: Bool = false,
            arguments: AMQPTable = [:], onlyIfMissing: Bool = false
        ) {
            self.name = name
            self.kind = kind
            self.durable = durable
            self.autoDelete = autoDelete
            self.internal = `internal`
            self.arguments = arguments
            self.onlyIfMissing = onlyIfMissing
        }
    }

    /// A queue.
    public struct Queue: Sendable, Hashable {
        /// Its name, at most 255 bytes, never empty: a name made by the broker would change with each reconnect.
        public var name: String
        /// Survives a restart of the broker.
        public var durable: Bool
        /// Belongs to this client's connection and goes with it.
        public var exclusive: Bool
        /// Deleted when the last consumer goes.
        public var autoDelete: Bool
        /// Further arguments, for example `x-queue-type`.
        public var arguments: AMQPTable

        /// Makes a queue; durable unless said otherwise.
        public init(
            name: String, durable: Bool = true, exclusive: Bool = false, autoDelete: Bool = false, arguments: AMQPTable = [:]
        ) {
            self.name = name
            self.durable = durable
            self.exclusive = exclusive
            self.autoDelete = autoDelete
            self.arguments = arguments
        }
    }

    /// A binding.
    public struct Binding: Sendable, Hashable {
        /// The exchange that messages come from.
        public var source: String
        /// The queue or exchange that they go to.
        public var destination: String
        /// True if ``destination`` names an exchange.
        public var destinationIsExchange: Bool
        /// The routing key or pattern.
        public var routingKey: String
        /// Further arguments.
        public var arguments: AMQPTable

        /// Makes a binding to a queue unless said otherwise.
        public init(
            source: String, destination: String, destinationIsExchange: Bool = false, routingKey: String,
            arguments: AMQPTable = [:]
        ) {
            self.source = source
            self.destination = destination
            self.destinationIsExchange = destinationIsExchange
            self.routingKey = routingKey
            self.arguments = arguments
        }
    }

    /// Declared first.
    public var exchanges: [Exchange]
    /// Declared second.
    public var queues: [Queue]
    /// Bound last.
    public var bindings: [Binding]

    /// Makes a topology.
    public init(exchanges: [Exchange] = [], queues: [Queue] = [], bindings: [Binding] = []) {
        self.exchanges = exchanges
        self.queues = queues
        self.bindings = bindings
    }

    /// Adds what is new in `other`; an exchange or queue of the same name is replaced.
    package mutating func merge(_ other: AMQPTopology) {
        for exchange in other.exchanges {
            if let index = exchanges.firstIndex(where: { $0.name == exchange.name }) {
                exchanges[index] = exchange
            } else {
                exchanges.append(exchange)
            }
        }
        for queue in other.queues {
            if let index = queues.firstIndex(where: { $0.name == queue.name }) { queues[index] = queue } else { queues.append(queue) }
        }
        for binding in other.bindings where !bindings.contains(binding) { bindings.append(binding) }
    }

    /// Forgets a queue and its bindings.
    package mutating func forget(queue name: String) {
        queues.removeAll { $0.name == name }
        bindings.removeAll { !$0.destinationIsExchange && $0.destination == name }
    }

    /// Forgets an exchange and the bindings that touch it.
    package mutating func forget(exchange name: String) {
        exchanges.removeAll { $0.name == name }
        bindings.removeAll { $0.source == name || ($0.destinationIsExchange && $0.destination == name) }
    }

    /// The part that a second connection may declare: all but exclusive queues, which belong to the first.
    package var shared: AMQPTopology {
        let exclusive = Set(queues.lazy.filter(\.exclusive).map(\.name))
        guard !exclusive.isEmpty else { return self }
        return AMQPTopology(
            exchanges: exchanges, queues: queues.filter { !$0.exclusive },
            bindings: bindings.filter { $0.destinationIsExchange || !exclusive.contains($0.destination) })
    }
}
