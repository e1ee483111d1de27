import AMQP
import Contracts

/// The exchanges, queues and bindings of a worker.
enum WorkerTopology {
    /// The name of the header that carries the partition key, by which a worker's queue can be split.
    static let partitionHeader = "partitionkey"

    /// A queue has one active consumer, so that several instances of a worker keep the order: the others stand by. With
    /// partitions, a consistent-hash exchange between the topics and the queues sends each key to one of them.
    static func make(
        _ configuration: MessagingConfiguration, bindings: [(exchange: String, routingKey: String)]
    ) -> AMQPTopology {
        var names = Set(bindings.map(\.exchange))
        names.formUnion(configuration.publishes)
        names.insert(WellKnown.commandsExchange)
        var topology = AMQPTopology(exchanges: names.sorted().map(exchange))
        guard !bindings.isEmpty else { return topology }
        let arguments: AMQPTable = [
            "x-queue-type": .string(configuration.queueType.rawValue), "x-single-active-consumer": .bool(true),
        ]
        topology.queues = configuration.queues.map { AMQPTopology.Queue(name: $0, arguments: arguments) }
        let isSplit = configuration.partitions > 1
        if isSplit {
            topology.exchanges.append(
                AMQPTopology.Exchange(
                    name: configuration.queue, kind: "x-consistent-hash",
                    arguments: ["hash-header": .string(partitionHeader)]))
            for queue in configuration.queues {
                topology.bindings.append(.init(source: configuration.queue, destination: queue, routingKey: "1"))
            }
        }
        for binding in bindings {
            topology.bindings.append(
                .init(
                    source: binding.exchange, destination: configuration.queue, destinationIsExchange: isSplit,
                    routingKey: binding.routingKey))
        }
        return topology
    }

    /// Commands go to exactly one kind of worker, events to whoever has a pattern for them.
    static func exchange(_ name: String) -> AMQPTopology.Exchange {
        AMQPTopology.Exchange(name: name, kind: name == WellKnown.commandsExchange ? "direct" : "topic")
    }
}
