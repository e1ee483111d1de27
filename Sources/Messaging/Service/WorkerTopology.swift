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

    /// Commands go to exactly one kind of worker, events to whoever has a pattern for them. An exchange that is there is taken as
    /// it is: only the owner of a topic may make it, and whoever may make it may delete it.
    static func exchange(_ name: String) -> AMQPTopology.Exchange {
        AMQPTopology.Exchange(name: name, kind: name == WellKnown.commandsExchange ? "direct" : "topic", onlyIfMissing: true)
    }

    /// Declares what a worker needs.
    ///
    /// - Throws: ``MessagingError`` `.topicMissing` when a topic is missing and the worker's user may not make it; `AMQPError`.
    static func declare(
        _ configuration: MessagingConfiguration, _ handlers: MessageHandlers, on amqp: AMQPClient
    ) async throws {
        let topology = make(configuration, bindings: handlers.bindings)
        if !topology.queues.isEmpty { try await refuseOtherLayout(configuration, on: amqp) }
        let refusal: AMQPError
        do {
            return try await amqp.declare(topology)
        } catch {
            guard error.replyCode == 403 else { throw error }
            refusal = error
        }
        // Not within the catch: Swift 6.3.1 crashes when it compiles that.
        for exchange in topology.exchanges where exchange.onlyIfMissing {
            if try await !amqp.exchangeExists(exchange.name) {
                let owner = handlers.catalogs.lazy.flatMap(\.schemas).first { $0.topic == exchange.name }?.owner
                throw missing(exchange.name, owner: owner, worker: configuration.worker, refusal)
            }
        }
        throw refusal
    }

    /// A queue that is left over from another number of partitions is still bound to the topics: it would take messages that nobody
    /// handles.
    private static func refuseOtherLayout(_ configuration: MessagingConfiguration, on amqp: AMQPClient) async throws {
        let queue = configuration.queue
        let names = configuration.partitions > 1 ? [queue, "\(queue).\(configuration.partitions)"] : ["\(queue).0"]
        for name in names {
            guard let left = try await amqp.queueInfo(name) else { continue }
            throw MessagingError(
                .usage,
                "the queue \(name), with \(left.messages) messages, is left over from another number of partitions and takes messages "
                    + "that nobody would handle. Run the worker as it was until it is empty, then delete its queues and the exchange "
                    + "\(queue), and prepare it again")
        }
    }

    private static func missing(_ name: String, owner: String?, worker: String, _ refusal: AMQPError) -> MessagingError {
        let what: String
        if name == WellKnown.commandsExchange {
            what = "the exchange `commands` does not exist"
        } else if let owner {
            what = "the topic \(name) does not exist; it belongs to the worker `\(owner)`, which makes it with its first event"
        } else {
            what = "the topic \(name) does not exist; the worker that lists it under `owns` makes it with its first event"
        }
        return MessagingError(
            .topicMissing, "\(what), and \(worker)'s user may not make it. Run: millrace setup", underlying: refusal)
    }
}
