#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Spreads messages over its destinations by a hash of the routing key, a header or a property: one destination for
/// each message, the same for equal values. The binding key is the destination's weight.
///
/// Each destination draws a number from the hash of value and name, scaled by its weight; the highest wins. So a
/// destination that comes or goes moves only its own share, whatever the order of binding, and nothing needs to be
/// kept.
final class ConsistentHashExchange: Exchange {
    private let source: HashSource
    private var destinations: [Candidate] = []

    private struct Candidate {
        let binding: Binding
        let name: StableHash
        let weight: Double
    }

    init(_ source: HashSource, _ definition: ExchangeDefinition, type: ExchangeType, host: VirtualHost) {
        self.source = source
        super.init(definition, type: type, host: host)
    }

    override func validate(_ binding: BindingDefinition) throws(ProtocolFault) {
        guard let weight = Int(binding.routingKey) else {
            throw ProtocolFault(
                .preconditionFailed, "The binding key must be an integer: <<\"\(binding.routingKey)\">>")
        }
        guard weight > 0 else { throw ProtocolFault(.preconditionFailed, "The binding key must be greater than 0") }
    }

    /// As in RabbitMQ, a destination's first binding counts and further ones do not.
    override func index(_ binding: Binding) {
        guard !destinations.contains(where: { Self.isSame($0.binding, binding) }) else { return }
        var name = StableHash()
        name.combine(binding.definition.destinationIsExchange ? "exchange" : "queue")
        name.combine(binding.definition.destination)
        destinations.append(Candidate(binding: binding, name: name, weight: Double(binding.definition.routingKey) ?? 1))
    }

    override func unindex(_ binding: Binding) {
        guard let index = destinations.firstIndex(where: { $0.binding === binding }) else { return }
        destinations.remove(at: index)
        if let next = bindings.all.first(where: { Self.isSame($0, binding) }) { self.index(next) }
    }

    private static func isSame(_ one: Binding, _ other: Binding) -> Bool {
        one.definition.destination == other.definition.destination
            && one.definition.destinationIsExchange == other.definition.destinationIsExchange
    }

    override func route(_ routing: Routing, key: String) {
        let value = source.value(of: routing, key: key)
        var best: Candidate?
        var highest = -Double.infinity
        for candidate in destinations {
            var hash = candidate.name
            hash.combine(value)
            let score = -candidate.weight / log(hash.fraction)
            if score > highest {
                highest = score
                best = candidate
            }
        }
        if let best { routing.add(best.binding.destination) }
    }

    override var dependsOnKeyAlone: Bool { source == .routingKey }
}
