import Contracts

extension ManagementAPI {
    /// Watchers see every connection, others their own.
    private func visibleConnections(_ user: AuthenticatedUser) -> [ConnectionSummary] {
        let all = broker.connections
        return ManagementRoute.Audience.monitoring.includes(user) ? all : all.filter { $0.user == user.name }
    }

    func json(_ connection: ConnectionSummary) -> JSONValue {
        let own: JSONValue = [
            "name": .string(connection.name), "node": .string(nodeName), "type": "network", "protocol": "AMQP 0-9-1",
            "state": .string(connection.state), "vhost": .string(connection.virtualHost), "user": .string(connection.user),
            "user_who_performed_action": .string(connection.user), "auth_mechanism": .string(connection.authMechanism),
            "host": .string(connection.host), "port": .int(connection.port), "peer_host": .string(connection.peerHost),
            "peer_port": .int(connection.peerPort), "ssl": .bool(connection.usesTLS), "frame_max": .int(connection.frameMax),
            "channel_max": .int(connection.channelMax), "timeout": .int(connection.heartbeat), "connected_at": .int(connection.connectedAt),
            "channels": .int(connection.channels.count), "client_properties": connection.clientProperties.json,
        ]
        return own.merging([
            "recv_oct": .int(connection.receivedBytes), "recv_oct_details": MessageRates.details(rates.connections.rate(connection.id, 0)),
            "recv_cnt": .int(connection.receivedFrames), "send_oct": .int(connection.sentBytes),
            "send_oct_details": MessageRates.details(rates.connections.rate(connection.id, 1)), "send_cnt": .int(connection.sentFrames),
            "send_pend": .int(connection.pendingBytes), "reductions": 0, "reductions_details": MessageRates.details(0),
        ])
    }

    func connections(_ request: ManagementRequest, of user: String? = nil) throws -> ManagementOutcome {
        let all = visibleConnections(request.user).filter { user == nil || $0.user == user }
        return try Listing(request).reply(all, name: \.name, build: json)
    }

    func hostConnections(_ request: ManagementRequest) throws -> ManagementOutcome {
        let host = try host(request).name
        return try Listing(request).reply(visibleConnections(request.user).filter { $0.virtualHost == host }, name: \.name, build: json)
    }

    private func found(_ request: ManagementRequest) throws -> ConnectionSummary {
        guard let connection = visibleConnections(request.user).first(where: { $0.name == request["connection"] }) else {
            throw ManagementFailure.notFound
        }
        return connection
    }

    func connection(_ request: ManagementRequest) throws -> ManagementOutcome { try Listing(request).reply(json(found(request))) }

    func closeConnection(_ request: ManagementRequest) throws -> ManagementOutcome {
        let connection = try found(request)
        guard connection.user == request.user.name || ManagementRoute.Audience.administrator.includes(request.user) else {
            throw ManagementFailure.accessRefused
        }
        broker.close(connection.id, reason: request.headers.first(name: "x-reason") ?? "Closed via management plugin")
        broker.scheduleTurn()
        return .now(.noContent)
    }

    // MARK: - Channels

    private typealias Channel = (connection: ConnectionSummary, channel: ChannelSummary, name: String)

    private func visibleChannels(_ user: AuthenticatedUser) -> [Channel] {
        visibleConnections(user).flatMap { connection in
            connection.channels.map { (connection, $0, "\(connection.name) (\($0.number))") }
        }
    }

    private func json(_ channel: Channel) -> JSONValue {
        let (connection, channel, name) = channel
        let own: JSONValue = [
            "name": .string(name), "node": .string(nodeName), "number": .int(channel.number), "state": "running",
            "vhost": .string(connection.virtualHost), "user": .string(connection.user),
            "user_who_performed_action": .string(connection.user),
            "connection_details": [
                "name": .string(connection.name), "peer_host": .string(connection.peerHost), "peer_port": .int(connection.peerPort),
            ],
            "consumer_count": .int(channel.consumerCount), "messages_unacknowledged": .int(channel.unacknowledged),
            "messages_unconfirmed": .int(channel.unconfirmed), "messages_uncommitted": .int(channel.uncommitted),
            "acks_uncommitted": .int(channel.uncommittedAcknowledgements), "prefetch_count": .int(channel.prefetch),
            "global_prefetch_count": .int(channel.globalPrefetch), "confirm": .bool(channel.confirms),
            "transactional": .bool(channel.transactional),
            "pending_raft_commands": 0,
        ]
        var counts = JSONObject()
        for (key, value) in [
            ("publish", channel.counts.published), ("confirm", channel.counts.confirmed), ("return_unroutable", channel.counts.returned),
            ("deliver", channel.counts.delivered), ("get", channel.counts.got), ("ack", channel.counts.acknowledged),
            ("redeliver", channel.counts.redelivered), ("deliver_get", channel.counts.delivered &+ channel.counts.got),
        ] { counts[key] = .int(value) }
        return own.merging(["message_stats": .object(counts)])
    }

    func channels(_ request: ManagementRequest) throws -> ManagementOutcome {
        try Listing(request).reply(visibleChannels(request.user), name: \.name, build: json)
    }

    func hostChannels(_ request: ManagementRequest) throws -> ManagementOutcome {
        let host = try host(request).name
        return try Listing(request).reply(
            visibleChannels(request.user).filter { $0.connection.virtualHost == host }, name: \.name, build: json)
    }

    func connectionChannels(_ request: ManagementRequest) throws -> ManagementOutcome {
        let id = try found(request).id
        return try Listing(request).reply(visibleChannels(request.user).filter { $0.connection.id == id }, name: \.name, build: json)
    }

    func channel(_ request: ManagementRequest) throws -> ManagementOutcome {
        guard let channel = visibleChannels(request.user).first(where: { $0.name == request["channel"] }) else {
            throw ManagementFailure.notFound
        }
        return try Listing(request).reply(json(channel))
    }

    // MARK: - Consumers

    func consumers(_ request: ManagementRequest, in hosts: [VirtualHost]) throws -> ManagementOutcome {
        let names = connectionNames
        let all = hosts.flatMap { host in host.queues.values.sorted { $0.name < $1.name }.flatMap(\.allConsumers) }
        return try Listing(request).reply(all, name: \.tag) { self.json($0, names) }
    }

    var connectionNames: [ConnectionID: ConnectionSummary] { Dictionary(uniqueKeysWithValues: broker.connections.map { ($0.id, $0) }) }

    func json(_ consumer: Consumer, _ connections: [ConnectionID: ConnectionSummary]) -> JSONValue {
        let id = consumer.channel.id
        let connection = connections[id.connection]
        let isActive = consumer.queue.activeConsumer.map { $0 === consumer } ?? true
        return [
            "consumer_tag": .string(consumer.tag), "ack_required": .bool(!consumer.noAck), "exclusive": .bool(consumer.isExclusive),
            "prefetch_count": .int(consumer.prefetch), "arguments": consumer.arguments.json, "active": .bool(isActive),
            "activity_status": isActive ? "up" : "waiting",
            "queue": ["name": .string(consumer.queue.name), "vhost": .string(consumer.queue.host.name)],
            "channel_details": [
                "name": .string("\(connection?.name ?? "") (\(id.number))"), "number": .int(id.number), "node": .string(nodeName),
                "connection_name": .string(connection?.name ?? ""), "peer_host": .string(connection?.peerHost ?? ""),
                "peer_port": .int(connection?.peerPort ?? 0), "user": .string(connection?.user ?? ""),
            ],
        ]
    }
}
