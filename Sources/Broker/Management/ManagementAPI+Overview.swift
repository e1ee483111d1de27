import Contracts

extension ManagementAPI {
    func overview(_ request: ManagementRequest) throws -> ManagementOutcome {
        let statistics = core.statistics
        let version = broker.configuration.version
        return try Listing(request).reply([
            "management_version": .string(Self.compatibleVersion), "rates_mode": "basic",
            "product_version": .string(version), "product_name": .string(broker.configuration.product),
            "rabbitmq_version": .string(Self.compatibleVersion), "cluster_name": .string(nodeName),
            "erlang_version": "", "erlang_full_version": "",
            "release_series_support_status": "supported", "disable_stats": false, "enable_queue_totals": false,
            "is_op_policy_updating_enabled": false, "sample_retention_policies": ["global": [600], "basic": [600], "detailed": [600]],
            "exchange_types": .array(exchangeTypes),
            "message_stats": rates.json(statistics),
            "churn_rates": [
                "connection_created": .int(broker.connectionsOpened), "connection_closed": .int(broker.connectionsClosed),
                "channel_created": .int(broker.channelsOpened), "channel_closed": .int(broker.channelsClosed),
            ],
            "queue_totals": queueTotals(ready: statistics.readyMessages, unacknowledged: statistics.unacknowledgedMessages),
            "object_totals": [
                "channels": .int(broker.channelCount), "connections": .int(broker.connections.count),
                "consumers": .int(statistics.consumerCount), "exchanges": .int(statistics.exchangeCount),
                "queues": .int(statistics.queueCount),
            ],
            "statistics_db_event_queue": 0, "node": .string(nodeName),
            "listeners": .array(listeners.map(json)),
            "contexts": .array(
                listeners.filter { $0.protocolName.hasPrefix("http") }.map {
                    [
                        "node": .string(nodeName), "description": "Millrace management", "path": "/", "ip": .string($0.host),
                        "port": .int($0.port),
                        "ssl_opts": [],
                    ]
                }),
        ])
    }

    func queueTotals(ready: Int, unacknowledged: Int) -> JSONValue {
        [
            "messages": .int(ready + unacknowledged), "messages_details": MessageRates.details(0),
            "messages_ready": .int(ready), "messages_ready_details": MessageRates.details(0),
            "messages_unacknowledged": .int(unacknowledged), "messages_unacknowledged_details": MessageRates.details(0),
        ]
    }

    private var exchangeTypes: [JSONValue] {
        ExchangeType.allCases.map {
            ["name": .string($0.rawValue), "description": .string("AMQP exchange of type \($0.rawValue)"), "enabled": true]
        }
    }

    private func json(_ listener: ListenerSummary) -> JSONValue {
        [
            "node": .string(nodeName), "protocol": .string(listener.protocolName), "ip_address": .string(listener.host),
            "port": .int(listener.port),
            "socket_opts": [:],
        ]
    }

    /// The node that a path names.
    func node(_ request: ManagementRequest) throws -> JSONValue {
        guard request["node"] == nodeName else { throw ManagementFailure.notFound }
        return node
    }

    var node: JSONValue {
        let configuration = broker.configuration
        let sockets = broker.traffic.count
        let isLow = core.blockReason
        return [
            "name": .string(nodeName), "type": "disc", "running": true, "partitions": [], "os_pid": .string("\(ProcessFigures.pid)"),
            "uptime": .int(broker.time.uptime - startUptime), "run_queue": 0, "processors": .int(ProcessFigures.processors),
            "rates_mode": "basic",
            "mem_used": .int(ProcessFigures.residentBytes), "mem_limit": .int(configuration.memoryLimit),
            "mem_alarm": .bool(isLow == .memory),
            "mem_calculation_strategy": "rss", "messages_in_memory_bytes": .int(core.memoryInUse),
            "disk_free": diskFree.map { .int($0) } ?? .null, "disk_free_limit": .int(configuration.diskFreeLimit),
            "disk_free_alarm": .bool(isLow == .disk),
            "fd_used": .int(ProcessFigures.openFiles), "fd_total": .int(ProcessFigures.fileLimit),
            "sockets_used": .int(sockets), "sockets_total": .int(limits.connections), "proc_used": 1, "proc_total": 1,
            "db_dir": .string(dataFolder ?? ""), "log_files": [], "config_files": [],
            "enabled_plugins": ["rabbitmq_management", "rabbitmq_prometheus"],
            "applications": [["name": "millrace", "description": "Millrace", "version": .string(configuration.version)]],
            "auth_mechanisms": .array(["PLAIN", "AMQPLAIN"].map { ["name": $0, "description": "", "enabled": true] }),
            "exchange_types": .array(exchangeTypes), "contexts": [], "cluster_links": [], "being_drained": false,
        ]
    }

    var dataFolder: String? {
        if case .folder(let path) = broker.configuration.storage { path } else { nil }
    }

    /// Bytes that are free where the data is; nil in memory.
    var diskFree: Int? { dataFolder.flatMap { ProcessFigures.freeBytes(at: $0) } }
}
