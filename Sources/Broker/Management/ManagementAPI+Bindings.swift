import Contracts

extension ManagementAPI {
    func json(_ definition: BindingDefinition, host: String, key: String) -> JSONValue {
        bindingJSON(definition, host: host).merging(["properties_key": .string(key)])
    }

    func bindingJSON(_ definition: BindingDefinition, host: String) -> JSONValue {
        [
            "source": .string(definition.source), "vhost": .string(host), "destination": .string(definition.destination),
            "destination_type": definition.destinationIsExchange ? "exchange" : "queue", "routing_key": .string(definition.routingKey),
            "arguments": definition.arguments.json,
        ]
    }

    private typealias Found = (definition: BindingDefinition, host: String, key: String)

    /// The bindings of a virtual host, those of the default exchange first.
    private func all(in host: VirtualHost) -> [Found] {
        let implicit = host.implicitBindings.map { ($0, host.name, Self.quoted($0.routingKey)) }
        let explicit = host.allBindings.map { binding in
            let key = binding.definition.routingKey
            return (binding.definition, host.name, Self.quoted(key) + binding.propertiesKey.dropFirst(key.count))
        }
        func precedes(_ first: Found, _ second: Found) -> Bool {
            (first.definition.source, first.definition.destination, first.key) < (
                second.definition.source, second.definition.destination, second.key
            )
        }
        return implicit.sorted(by: precedes) + explicit.sorted(by: precedes)
    }

    /// As RabbitMQ quotes a routing key in a binding's `properties_key`: once for the key, and once more by whoever puts it into
    /// a URL. A tilde stands between the key and the mark of the arguments.
    private static func quoted(_ key: String) -> String { key.percentEncoded.replacing("~", with: "%7E") }

    func bindings(_ request: ManagementRequest, in hosts: [VirtualHost], where isWanted: (BindingDefinition) -> Bool) throws
        -> ManagementOutcome
    {
        let found = hosts.flatMap { all(in: $0) }.filter { isWanted($0.definition) }
        return try Listing(request).reply(found, name: \.definition.routingKey) { json($0.definition, host: $0.host, key: $0.key) }
    }

    /// The two ends in a path: `e/:source/q/:destination` or `e/:source/e/:destination`.
    private func ends(_ request: ManagementRequest) throws -> (host: VirtualHost, source: String, destination: String, isExchange: Bool) {
        let host = try host(request)
        let isExchange = request["kind"] == "e"
        guard isExchange || request["kind"] == "q" else { throw ManagementFailure.notFound }
        let source = try host.exchange(Self.exchangeName(request["source"])).name
        let destination: String
        if isExchange {
            destination = try host.exchange(Self.exchangeName(request["destination"])).name
        } else {
            destination = try host.queue(request["destination"], requester: nil).name
        }
        return (host, source, destination, isExchange)
    }

    private func between(_ request: ManagementRequest) throws -> [Found] {
        let (host, source, destination, isExchange) = try ends(request)
        return all(in: host).filter {
            $0.definition.source == source && $0.definition.destination == destination && $0.definition.destinationIsExchange == isExchange
        }
    }

    func bindingsBetween(_ request: ManagementRequest) throws -> ManagementOutcome {
        try Listing(request).reply(between(request), name: \.definition.routingKey) { json($0.definition, host: $0.host, key: $0.key) }
    }

    private func found(_ request: ManagementRequest) throws -> Found {
        // Some clients put the plain routing key there.
        let key = request["key"]
        guard let binding = try between(request).first(where: { $0.key == key || $0.key == Self.quoted(key) }) else {
            throw ManagementFailure.notFound
        }
        return binding
    }

    func binding(_ request: ManagementRequest) throws -> ManagementOutcome {
        let found = try found(request)
        return try Listing(request).reply(json(found.definition, host: found.host, key: found.key))
    }

    func bind(_ request: ManagementRequest) throws -> ManagementOutcome {
        _ = try openHost(request)
        let (host, source, destination, isExchange) = try ends(request)
        let body = try request.object()
        let definition = try BindingDefinition(
            source: source, destination: destination, destinationIsExchange: isExchange,
            routingKey: Self.shortString(body["routing_key"]?.stringValue ?? "", "a routing key"),
            arguments: FieldTable.read("arguments", of: body, depth: limits.fieldTableDepth))
        try checkBinding(definition, request, host)
        try host.bind(definition, requester: Self.requester)
        let key = all(in: host).first { $0.definition == definition }?.key ?? "~"
        var reply = ManagementReply.created
        // Relative to the request's own path, as RabbitMQ says it: some clients take it apart.
        reply.headers.append(("location", destination.percentEncoded + "/" + key.percentEncoded))
        return whenDurable(reply)
    }

    func unbind(_ request: ManagementRequest) throws -> ManagementOutcome {
        let host = try openHost(request)
        let found = try found(request)
        try checkBinding(found.definition, request, host)
        try host.unbind(found.definition, requester: Self.requester)
        return whenDurable(.noContent)
    }

    private func checkBinding(_ definition: BindingDefinition, _ request: ManagementRequest, _ host: VirtualHost) throws {
        let user = request.user.name
        try access.check(user, .write, definition.destinationIsExchange ? .exchange : .queue, definition.destination, host: host.name)
        try access.check(user, .read, .exchange, definition.source, host: host.name)
    }
}
