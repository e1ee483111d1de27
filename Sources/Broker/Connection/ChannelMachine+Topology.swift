/// Exchanges, queues and bindings: permissions are checked here, in RabbitMQ's order; the virtual host does the rest.
extension ChannelMachine {
    func check(_ operation: AccessOperation, _ resource: AccessResource, _ name: String) throws(ProtocolFault) {
        try broker.access.check(user.name, operation, resource, name, host: virtualHost.name)
    }

    /// An empty name stands for the queue that this channel declared last.
    func queueName(_ name: String) throws(ProtocolFault) -> String {
        guard name.isEmpty else { return name }
        guard !lastQueue.isEmpty else { throw ProtocolFault(.notFound, "no previously declared queue") }
        return lastQueue
    }

    /// RabbitMQ drops line ends from names that are declared.
    private static func name(_ name: String) -> String {
        name.utf8.contains { $0 == 10 || $0 == 13 } ? String(name.unicodeScalars.filter { $0 != "\n" && $0 != "\r" }) : name
    }

    private static func refuseDefaultExchange(_ name: String) throws(ProtocolFault) {
        if name.isEmpty { throw ProtocolFault(.accessRefused, "operation not permitted on the default exchange") }
    }

    // MARK: Exchanges

    func declareExchange(_ request: ExchangeDeclare) throws(ProtocolFault) {
        let name = Self.name(request.exchange)
        try Self.refuseDefaultExchange(name)
        if !request.passive {
            try check(.configure, .exchange, name)
            if let alternate = request.arguments["alternate-exchange"]?.text, virtualHost.exchanges[name] == nil {
                try check(.read, .exchange, name)
                try check(.write, .exchange, alternate)
            }
        }
        let definition = ExchangeDefinition(
            name: name, type: request.type, durable: request.durable, autoDelete: request.autoDelete,
            isInternal: request.isInternal, arguments: request.arguments)
        try virtualHost.declareExchange(definition, passive: request.passive)
        if !request.noWait { send(ExchangeDeclareOK()) }
    }

    func deleteExchange(_ request: ExchangeDelete) throws(ProtocolFault) {
        let name = Self.name(request.exchange)
        try Self.refuseDefaultExchange(name)
        if name.hasPrefix("amq.") {
            throw ProtocolFault(
                .accessRefused, "deletion of system exchange '\(name)' in vhost '\(virtualHost.name)' not allowed")
        }
        try check(.configure, .exchange, name)
        try virtualHost.deleteExchange(name, ifUnused: request.ifUnused)
        if !request.noWait { send(ExchangeDeleteOK()) }
    }

    func bindExchange(_ request: ExchangeBind) throws(ProtocolFault) {
        let binding = BindingDefinition(
            source: Self.name(request.source), destination: Self.name(request.destination), destinationIsExchange: true,
            routingKey: request.routingKey, arguments: request.arguments)
        try checkBinding(binding)
        try virtualHost.bind(binding, requester: connection.id)
        if !request.noWait { send(ExchangeBindOK()) }
    }

    func unbindExchange(_ request: ExchangeUnbind) throws(ProtocolFault) {
        let binding = BindingDefinition(
            source: Self.name(request.source), destination: Self.name(request.destination), destinationIsExchange: true,
            routingKey: request.routingKey, arguments: request.arguments)
        try checkBinding(binding)
        try virtualHost.unbind(binding, requester: connection.id)
        if !request.noWait { send(ExchangeUnbindOK()) }
    }

    private func checkBinding(_ binding: BindingDefinition) throws(ProtocolFault) {
        try check(.write, binding.destinationIsExchange ? .exchange : .queue, binding.destination)
        try Self.refuseDefaultExchange(binding.source)
        if binding.destinationIsExchange { try Self.refuseDefaultExchange(binding.destination) }
        try check(.read, .exchange, binding.source)
    }

    // MARK: Queues

    func declareQueue(_ request: QueueDeclare) throws(ProtocolFault) {
        let name = Self.name(request.queue)
        if name.hasPrefix(PropertyScan.directReplyTo) { return try declareReplies(name, noWait: request.noWait) }
        let queue: Queue
        if request.passive {
            queue = try virtualHost.queue(try queueName(name), requester: connection.id)
        } else {
            queue = try virtualHost.declareQueue(try declaration(name, request), requester: connection.id)
        }
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
        if let deadLetters = request.arguments["x-dead-letter-exchange"]?.text, virtualHost.queues[name] == nil {
            try check(.read, .queue, name)
            try check(.write, .exchange, deadLetters)
        }
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
        try checkBinding(binding)
        try virtualHost.bind(binding, requester: connection.id)
        if !request.noWait { send(QueueBindOK()) }
    }

    func unbindQueue(_ request: QueueUnbind) throws(ProtocolFault) {
        let binding = try binding(request.queue, request.exchange, request.routingKey, request.arguments)
        try checkBinding(binding)
        try virtualHost.unbind(binding, requester: connection.id)
        send(QueueUnbindOK())
    }

    /// Without a queue's name, an empty routing key too stands for the queue that was declared last.
    private func binding(
        _ queue: String, _ exchange: String, _ key: String, _ arguments: FieldTable
    ) throws(ProtocolFault) -> BindingDefinition {
        BindingDefinition(
            source: Self.name(exchange), destination: Self.name(try queueName(queue)),
            routingKey: queue.isEmpty && key.isEmpty ? lastQueue : key, arguments: arguments)
    }

    func purgeQueue(_ request: QueuePurge) throws(ProtocolFault) {
        let name = try queueName(request.queue)
        try check(.read, .queue, name)
        let count = try virtualHost.purgeQueue(name, requester: connection.id)
        if !request.noWait { send(QueuePurgeOK(messageCount: UInt32(clamping: count))) }
    }

    func deleteQueue(_ request: QueueDelete) throws(ProtocolFault) {
        let name = Self.name(try queueName(request.queue))
        try check(.configure, .queue, name)
        // A client that deletes the queue it consumes from waits for the answer and may take a notice before it for an error.
        connection.withheldCancels = []
        defer { connection.sendWithheldCancels() }
        let count = try virtualHost.deleteQueue(
            name, ifUnused: request.ifUnused, ifEmpty: request.ifEmpty, requester: connection.id)
        if !request.noWait { send(QueueDeleteOK(messageCount: UInt32(clamping: count))) }
    }
}
