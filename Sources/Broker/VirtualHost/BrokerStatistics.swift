/// Counts of a whole broker; those of messages since it started.
package struct BrokerStatistics: Equatable, Sendable {
    package var published: UInt64 = 0
    package var unroutable: UInt64 = 0
    /// Publishes that were confirmed, and messages that were returned; counted by the channels.
    package var confirmed: UInt64 = 0
    package var returned: UInt64 = 0
    /// Of all queues together, those too that are gone.
    package var queues = QueueStatistics()

    package var readyMessages = 0
    package var unacknowledgedMessages = 0
    package var readyBytes = 0
    package var unacknowledgedBytes = 0
    package var queueCount = 0
    package var exchangeCount = 0
    package var bindingCount = 0
    package var consumerCount = 0

    package init() {}
}

/// Why publishers are held back (`connection.blocked`).
package enum BlockReason: Equatable, Sendable {
    case memory
    case disk

    /// As RabbitMQ tells clients.
    package var text: String {
        switch self {
        case .memory: "low on memory"
        case .disk: "low on disk"
        }
    }
}
