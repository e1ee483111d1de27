import Contracts

extension ManagementAPI {
    /// The figures that tools and autoscalers read.
    func json(_ queue: Queue) -> JSONValue {
        let consumers = queue.consumerCount
        let readyBytes = queue.messageBytes
        let unacknowledgedBytes = queue.unacknowledgedBytes
        let own: JSONValue = [
            "state": "running", "node": .string(nodeName), "exclusive": .bool(queue.definition.exclusive),
            "owner_pid_details": owner(of: queue), "consumers": .int(consumers),
            "consumer_utilisation": queue.messageCount == 0 && consumers > 0 ? 1 : 0,
            "consumer_capacity": queue.messageCount == 0 && consumers > 0 ? 1 : 0,
            "exclusive_consumer_tag": .text(queue.exclusiveConsumer?.tag), "single_active_consumer_tag": .text(queue.activeConsumer?.tag),
            "policy": nil, "operator_policy": nil, "effective_policy_definition": [:],
            "message_bytes": .int(readyBytes + unacknowledgedBytes), "message_bytes_ready": .int(readyBytes),
            "message_bytes_unacknowledged": .int(unacknowledgedBytes), "reductions": 0,
            "memory": .int(queue.readyMemory), "message_bytes_ram": .int(queue.readyMemory),
            "backing_queue_status": rates.backingQueue(queue), "message_stats": rates.json(queue),
            "slave_nodes": [], "synchronised_slave_nodes": [], "recoverable_slaves": [],
        ]
        return queueJSON(queue.definition, host: queue.host.name)
            .merging(["type": .string(queue.type.rawValue)])
            .merging(queueTotals(ready: queue.messageCount, unacknowledged: queue.unacknowledgedCount)).merging(own)
    }

    private func owner(of queue: Queue) -> JSONValue {
        guard let owner = queue.owner, let connection = broker.machines[owner]?.peer else { return [:] }
        return ["name": .string(connection.name), "peer_host": .string(connection.peerHost), "peer_port": .int(connection.peerPort)]
    }

    func queueJSON(_ definition: QueueDefinition, host: String) -> JSONValue {
        [
            "name": .string(definition.name), "vhost": .string(host), "durable": .bool(definition.durable),
            "auto_delete": .bool(definition.autoDelete), "arguments": definition.arguments.json,
        ]
    }

    func queues(_ request: ManagementRequest, in hosts: [VirtualHost]) throws -> ManagementOutcome {
        let all = hosts.flatMap { $0.queues.values.sorted { $0.name < $1.name } }
        return try Listing(request).reply(all, name: \.name, build: json)
    }

    /// The queue of a request's path.
    func existingQueue(_ request: ManagementRequest, in host: VirtualHost) throws -> Queue {
        guard let queue = host.queues[request["queue"]] else { throw ManagementFailure.notFound }
        return queue
    }

    func queue(_ request: ManagementRequest) throws -> ManagementOutcome {
        let queue = try existingQueue(request, in: host(request))
        let names = connectionNames
        let details: JSONValue = [
            "consumer_details": .array(queue.allConsumers.map { json($0, names) }), "incoming": [], "deliveries": [],
        ]
        return try Listing(request).reply(json(queue).merging(details))
    }

    func putQueue(_ request: ManagementRequest) throws -> ManagementOutcome {
        let host = try openHost(request)
        let declaration = try Self.queueDeclaration(try request.object(), name: request["queue"], depth: limits.fieldTableDepth)
        return try declare(
            .queue, declaration.name, isNew: host.queues[declaration.name] == nil,
            forwardingTo: declaration.arguments["x-dead-letter-exchange"], in: host, for: request.user
        ) { try host.declareQueue(declaration, requester: Self.requester) }
    }

    static func queueDeclaration(_ body: JSONObject, name: String, depth: Int) throws -> QueueDeclaration {
        try QueueDeclaration(
            name: shortString(name, "the name of a queue"), durable: bool("durable", of: body, default: true),
            autoDelete: bool("auto_delete", of: body, default: false), arguments: FieldTable.read("arguments", of: body, depth: depth))
    }

    func deleteQueue(_ request: ManagementRequest) throws -> ManagementOutcome {
        let host = try openHost(request)
        let queue = try existingQueue(request, in: host)
        try access.check(request.user.name, .configure, .queue, queue.name, host: host.name)
        try host.deleteQueue(
            queue.name, ifUnused: request.flag("if-unused"), ifEmpty: request.flag("if-empty"), requester: Self.requester)
        return whenDurable(.noContent)
    }

    func purgeQueue(_ request: ManagementRequest) throws -> ManagementOutcome {
        let host = try openHost(request)
        let queue = try existingQueue(request, in: host)
        try access.check(request.user.name, .read, .queue, queue.name, host: host.name)
        try host.purgeQueue(queue.name, requester: Self.requester)
        return whenDurable(.noContent)
    }
}
