/// Matches every message (section 3.1.3.2).
final class FanoutExchange: Exchange {
    override func route(_ routing: Routing, key: String) {
        for binding in bindings.all { routing.add(binding.destination) }
    }
}
