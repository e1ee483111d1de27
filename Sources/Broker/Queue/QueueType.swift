/// `x-queue-type`: what a queue promises, in RabbitMQ's words.
///
/// Both are stored alike here; a quorum queue only keeps RabbitMQ's restrictions and counts failed deliveries, so that
/// what is declared here can be declared there.
package enum QueueType: String, Sendable {
    case classic
    case quorum

    /// The name that RabbitMQ's error texts use.
    var moduleName: String {
        switch self {
        case .classic: "rabbit_classic_queue"
        case .quorum: "rabbit_quorum_queue"
        }
    }

    /// The queue arguments that RabbitMQ 3.10 knows for this type.
    var arguments: Set<String> {
        switch self {
        case .classic:
            [
                "x-expires", "x-message-ttl", "x-dead-letter-exchange", "x-dead-letter-routing-key", "x-max-length",
                "x-max-length-bytes", "x-max-priority", "x-overflow", "x-queue-mode", "x-queue-version",
                "x-single-active-consumer", "x-queue-type", "x-queue-master-locator",
            ]
        case .quorum:
            [
                "x-dead-letter-exchange", "x-dead-letter-routing-key", "x-dead-letter-strategy", "x-expires",
                "x-max-length",
                "x-max-length-bytes", "x-max-in-memory-length", "x-max-in-memory-bytes", "x-overflow",
                "x-single-active-consumer", "x-queue-type", "x-quorum-initial-group-size", "x-delivery-limit",
                "x-message-ttl",
                "x-queue-leader-locator",
            ]
        }
    }

    /// The arguments of streams, which belong to no type that this broker has.
    static let streamArguments: Set<String> = [
        "x-max-length-bytes", "x-queue-type", "x-max-age", "x-stream-max-segment-size-bytes", "x-initial-cluster-size",
        "x-queue-leader-locator",
    ]

    /// The arguments that RabbitMQ knows, but not for this type; any other name is accepted and kept.
    var refusedArguments: Set<String> {
        QueueType.classic.arguments.union(QueueType.quorum.arguments).union(Self.streamArguments).subtracting(arguments)
    }

    /// The consumer arguments that RabbitMQ knows, but not for this type.
    var refusedConsumerArguments: Set<String> {
        switch self {
        case .classic: ["x-stream-offset"]
        case .quorum: ["x-stream-offset", "x-cancel-on-ha-failover"]
        }
    }
}
