/// The class `exchange`.
extension VirtualHost {
    /// - Throws: 404 without the exchange.
    package func exchange(_ name: String) throws(ProtocolFault) -> Exchange {
        guard let exchange = exchanges[name] else {
            throw ProtocolFault(.notFound, "no \(exchangeResource(name))")
        }
        return exchange
    }

    /// - Throws: 503 for a type that does not exist, 403 for reserved names, 406 where the exchange is there and
    ///   different, or for bad arguments; 404 where it is only asked for (`passive`) and missing.
    @discardableResult
    package func declareExchange(_ declared: ExchangeDefinition, passive: Bool = false) throws(ProtocolFault)
        -> Exchange
    {
        var definition = declared
        definition.name = ResourceName.cleaned(declared.name)
        if passive {
            try checkNotDefault(definition.name)
            return try exchange(definition.name)
        }
        let type = try ExchangeType(checking: definition.type)
        try checkNotDefault(definition.name)
        if let present = exchanges[definition.name] {
            try requireEquivalence(of: definition, to: present)
            return present
        }
        try ResourceName.checkNotReserved(definition.name, kind: "exchange")
        try checkReference("alternate-exchange", in: definition.arguments, exchangeResource(definition.name))
        return try create(definition, type)
    }

    private func create(_ definition: ExchangeDefinition, _ type: ExchangeType) throws(ProtocolFault) -> Exchange {
        guard core.exchangeCount < core.limits.exchanges else {
            throw ProtocolFault(.resourceError, "the broker's limit of \(core.limits.exchanges) exchanges is reached")
        }
        let exchange = try type.makeExchange(definition, host: self)
        if definition.durable { try core.record(.putExchange(host: name, definition)) }
        exchanges[definition.name] = exchange
        core.exchangeCount += 1
        topologyChanged()
        return exchange
    }

    private func requireEquivalence(of definition: ExchangeDefinition, to present: Exchange) throws(ProtocolFault) {
        let equivalence = Equivalence(resource: present.resource)
        let current = present.definition
        try equivalence.require("type", definition.type, is: current.type)
        try equivalence.require("durable", definition.durable, is: current.durable)
        try equivalence.require("auto_delete", definition.autoDelete, is: current.autoDelete)
        try equivalence.require("internal", definition.isInternal, is: current.isInternal)
        try equivalence.require("alternate-exchange", in: definition.arguments, is: current.arguments)
    }

    /// One that is missing is no error.
    ///
    /// - Throws: 403 for the broker's own, 406 where it has bindings and `ifUnused` is set.
    package func deleteExchange(_ exchangeName: String, ifUnused: Bool) throws(ProtocolFault) {
        let exchangeName = ResourceName.cleaned(exchangeName)
        try checkDeletable(exchangeName)
        guard let exchange = exchanges[exchangeName] else { return }
        guard !ifUnused || exchange.bindings.isEmpty else {
            throw ProtocolFault(.preconditionFailed, "\(exchange.resource) in use")
        }
        if exchange.definition.durable { try core.record(.removeExchange(host: name, name: exchangeName)) }
        forget(exchange)
    }

    /// Takes an exchange out with all its bindings, and with the auto-delete exchanges that lose their last binding by
    /// it.
    func forget(_ exchange: Exchange) {
        var waiting = [exchange]
        while let next = waiting.popLast() {
            guard exchanges.removeValue(forKey: next.name) != nil else { continue }
            core.exchangeCount -= 1
            for binding in next.bindings.all { detach(binding) }
            for binding in Array(next.incoming.values) {
                detach(binding)
                if binding.source.isUnusedAutoDelete { waiting.append(binding.source) }
            }
            // The one that was asked for is recorded already.
            if next !== exchange, next.definition.durable {
                core.recordOrStop(.removeExchange(host: name, name: next.name))
            }
        }
        topologyChanged()
    }

    /// Takes an exchange out that deletes itself, if it lost its last binding.
    func removeIfUnused(_ exchange: Exchange) {
        guard exchange.isUnusedAutoDelete, exchanges[exchange.name] === exchange else { return }
        if exchange.definition.durable { core.recordOrStop(.removeExchange(host: name, name: exchange.name)) }
        forget(exchange)
    }

    func checkNotDefault(_ exchangeName: String) throws(ProtocolFault) {
        guard !exchangeName.isEmpty else {
            throw ProtocolFault(.accessRefused, "operation not permitted on the default exchange")
        }
    }

    /// - Throws: 403 for the broker's own.
    func checkDeletable(_ exchangeName: String) throws(ProtocolFault) {
        try checkNotDefault(exchangeName)
        guard !exchangeName.hasPrefix("amq.") else {
            throw ProtocolFault(.accessRefused, "deletion of system \(exchangeResource(exchangeName)) not allowed")
        }
    }

    /// The argument that names another exchange must be text.
    func checkReference(_ argument: String, in arguments: FieldTable, _ resource: String) throws(ProtocolFault) {
        guard let value = arguments[argument], !value.isLongString else { return }
        throw ProtocolFault(
            .preconditionFailed, "invalid type '\(value.typeName)' for arg '\(argument)' in \(resource)")
    }
}

extension Exchange {
    var isUnusedAutoDelete: Bool { definition.autoDelete && bindings.isEmpty }
}
