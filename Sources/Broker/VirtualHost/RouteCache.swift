/// Remembers where messages went, until the topology changes.
struct RouteCache {
    private struct Key: Hashable {
        let exchange: String
        let routingKey: String
    }

    /// Entries beyond which all is forgotten: routing keys may be as many as messages.
    private static let capacity = 8_192

    /// The last answer. Most publishers send to one place; comparing two strings is much less than hashing them.
    private var exchange: Exchange?
    private var routingKey = ""
    private var queues: [Queue] = []
    private var entries: [Key: [Queue]] = [:]

    @inline(__always)
    func last(_ exchange: String, _ routingKey: String) -> (Exchange, [Queue])? {
        guard let last = self.exchange, last.definition.name == exchange, self.routingKey == routingKey else {
            return nil
        }
        return (last, queues)
    }

    mutating func find(_ exchange: Exchange, _ routingKey: String) -> [Queue]? {
        guard let queues = entries[Key(exchange: exchange.name, routingKey: routingKey)] else { return nil }
        remember(exchange, routingKey, queues)
        return queues
    }

    mutating func insert(_ exchange: Exchange, _ routingKey: String, _ queues: [Queue]) {
        remember(exchange, routingKey, queues)
        // A direct lookup is no slower than this cache.
        guard exchange.type != .direct else { return }
        if entries.count >= Self.capacity { entries.removeAll(keepingCapacity: true) }
        entries[Key(exchange: exchange.name, routingKey: routingKey)] = queues
    }

    private mutating func remember(_ exchange: Exchange, _ routingKey: String, _ queues: [Queue]) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.queues = queues
    }

    mutating func removeAll() {
        exchange = nil
        queues = []
        if !entries.isEmpty { entries.removeAll() }
    }
}
