/// Metrics; where the meaning is RabbitMQ's, so is the name (https://www.rabbitmq.com/docs/prometheus).
extension ManagementAPI {
    func metrics() -> String {
        var metrics = MetricsText()
        let statistics = core.statistics
        let version = broker.configuration.version
        metrics.add(
            .gauge, "rabbitmq_build_info", "Versions",
            [
                (
                    [
                        ("rabbitmq_version", Self.compatibleVersion), ("product_name", broker.configuration.product),
                        ("product_version", version),
                    ], 1
                )
            ])
        metrics.add(
            .gauge, "rabbitmq_identity_info", "Names of node and cluster",
            [([("rabbitmq_node", nodeName), ("rabbitmq_cluster", nodeName)], 1)])
        addObjects(statistics, to: &metrics)
        addMessages(statistics, to: &metrics)
        addProcess(&metrics)
        return metrics.text
    }

    private func addObjects(_ statistics: BrokerStatistics, to metrics: inout MetricsText) {
        metrics.add(.gauge, "rabbitmq_connections", "Connections currently open", broker.connections.count)
        metrics.add(.gauge, "rabbitmq_channels", "Channels currently open", broker.channelCount)
        metrics.add(.gauge, "rabbitmq_consumers", "Consumers currently connected", statistics.consumerCount)
        metrics.add(.gauge, "rabbitmq_queues", "Queues available", statistics.queueCount)
        metrics.add(.gauge, "rabbitmq_exchanges", "Exchanges available", statistics.exchangeCount)
        metrics.add(.gauge, "rabbitmq_bindings", "Bindings available", statistics.bindingCount)
        metrics.add(.counter, "rabbitmq_connections_opened_total", "Total number of connections opened", broker.connectionsOpened)
        metrics.add(
            .counter, "rabbitmq_connections_closed_total", "Total number of connections closed or terminated", broker.connectionsClosed)
        metrics.add(.counter, "rabbitmq_channels_opened_total", "Total number of channels opened", broker.channelsOpened)
        metrics.add(.counter, "rabbitmq_channels_closed_total", "Total number of channels closed", broker.channelsClosed)
    }

    private func addMessages(_ statistics: BrokerStatistics, to metrics: inout MetricsText) {
        let ready = statistics.readyMessages
        let unacknowledged = statistics.unacknowledgedMessages
        metrics.add(.gauge, "rabbitmq_queue_messages_ready", "Messages ready to be delivered to consumers", ready)
        metrics.add(.gauge, "rabbitmq_queue_messages_unacked", "Messages delivered to consumers but not yet acknowledged", unacknowledged)
        metrics.add(
            .gauge, "rabbitmq_queue_messages", "Sum of ready and unacknowledged messages - total queue depth", ready + unacknowledged)
        metrics.add(.gauge, "rabbitmq_queue_messages_ready_bytes", "Size in bytes of ready messages", statistics.readyBytes)
        metrics.add(
            .gauge, "rabbitmq_queue_messages_unacked_bytes", "Size in bytes of all unacknowledged messages", statistics.unacknowledgedBytes)
        let queues = statistics.queues
        metrics.add(.counter, "rabbitmq_queue_messages_published_total", "Total number of messages published to queues", queues.published)
        let amqp = [("protocol", "amqp091")]
        func global(_ name: String, _ help: String, _ value: UInt64) {
            metrics.add(.counter, "rabbitmq_global_messages_\(name)_total", help, [(amqp, Double(value))])
        }
        global("received", "Total number of messages received from publishers", statistics.published)
        global("routed", "Total number of messages routed to queues or streams", statistics.published &- statistics.unroutable)
        global(
            "unroutable_returned",
            "Total number of messages published as mandatory into an exchange and returned to the publisher as unroutable",
            statistics.returned)
        global(
            "unroutable_dropped", "Total number of messages published as non-mandatory into an exchange and dropped as unroutable",
            statistics.unroutable &- min(statistics.unroutable, statistics.returned))
        global("confirmed", "Total number of messages confirmed to publishers", statistics.confirmed)
        global("delivered", "Total number of messages delivered to consumers", queues.delivered &+ queues.deliveredNoAck &+ queues.got)
        global(
            "delivered_consume_manual_ack",
            "Total number of messages delivered to consumers using basic.consume with manual acknowledgment", queues.delivered)
        global(
            "delivered_consume_auto_ack",
            "Total number of messages delivered to consumers using basic.consume with automatic acknowledgment", queues.deliveredNoAck)
        global("delivered_get_manual_ack", "Total number of messages delivered to consumers using basic.get", queues.got)
        global("redelivered", "Total number of messages redelivered to consumers", queues.redelivered)
        global("acknowledged", "Total number of messages acknowledged by consumers", queues.acknowledged)
        global("dead_lettered", "Total number of messages handed to a dead-letter exchange", queues.deadLettered)
        metrics.add(.counter, "millrace_messages_lost_total", "Messages that could not be read back from the disk", queues.lost)
    }

    private func addProcess(_ metrics: inout MetricsText) {
        let configuration = broker.configuration
        metrics.add(.gauge, "rabbitmq_process_resident_memory_bytes", "Memory used in bytes", ProcessFigures.residentBytes)
        metrics.add(.gauge, "rabbitmq_resident_memory_limit_bytes", "Memory high watermark in bytes", configuration.memoryLimit)
        metrics.add(.gauge, "rabbitmq_process_open_fds", "Open file descriptors", ProcessFigures.openFiles)
        metrics.add(.gauge, "rabbitmq_process_max_fds", "Open file descriptors limit", ProcessFigures.fileLimit)
        metrics.add(.gauge, "rabbitmq_process_open_tcp_sockets", "Open TCP sockets", broker.traffic.count)
        if let free = diskFree {
            metrics.add(.gauge, "rabbitmq_disk_space_available_bytes", "Disk space available in bytes", free)
            metrics.add(
                .gauge, "rabbitmq_disk_space_available_limit_bytes", "Free disk space low watermark in bytes", configuration.diskFreeLimit)
        }
        metrics.add(
            .gauge, "rabbitmq_alarms_memory_used_watermark", "is 1 if the memory watermark alarm is in effect",
            core.blockReason == .memory ? 1 : 0)
        metrics.add(
            .gauge, "rabbitmq_alarms_free_disk_space_watermark", "is 1 if the free disk space alarm is in effect",
            core.blockReason == .disk ? 1 : 0)
        metrics.add(.gauge, "rabbitmq_uptime_seconds", "Time since the broker started", (broker.time.uptime - startUptime) / 1_000)
        metrics.add(.gauge, "millrace_memory_messages_bytes", "Bytes of messages held in memory", core.memoryInUse)
    }

    /// One sample for each queue.
    func metricsPerObject() -> String {
        var metrics = MetricsText()
        let queues = core.hosts.values.sorted { $0.name < $1.name }.flatMap { $0.queues.values.sorted { $0.name < $1.name } }
        func family(_ kind: MetricsText.Kind, _ name: String, _ help: String, _ value: (Queue) -> Double) {
            metrics.add(kind, "rabbitmq_queue_\(name)", help, queues.map { ([("vhost", $0.host.name), ("queue", $0.name)], value($0)) })
        }
        family(.gauge, "messages_ready", "Messages ready to be delivered to consumers") { Double($0.messageCount) }
        family(.gauge, "messages_unacked", "Messages delivered to consumers but not yet acknowledged") { Double($0.unacknowledgedCount) }
        family(.gauge, "messages", "Sum of ready and unacknowledged messages - total queue depth") {
            Double($0.messageCount + $0.unacknowledgedCount)
        }
        family(.gauge, "consumers", "Consumers on a queue") { Double($0.consumerCount) }
        family(.gauge, "messages_ready_bytes", "Size in bytes of ready messages") { Double($0.messageBytes) }
        family(.gauge, "messages_unacked_bytes", "Size in bytes of all unacknowledged messages") { Double($0.unacknowledgedBytes) }
        family(.counter, "messages_published_total", "Total number of messages published to queues") { Double($0.statistics.published) }
        family(.counter, "messages_acked_total", "Total number of messages acknowledged by consumers") {
            Double($0.statistics.acknowledged)
        }
        family(.counter, "messages_redelivered_total", "Total number of messages redelivered to consumers") {
            Double($0.statistics.redelivered)
        }
        family(.counter, "messages_dead_lettered_total", "Total number of messages handed to a dead-letter exchange") {
            Double($0.statistics.deadLettered)
        }
        return metrics.text
    }
}
