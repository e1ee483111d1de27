extension ExchangeDefinition {
    /// What every virtual host has (section 3.1.3), with RabbitMQ's additions.
    static let predeclared = [
        ExchangeDefinition(name: "amq.direct", type: "direct"),
        ExchangeDefinition(name: "amq.fanout", type: "fanout"),
        ExchangeDefinition(name: "amq.topic", type: "topic"),
        ExchangeDefinition(name: "amq.headers", type: "headers"),
        ExchangeDefinition(name: "amq.match", type: "headers"),
        ExchangeDefinition(name: "amq.rabbitmq.trace", type: "topic", isInternal: true),
    ]
}
