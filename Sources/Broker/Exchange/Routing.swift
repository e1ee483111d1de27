/// Where one message goes: a walk over exchanges that visits each once, and collects each queue once.
///
/// There is one for a virtual host, used for one message after another, so that routing allocates nothing.
final class Routing {
    private(set) var queues: [Queue] = []
    private var waiting: [Exchange] = []
    private var seen: Set<ObjectIdentifier> = []
    private var visit: UInt64 = 0
    /// Whether anything was found at the exchange at hand.
    private var found = false
    /// Whether the result depends on more than exchange and routing key.
    private(set) var isSpecial = false
    /// The message, for exchanges that look at more than the key.
    private(set) var message: Message?
    private var decodedHeaders: FieldTable?

    /// The message's headers; empty where it has none.
    var headers: FieldTable {
        if let decodedHeaders { return decodedHeaders }
        let headers = message.flatMap { try? $0.headers() } ?? [:]
        decodedHeaders = headers
        return headers
    }

    /// - Parameter keys: the routing key, and those of `CC` and `BCC`.
    func route(_ message: Message, from exchange: Exchange, keys: [String], headers: FieldTable? = nil) -> [Queue] {
        begin(message, headers)
        enter(exchange)
        while let next = waiting.popLast() { expand(next, keys) }
        self.message = nil
        decodedHeaders = nil
        return queues
    }

    private func begin(_ message: Message, _ headers: FieldTable?) {
        self.message = message
        decodedHeaders = headers
        queues.removeAll(keepingCapacity: true)
        seen.removeAll(keepingCapacity: true)
        visit &+= 1
        isSpecial = false
    }

    private func expand(_ exchange: Exchange, _ keys: [String]) {
        found = false
        if !exchange.dependsOnKeyAlone { isSpecial = true }
        for key in keys { exchange.route(self, key: key) }
        guard !found, let name = exchange.alternate, let alternate = exchange.host.exchanges[name] else { return }
        enter(alternate)
    }

    private func enter(_ exchange: Exchange) {
        guard exchange.visit != visit else { return }
        exchange.visit = visit
        waiting.append(exchange)
    }

    func add(_ destination: Binding.Destination) {
        switch destination {
        case .queue(let queue): add(queue)
        case .exchange(let exchange):
            found = true
            enter(exchange)
        }
    }

    func add(_ queue: Queue) {
        found = true
        // Most messages go to a few queues; a set pays only beyond.
        if queues.count < 8 {
            guard !queues.contains(where: { $0 === queue }) else { return }
        } else {
            if queues.count == 8 { for queue in queues { seen.insert(ObjectIdentifier(queue)) } }
            guard seen.insert(ObjectIdentifier(queue)).inserted else { return }
        }
        queues.append(queue)
    }
}
