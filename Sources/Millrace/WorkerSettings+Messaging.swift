import Messaging

extension WorkerSettings {
    /// How many connections to the database the worker opens at most.
    var connections: Int { 5 + partitions }

    /// The defaults of a worker's messaging with what the environment changes.
    func messaging(worker: String) -> MessagingConfiguration {
        var configuration = MessagingConfiguration(worker: worker)
        if let type = environment["MILLRACE_QUEUE_TYPE"].flatMap(MessagingConfiguration.QueueType.init) {
            configuration.queueType = type
        }
        configuration.partitions = partitions
        configuration.drainTimeout = drain
        configuration.maximumMessageBytes = maximumMessageBytes
        return configuration
    }
}
