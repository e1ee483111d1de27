/// Matches where binding key and routing key are equal (section 3.1.3.1).
final class DirectExchange: Exchange {
    private var byKey: [String: [Binding]] = [:]

    override func index(_ binding: Binding) { byKey[binding.definition.routingKey, default: []].append(binding) }

    override func unindex(_ binding: Binding) {
        let key = binding.definition.routingKey
        byKey[key]?.removeAll { $0 === binding }
        if byKey[key]?.isEmpty == true { byKey[key] = nil }
    }

    override func route(_ routing: Routing, key: String) {
        guard let bindings = byKey[key] else { return }
        for binding in bindings { routing.add(binding.destination) }
    }
}
