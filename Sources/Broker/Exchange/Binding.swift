/// A rule of an exchange: what matches it goes to the destination.
package final class Binding {
    package let definition: BindingDefinition
    unowned let source: Exchange
    let destination: Destination
    /// Its place in the list of its exchange.
    var index = 0

    enum Destination {
        case queue(Queue)
        case exchange(Exchange)
    }

    init(_ definition: BindingDefinition, source: Exchange, destination: Destination) {
        self.definition = definition
        self.source = source
        self.destination = destination
    }

    /// Whether it stays when the broker restarts.
    var isDurable: Bool {
        guard source.definition.durable else { return false }
        return switch destination {
        case .queue(let queue): queue.isDurable
        case .exchange(let exchange): exchange.definition.durable
        }
    }

    /// How management tools name a binding between a source and a destination.
    package var propertiesKey: String {
        let key = definition.routingKey
        return definition.arguments.isEmpty ? (key.isEmpty ? "~" : key) : "\(key)~\(argumentsHash)"
    }

    /// Tells apart the bindings of one key by their arguments; the same at every start.
    private var argumentsHash: String {
        var hash = StableHash()
        for field in definition.arguments.fields.sorted(by: { $0.name < $1.name }) {
            hash.combine(field.name)
            hash.combine(field.value.typeName)
            hash.combine(field.value.printed)
        }
        return String(hash.value, radix: 36)
    }
}
