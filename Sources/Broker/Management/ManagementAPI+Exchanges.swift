import Contracts

extension ManagementAPI {
    static func exchangeName(_ name: String) -> String { name == ResourceName.defaultExchange ? "" : name }

    func json(_ exchange: Exchange) -> JSONValue {
        let definition = exchange.definition
        let own = exchangeJSON(definition, host: exchange.host.name)
        var statistics = JSONObject()
        MessageRates.add("publish_in", exchange.published, rates.exchanges.rate(ObjectIdentifier(exchange), 0), to: &statistics)
        return own.merging([
            "user_who_performed_action": exchange.name.isEmpty || exchange.name.hasPrefix("amq.") ? "rmq-internal" : "",
            "message_stats": .object(statistics),
        ])
    }

    func exchangeJSON(_ definition: ExchangeDefinition, host: String) -> JSONValue {
        [
            "name": .string(definition.name), "vhost": .string(host), "type": .string(definition.type),
            "durable": .bool(definition.durable),
            "auto_delete": .bool(definition.autoDelete), "internal": .bool(definition.isInternal), "arguments": definition.arguments.json,
        ]
    }

    func exchanges(_ request: ManagementRequest, in hosts: [VirtualHost]) throws -> ManagementOutcome {
        let all = hosts.flatMap { $0.exchanges.values.sorted { $0.name < $1.name } }
        return try Listing(request).reply(all, name: \.name, build: json)
    }

    func exchange(_ request: ManagementRequest) throws -> Exchange {
        guard let exchange = try host(request).exchanges[Self.exchangeName(request["exchange"])] else { throw ManagementFailure.notFound }
        return exchange
    }

    func putExchange(_ request: ManagementRequest) throws -> ManagementOutcome {
        let host = try openHost(request)
        let definition = try Self.exchangeDefinition(try request.object(), name: request["exchange"], depth: limits.fieldTableDepth)
        return try declare(
            .exchange, definition.name, isNew: host.exchanges[definition.name] == nil,
            forwardingTo: definition.arguments["alternate-exchange"], in: host, for: request.user
        ) { try host.declareExchange(definition) }
    }

    /// What declaring an exchange and a queue have in common.
    func declare(
        _ resource: AccessResource, _ name: String, isNew: Bool, forwardingTo exchange: FieldValue?, in host: VirtualHost,
        for user: AuthenticatedUser, _ body: () throws -> Void
    ) throws -> ManagementOutcome {
        try access.check(user.name, .configure, resource, name, host: host.name)
        if isNew { try access.checkForwarding(user.name, resource, name, to: exchange, host: host.name) }
        try body()
        return whenDurable(.put(isNew: isNew))
    }

    static func exchangeDefinition(_ body: JSONObject, name: String, depth: Int) throws -> ExchangeDefinition {
        try ExchangeDefinition(
            name: shortString(name, "the name of an exchange"), type: body["type"]?.stringValue ?? "direct",
            durable: bool("durable", of: body, default: true), autoDelete: bool("auto_delete", of: body, default: false),
            isInternal: bool("internal", of: body, default: false), arguments: FieldTable.read("arguments", of: body, depth: depth))
    }

    func deleteExchange(_ request: ManagementRequest) throws -> ManagementOutcome {
        let host = try openHost(request)
        let name = Self.exchangeName(request["exchange"])
        guard host.exchanges[name] != nil else { throw ManagementFailure.notFound }
        try access.check(request.user.name, .configure, .exchange, name, host: host.name)
        try host.deleteExchange(name, ifUnused: request.flag("if-unused"))
        return whenDurable(.noContent)
    }
}
