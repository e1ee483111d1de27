/// What the broker says of itself in `connection.start`.
enum ServerProperties {
    static func table(_ configuration: BrokerConfiguration) -> FieldTable {
        var capabilities = FieldTable()
        for name in [
            "publisher_confirms", "exchange_exchange_bindings", "basic.nack", "consumer_cancel_notify", "connection.blocked",
            "consumer_priorities", "authentication_failure_close", "per_consumer_qos", "direct_reply_to",
        ] {
            capabilities[name] = .bool(true)
        }
        return [
            "capabilities": .table(capabilities),
            "cluster_name": .string(configuration.nodeName),
            "information": .string("AMQP 0-9-1"),
            "platform": .string("Swift"),
            "product": .string(configuration.product),
            "version": .string(configuration.version),
        ]
    }
}
