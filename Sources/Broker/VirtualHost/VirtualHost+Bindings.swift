/// The methods `bind` and `unbind` of queues and exchanges.
extension VirtualHost {
    /// Adds a binding; one that is there is no error.
    ///
    /// - Parameter requester: the connection that asks, for exclusive queues; nil for the broker itself.
    /// - Throws: 403 for the default exchange, 404 without source or destination, 405 for another connection's queue,
    ///   406 where the exchange refuses the binding.
    package func bind(_ declared: BindingDefinition, requester: ConnectionID?) throws(ProtocolFault) {
        let definition = declared.cleaned
        try checkEnds(of: definition)
        let source = try exchange(definition.source)
        let destination = try destination(of: definition, requester: requester)
        try source.validate(definition)
        guard source.bindings.find(definition) == nil else { return }
        guard core.bindingCount < core.limits.bindings else {
            throw ProtocolFault(.resourceError, "the broker's limit of \(core.limits.bindings) bindings is reached")
        }
        let binding = Binding(definition, source: source, destination: destination)
        if binding.isDurable { try core.record(.putBinding(host: name, definition)) }
        attach(binding)
        topologyChanged()
    }

    /// Removes a binding; one that is missing is no error. The last one takes an auto-delete exchange with it.
    package func unbind(_ declared: BindingDefinition, requester: ConnectionID?) throws(ProtocolFault) {
        let definition = declared.cleaned
        try checkEnds(of: definition)
        guard let binding = exchanges[definition.source]?.bindings.find(definition) else { return }
        if case .queue(let queue) = binding.destination { try checkAccess(to: queue, requester: requester) }
        if binding.isDurable { try core.record(.removeBinding(host: name, binding.definition)) }
        detach(binding)
        topologyChanged()
        removeIfUnused(binding.source)
    }

    /// Whether both ends of a binding are there.
    func hasEnds(of declared: BindingDefinition) -> Bool {
        let definition = declared.cleaned
        guard exchanges[definition.source] != nil else { return false }
        return definition.destinationIsExchange
            ? exchanges[definition.destination] != nil : queues[definition.destination] != nil
    }

    private func checkEnds(of definition: BindingDefinition) throws(ProtocolFault) {
        try checkNotDefault(definition.source)
        if definition.destinationIsExchange { try checkNotDefault(definition.destination) }
    }

    private func destination(
        of definition: BindingDefinition, requester: ConnectionID?
    ) throws(ProtocolFault) -> Binding.Destination {
        if definition.destinationIsExchange { return .exchange(try exchange(definition.destination)) }
        return .queue(try queue(definition.destination, requester: requester))
    }

    func attach(_ binding: Binding) {
        binding.source.add(binding)
        core.bindingCount += 1
        switch binding.destination {
        case .queue(let queue): queue.incoming[ObjectIdentifier(binding)] = binding
        case .exchange(let exchange): exchange.incoming[ObjectIdentifier(binding)] = binding
        }
    }

    func detach(_ binding: Binding) {
        binding.source.remove(binding)
        core.bindingCount -= 1
        switch binding.destination {
        case .queue(let queue): queue.incoming[ObjectIdentifier(binding)] = nil
        case .exchange(let exchange): exchange.incoming[ObjectIdentifier(binding)] = nil
        }
    }
}

extension BindingDefinition {
    fileprivate var cleaned: BindingDefinition {
        var copy = self
        copy.source = ResourceName.cleaned(source)
        copy.destination = ResourceName.cleaned(destination)
        return copy
    }
}
