/// An exchange: bindings, and the rule by which they are chosen for a message.
package class Exchange {
    package let definition: ExchangeDefinition
    package let type: ExchangeType
    package unowned let host: VirtualHost
    /// Where messages go that match no binding.
    let alternate: String?
    /// Bindings from this exchange.
    private(set) var bindings = BindingSet()
    /// Bindings from other exchanges to this one.
    var incoming: [ObjectIdentifier: Binding] = [:]
    /// Messages published to it.
    package internal(set) var published: UInt64 = 0

    /// Marks an exchange that the present message has been at, so that a cycle ends.
    var visit: UInt64 = 0

    init(_ definition: ExchangeDefinition, type: ExchangeType, host: VirtualHost) {
        self.definition = definition
        self.type = type
        self.host = host
        alternate = definition.arguments["alternate-exchange"]?.text
    }

    package var name: String { definition.name }
    package var isInternal: Bool { definition.isInternal }
    /// As error texts name it: `exchange 'orders' in vhost '/'`.
    package var resource: String { host.exchangeResource(name) }
    package var bindingCount: Int { bindings.count }

    final func add(_ binding: Binding) {
        bindings.insert(binding)
        index(binding)
    }

    final func remove(_ binding: Binding) {
        bindings.remove(binding)
        unindex(binding)
    }

    // MARK: What each type does

    /// - Throws: 406 where the type refuses such a binding.
    func validate(_ binding: BindingDefinition) throws(ProtocolFault) {}

    /// Prepares routing for a new binding.
    func index(_ binding: Binding) {}

    func unindex(_ binding: Binding) {}

    /// Adds the destinations of a message; one may be added more than once.
    func route(_ routing: Routing, key: String) {}

    /// Whether the destinations depend on the routing key alone, so that they can be remembered.
    var dependsOnKeyAlone: Bool { true }
}
