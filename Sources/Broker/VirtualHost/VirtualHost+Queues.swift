/// The class `queue`.
extension VirtualHost {
    /// - Parameter requester: the connection that asks; nil for the broker itself, which may use every queue.
    /// - Throws: 404 without the queue, 405 for another connection's exclusive one.
    package func queue(_ queueName: String, requester: ConnectionID?) throws(ProtocolFault) -> Queue {
        let queueName = ResourceName.cleaned(queueName)
        guard let queue = queues[queueName] else { throw ProtocolFault(.notFound, "no \(queueResource(queueName))") }
        try checkAccess(to: queue, requester: requester)
        return queue
    }

    func checkAccess(to queue: Queue, requester: ConnectionID?) throws(ProtocolFault) {
        guard let owner = queue.owner, let requester, owner != requester else { return }
        throw locked(queue)
    }

    private func locked(_ queue: Queue) -> ProtocolFault {
        ProtocolFault(
            .resourceLocked,
            "cannot obtain exclusive access to locked \(queue.resource). It could be originally declared on another connection "
                + "or the exclusive property value does not match that of the original declaration.")
    }

    /// - Throws: 403 for reserved names, 405 for another connection's queue, 406 where the queue is there and
    ///   different, or for arguments that its type refuses; 404 where it is only asked for (`passive`) and missing.
    @discardableResult
    package func declareQueue(
        _ declared: QueueDeclaration, requester: ConnectionID?
    ) throws(ProtocolFault) -> Queue {
        var declaration = declared
        declaration.name = ResourceName.cleaned(declared.name)
        // RabbitMQ keeps no exclusive queue beyond its connection, whatever was asked for.
        declaration.durable = declared.durable && !declared.exclusive
        if declaration.passive {
            let queue = try queue(declaration.name, requester: requester)
            queue.touch()
            return queue
        }
        if let present = queues[declaration.name] {
            try requireEquivalence(of: declaration, to: present, requester: requester)
            present.touch()
            return present
        }
        return try create(declaration, owner: declaration.exclusive ? requester : nil)
    }

    private func requireEquivalence(
        of declaration: QueueDeclaration, to queue: Queue, requester: ConnectionID?
    ) throws(ProtocolFault) {
        guard queue.owner == (declaration.exclusive ? requester : nil) else { throw locked(queue) }
        let equivalence = Equivalence(resource: queue.resource)
        try equivalence.require("durable", declaration.durable, is: queue.definition.durable)
        try equivalence.require("auto_delete", declaration.autoDelete, is: queue.definition.autoDelete)
        for argument in queue.type.arguments.sorted() {
            try equivalence.require(argument, in: declaration.arguments, is: queue.definition.arguments)
        }
    }

    private func create(_ declaration: QueueDeclaration, owner: ConnectionID?) throws(ProtocolFault) -> Queue {
        let queueName = try newName(for: declaration)
        let resource = queueResource(queueName)
        try checkReference("x-dead-letter-exchange", in: declaration.arguments, resource)
        let type = try QueueArguments.validate(declaration.arguments, resource: resource)
        if type == .quorum { try checkQuorum(declaration, resource) }
        guard core.queueCount < core.limits.queues else {
            throw ProtocolFault(.resourceError, "the broker's limit of \(core.limits.queues) queues is reached")
        }
        let definition = QueueDefinition(
            id: core.nextQueueID(durable: declaration.durable), name: queueName, durable: declaration.durable,
            exclusive: declaration.exclusive, autoDelete: declaration.autoDelete, arguments: declaration.arguments)
        if definition.durable { try core.record(.putQueue(host: name, definition)) }
        return add(definition, owner: owner)
    }

    private func newName(for declaration: QueueDeclaration) throws(ProtocolFault) -> String {
        guard declaration.name.isEmpty else {
            try ResourceName.checkNotReserved(declaration.name, kind: "queue")
            return declaration.name
        }
        let type = try QueueArguments.type(of: declaration.arguments, resource: queueResource(""))
        guard type == .classic else {
            throw ProtocolFault(
                .preconditionFailed, "Cannot declare a server-named queue for type \(type.moduleName)")
        }
        return ResourceName.generated()
    }

    private func checkQuorum(_ declaration: QueueDeclaration, _ resource: String) throws(ProtocolFault) {
        let property: String? =
            if declaration.autoDelete {
                "auto-delete"
            } else if declaration.exclusive {
                "exclusive-owner"
            } else {
                declaration.durable ? nil : "non-durable"
            }
        guard let property else { return }
        throw ProtocolFault(.preconditionFailed, "invalid property '\(property)' for \(resource)")
    }

    func add(_ definition: QueueDefinition, owner: ConnectionID?) -> Queue {
        let queue = Queue(definition, owner: owner, host: self)
        queues[definition.name] = queue
        core.register(queue)
        if let owner { exclusiveQueues[owner, default: [:]][definition.name] = queue }
        queue.touch()
        queue.armDisuseTimer()
        topologyChanged()
        return queue
    }

    /// One that is missing is no error.
    ///
    /// - Returns: how many messages waited in it.
    /// - Throws: 405 for another connection's queue, 406 where it has consumers or messages and the flags say to leave
    ///   it then, 540 for these flags with a quorum queue, as in RabbitMQ.
    @discardableResult
    package func deleteQueue(
        _ queueName: String, ifUnused: Bool = false, ifEmpty: Bool = false, requester: ConnectionID?
    ) throws(ProtocolFault) -> Int {
        guard let queue = queues[ResourceName.cleaned(queueName)] else { return 0 }
        try checkAccess(to: queue, requester: requester)
        if queue.type == .quorum, ifUnused || ifEmpty {
            throw ProtocolFault(
                .notImplemented,
                "cannot delete \(queue.resource). queue.delete operations with \(ifUnused ? "if-unused" : "if-empty") flag set are "
                    + "not supported by quorum queues")
        }
        guard !ifUnused || queue.consumers.isEmpty else {
            throw ProtocolFault(.preconditionFailed, "\(queue.resource) in use")
        }
        guard !ifEmpty || queue.ready.isEmpty else {
            throw ProtocolFault(.preconditionFailed, "\(queue.resource) not empty")
        }
        if queue.isDurable { try core.record(.removeQueue(host: name, name: queue.name)) }
        return forget(queue)
    }

    /// - Returns: how many messages waited in it and are gone; those with consumers stay.
    /// - Throws: 404 without the queue, 405 for another connection's.
    @discardableResult
    package func purgeQueue(_ queueName: String, requester: ConnectionID?) throws(ProtocolFault) -> Int {
        try queue(queueName, requester: requester).purge()
    }

    /// A connection is gone, and its exclusive queues with it.
    package func connectionClosed(_ id: ConnectionID) {
        guard let queues = exclusiveQueues.removeValue(forKey: id) else { return }
        for queue in queues.values.sorted(by: { $0.id.rawValue < $1.id.rawValue }) { remove(queue) }
    }

    /// Deletes a queue that is used no longer.
    func remove(_ queue: Queue) {
        guard !queue.isDeleted else { return }
        if queue.isDurable { core.recordOrStop(.removeQueue(host: name, name: queue.name)) }
        forget(queue)
        drainDeadLetters()
    }

    @discardableResult
    func forget(_ queue: Queue) -> Int {
        queue.isDeleted = true
        queues[queue.name] = nil
        if let owner = queue.owner { exclusiveQueues[owner]?[queue.name] = nil }
        let sources = queue.incoming.values.map(\.source)
        for binding in Array(queue.incoming.values) { detach(binding) }
        topologyChanged()
        for source in sources { removeIfUnused(source) }
        queue.cancelTimers()
        let count = queue.purge()
        core.unregister(queue)
        counters.deletedQueues += queue.statistics
        queue.cancelConsumers()
        return count
    }
}
