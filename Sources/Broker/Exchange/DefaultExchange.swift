/// The exchange without a name: every queue is bound to it by its own name, and nothing else is (section 3.1.3.1).
final class DefaultExchange: Exchange {
    init(host: VirtualHost) {
        super.init(ExchangeDefinition(name: "", type: ExchangeType.direct.rawValue), type: .direct, host: host)
    }

    override func route(_ routing: Routing, key: String) {
        if let queue = host.queues[key] { routing.add(queue) }
    }
}
