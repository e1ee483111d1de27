/// What the management API sees of connections.
extension BrokerLoop: ConnectionDirectory {
    package var connections: [ConnectionSummary] {
        machines.values.filter(\.isOpen).sorted { $0.id.rawValue < $1.id.rawValue }.map(\.summary)
    }

    package func close(_ connection: ConnectionID, reason: String) {
        guard let machine = machines[connection] else { return }
        machine.close(with: ProtocolFault(.connectionForced, reason), method: nil)
    }

    /// Closes all connections, as at the end of the broker.
    package func closeAll(reason: String) {
        for machine in Array(machines.values) {
            if machine.isOpen {
                machine.close(with: ProtocolFault(.connectionForced, reason), method: nil)
            } else if machine.phase != .closing {
                machine.transport.close()
            }
        }
        scheduleTurn()
    }

    /// Closes the sockets of those who have not gone by themselves.
    package func dropAll() {
        for machine in Array(machines.values) { machine.transport.close() }
    }
}

extension ConnectionMachine {
    /// As RabbitMQ says it: `flow` is a client that is not read for a moment.
    private var state: String {
        if suspension.contains(.blocked) { return "blocked" }
        return suspension.isEmpty ? "running" : "flow"
    }

    var summary: ConnectionSummary {
        ConnectionSummary(
            id: id, name: peer.name, peerHost: peer.peerHost, peerPort: peer.peerPort, host: peer.host, port: peer.port,
            virtualHost: virtualHost?.name ?? "", user: user?.name ?? "", authMechanism: mechanism,
            state: state, usesTLS: peer.usesTLS,
            clientProperties: clientProperties, frameMax: frameMax, channelMax: channelMax, heartbeat: heartbeat,
            connectedAt: connectedAt, receivedBytes: receivedBytes, sentBytes: sentBytes, receivedFrames: receivedFrames,
            sentFrames: sentFrames, pendingBytes: transport.pendingBytes + output.readableBytes,
            channels: channels.values.sorted { $0.number < $1.number }.map(\.summary))
    }
}

extension ChannelMachine {
    var summary: ChannelSummary {
        ChannelSummary(
            number: number, consumerCount: consumers.count, unacknowledged: unsettled.count,
            unconfirmed: confirms?.unanswered ?? 0, uncommitted: transaction?.messageCount ?? 0,
            uncommittedAcknowledgements: transaction?.settlementCount ?? 0, prefetch: Int(prefetch),
            globalPrefetch: Int(globalPrefetch), confirms: confirms != nil, transactional: transaction != nil, counts: counts)
    }
}
