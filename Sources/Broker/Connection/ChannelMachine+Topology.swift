/// Exchanges, queues and bindings: permissions are checked here, in RabbitMQ's order; the virtual host does the rest.
extension ChannelMachine {
    func check(_ operation: AccessOperation, _ resource: AccessResource, _ name: String) throws(ProtocolFault) {
        try broker.access.check(user.name, operation, resource, name, host: virtualHost.name)
    }

    private func checkForwarding(_ resource: AccessResource, _ name: String, to exchange: FieldValue?) throws(ProtocolFault) {
        try broker.access.checkForwarding(user.name, resource, name, to: exchange, host: virtualHost.name)
    }

    /// An empty name stands for the queue that this channel declared last.
    func queueName(_ name: String) throws(ProtocolFault) -> String {
        guard name.isEmpty else { return name }
        guard !lastQueue.isEmpty else { throw ProtocolFault(.notFound, "no previously declared queue") }
        return lastQueue
    }

    // MARK: Exchanges

    func declareExchange(_ request: ExchangeDeclare) throws(ProtocolFault) {
        let name = ResourceName.cleaned(request.exchange)
        try virtualHost.checkNotDefault(name)
        if !request.passive {
            try check(.configure, .exchange, name)
            if virtualHost.exchanges[name] == nil { try checkForwarding(.exchange, name, to: request.arguments["alternate-exchange"]) }
        }
        let definition = ExchangeDefinition(
            name: name, type: request.type, durable: request.durable, autoDelete: request.autoDelete,
            isInternal: request.isInternal, arguments: request.arguments)
        try virtualHost.declareExchange(definition, passive: request.passive)
        if !request.noWait { send(ExchangeDeclareOK()) }
    }

    func deleteExchange(_ request: ExchangeDelete) throws(ProtocolFault) {
        let name = ResourceName.cleaned(request.exchange)
        try virtualHost.checkDeletable(name)
        try check(.configure, .exchange, name)
        try virtualHost.deleteExchange(name, ifUnused: request.ifUnused)
        if !request.noWait { send(ExchangeDeleteOK()) }
    }

    func bindExchange(_ request: ExchangeBind) throws(ProtocolFault) {
        let binding = try binding(request)
        try virtualHost.bind(binding, requester: connection.id)
        if !request.noWait { send(ExchangeBindOK()) }
    }

    func unbindExchange(_ request: ExchangeUnbind) throws(ProtocolFault) {
        let binding = try binding(request)
        try virtualHost.unbind(binding, requester: connection.id)
        if !request.noWait { send(ExchangeUnbindOK()) }
    }

    private func binding(_ request: some ExchangeBindingMethod) throws(ProtocolFault) -> BindingDefinition {
        let binding = BindingDefinition(
            source: ResourceName.cleaned(request.source), destination: ResourceName.cleaned(request.destination),
            destinationIsExchange: true, routingKey: request.routingKey, arguments: request.arguments)
        try checkBinding(binding)
        return binding
    }

    private func checkBinding(_ binding: BindingDefinition) throws(ProtocolFault) {
        try check(.write, binding.destinationIsExchange ? .exchange : .queue, binding.destination)
        try virtualHost.checkNotDefault(binding.source)
        if binding.destinationIsExchange { try virtualHost.checkNotDefault(binding.destination) }
        try check(.read, .exchange, binding.source)
    }

    // MARK: Queues

    func declareQueue(_ request: QueueDeclare) throws(ProtocolFault) {
        let name = ResourceName.cleaned(request.queue)
        if name.hasPrefix(PropertyScan.directReplyTo) { return try declareReplies(name, noWait: request.noWait) }
        let declaration =
            request.passive ? QueueDeclaration(name: name, passive: true) : try declaration(name, request)
        let queue = try virtualHost.declareQueue(declaration, requester: connection.id)
        lastQueue = queue.name
        guard !request.noWait else { return }
        send(
            QueueDeclareOK(
                queue: queue.name, messageCount: UInt32(clamping: queue.messageCount),
                consumerCount: UInt32(clamping: queue.consumerCount)))
    }

    private func declaration(_ name: String, _ request: QueueDeclare) throws(ProtocolFault) -> QueueDeclaration {
        // The name that the broker would choose is not known yet; a pattern for it has to allow its prefix.
        try check(.configure, .queue, name.isEmpty ? "amq.gen-" : name)
        if virtualHost.queues[name] == nil { try checkForwarding(.queue, name, to: request.arguments["x-dead-letter-exchange"]) }
        return QueueDeclaration(
            name: name, durable: request.durable, exclusive: request.exclusive, autoDelete: request.autoDelete,
            arguments: request.arguments)
    }

    /// Declaring the address of a direct reply asks whether its consumer is still there.
    private func declareReplies(_ name: String, noWait: Bool) throws(ProtocolFault) {
        let token = String(name.dropFirst(Self.replyPrefix.count))
        guard name == PropertyScan.directReplyTo || broker.replyConsumers[token] != nil else {
            throw ProtocolFault(.notFound, "no queue '\(name)' in vhost '\(virtualHost.name)'")
        }
        if !noWait { send(QueueDeclareOK(queue: name, messageCount: 0, consumerCount: 1)) }
    }

    func bindQueue(_ request: QueueBind) throws(ProtocolFault) {
        let binding = try binding(request.queue, request.exchange, request.routingKey, request.arguments)
        try virtualHost.bind(binding, requester: connection.id)
        if !request.noWait { send(QueueBindOK()) }
    }

    func unbindQueue(_ request: QueueUnbind) throws(ProtocolFault) {
        let binding = try binding(request.queue, request.exchange, request.routingKey, request.arguments)
        try virtualHost.unbind(binding, requester: connection.id)
        send(QueueUnbindOK())
    }

    /// Without a queue's name, an empty routing key too stands for the queue that was declared last.
    private func binding(
        _ queue: String, _ exchange: String, _ key: String, _ arguments: FieldTable
    ) throws(ProtocolFault) -> BindingDefinition {
        let binding = BindingDefinition(
            source: ResourceName.cleaned(exchange), destination: ResourceName.cleaned(try queueName(queue)),
            routingKey: queue.isEmpty && key.isEmpty ? lastQueue : key, arguments: arguments)
        try checkBinding(binding)
        return binding
    }

    func purgeQueue(_ request: QueuePurge) throws(ProtocolFault) {
        let name = try queueName(request.queue)
        try check(.read, .queue, name)
        let count = try virtualHost.purgeQueue(name, requester: connection.id)
        if !request.noWait { send(QueuePurgeOK(messageCount: UInt32(clamping: count))) }
    }

    func deleteQueue(_ request: QueueDelete) throws(ProtocolFault) {
        let name = ResourceName.cleaned(try queueName(request.queue))
        try check(.configure, .queue, name)
        // A client that deletes the queue it consumes from waits for the answer and may take a notice before it for an error.
        connection.withheldCancels = []
        defer { connection.sendWithheldCancels() }
        let count = try virtualHost.deleteQueue(
            name, ifUnused: request.ifUnused, ifEmpty: request.ifEmpty, requester: connection.id)
        if !request.noWait { send(QueueDeleteOK(messageCount: UInt32(clamping: count))) }
    }
}
