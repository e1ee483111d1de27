import Contracts

/// Definitions as a file: https://www.rabbitmq.com/docs/definitions
extension ManagementAPI {
    /// Everything that is durable, in a form that RabbitMQ imports too.
    func definitions() -> JSONValue {
        var parts = head
        parts = parts.merging([
            "users": .array(access.allUsers.map(json)),
            "vhosts": .array(hosts.map { ["name": .string($0.name)] }),
            "permissions": .array(access.allPermissions.filter { core.hosts[$0.host] != nil }.map(json)),
            "topic_permissions": [], "parameters": [], "global_parameters": [], "policies": [],
        ])
        return parts.merging(topology(hosts, namesHost: true))
    }

    /// What is in one virtual host, without its name, so that it can be imported into another.
    func definitions(of host: VirtualHost) -> JSONValue {
        head.merging(["policies": [], "parameters": []]).merging(topology([host], namesHost: false))
    }

    private var hosts: [VirtualHost] { core.hosts.values.sorted { $0.name < $1.name } }

    private var head: JSONValue {
        [
            "rabbit_version": .string(Self.compatibleVersion), "rabbitmq_version": .string(Self.compatibleVersion),
            "product_name": .string(broker.configuration.product), "product_version": .string(broker.configuration.version),
        ]
    }

    private func topology(_ hosts: [VirtualHost], namesHost: Bool) -> JSONValue {
        func named(_ value: JSONValue) -> JSONValue {
            var value = value
            if !namesHost { value["vhost"] = nil }
            return value
        }
        var queues: [JSONValue] = []
        var exchanges: [JSONValue] = []
        var bindings: [JSONValue] = []
        for host in hosts {
            let durableQueues = host.queues.values.filter { $0.isDurable && $0.owner == nil }.sorted { $0.name < $1.name }
            queues += durableQueues.map { named(queueJSON($0.definition, host: host.name)) }
            let ownExchanges = host.exchanges.values.filter { $0.definition.durable && !$0.name.isEmpty && !$0.name.hasPrefix("amq.") }
            exchanges += ownExchanges.sorted { $0.name < $1.name }.map { named(exchangeJSON($0.definition, host: host.name)) }
            bindings += host.allBindings.filter(\.isDurable).map(\.definition)
                .sorted { ($0.source, $0.destination, $0.routingKey) < ($1.source, $1.destination, $1.routingKey) }
                .map { named(bindingJSON($0, host: host.name)) }
        }
        return ["queues": .array(queues), "exchanges": .array(exchanges), "bindings": .array(bindings)]
    }

    // MARK: - Import

    /// Adds what a file has to what is there. What is there already stays as it is, except for users and permissions, which
    /// the file replaces; all is checked before anything is changed, as far as it can be checked alone. What RabbitMQ leaves out, as
    /// it cannot be made anew, is left out here too, and named in the answer.
    func importDefinitions(_ request: ManagementRequest, into host: VirtualHost?) throws -> ManagementOutcome {
        var file = try DefinitionsFile(try request.object(), into: host?.name, limits: limits)
        try file.checkHosts { core.hosts[$0] != nil }
        for permission in file.permissions {
            guard access.user(permission.user) != nil || file.users.contains(where: { $0.name == permission.user }) else {
                throw ManagementFailure.badRequest(
                    "the permissions name the user '\(permission.user)', who is neither in the file nor here")
            }
        }
        for name in file.hosts { try core.createHost(name) }
        for user in file.users { try access.put(user) }
        for permission in file.permissions { try access.put(permission) }
        for (name, queue) in file.queues where core.hosts[name]?.queues[queue.name] == nil {
            if ResourceName.isReserved(queue.name) {
                file.ignore("queues that the server has named")
            } else {
                try core.hosts[name]?.declareQueue(queue, requester: Self.requester)
            }
        }
        for (name, exchange) in file.exchanges where core.hosts[name]?.exchanges[exchange.name] == nil {
            try core.hosts[name]?.declareExchange(exchange)
        }
        for (name, binding) in file.bindings {
            if core.hosts[name]?.hasEnds(of: binding) == true {
                try core.hosts[name]?.bind(binding, requester: Self.requester)
            } else {
                file.ignore("bindings of queues or exchanges that are not there")
            }
        }
        guard !file.ignored.isEmpty else { return finished(file, .noContent) }
        broker.logger.warning("definitions were left out", metadata: ["parts": "\(file.ignored)"])
        return finished(file, .json(["ignored": .array(file.ignored.map { .string($0) })]))
    }

    /// Passwords in clear text are hashed on another thread; the answer waits for them.
    private func finished(_ file: DefinitionsFile, _ reply: ManagementReply) -> ManagementOutcome {
        guard !file.passwords.isEmpty else { return whenDurable(reply) }
        return .later { [self] answer in
            var missing = file.passwords.count
            var failure: (any Error)?
            for (user, password) in file.passwords {
                access.hash(Array(password.utf8)) { [self] hash in
                    do {
                        if var definition = access.user(user) {
                            definition.passwordHash = try hash.get().text
                            try access.put(definition)
                        }
                    } catch {
                        failure = error
                    }
                    missing -= 1
                    if missing == 0 { answer(failure.map { .failure(.from($0)) } ?? reply) }
                }
            }
        }
    }
}
