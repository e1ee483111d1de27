import AMQP
import ArgumentParser
import Contracts
import Foundation

struct TailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Print the messages of a topic as they pass, until Ctrl-C.",
        discussion: """
            Reads through a queue of its own, which is gone afterwards; nobody else misses a message for it.

            EXAMPLES
              millrace tail commerce.orders
              millrace tail commerce.orders --type order.rejected -o json | jq .data
            """)
    @Argument(help: "The topic, or `commands`.") var topic: String
    @Option(help: "Only this type; may hold * and #. For `commands` give it for each type.") var type: [String] = []
    @Option(help: ArgumentHelp("End after so many messages.", valueName: "n")) var count: Int?
    @OptionGroup var output: OutputOptions
    @OptionGroup var connections: ConnectionOptions

    func run() async throws {
        try await reporting {
            if topic == WellKnown.commandsExchange, type.isEmpty { throw UsageFailure("name the commands to read with --type") }
            _ = try await connections.withBroker { client in
                try await StopSignals().stoppable { try await tail(client) } kill: {}
            }
        }
    }

    private func tail(_ client: AMQPClient) async throws {
        let queue = "tail.\(UUID.v7().lowercased)"
        let keys = type.isEmpty ? ["#"] : type
        try await client.declare(
            AMQPTopology(
                queues: [.init(name: queue, durable: false, exclusive: true, autoDelete: true)],
                bindings: keys.map { .init(source: topic, destination: queue, routingKey: $0) }))
        let consumer = client.consumer(queue: queue, prefetch: 200)
        Console.shared.say("reading \(topic) …")
        var seen = 0
        try await withTaskCancellationHandler {
            while let batch = try await consumer.nextBatch(max: 100) {
                for delivery in batch {
                    show(delivery)
                    seen += 1
                    if let count, seen >= count { return }
                }
                if let last = batch.last { consumer.acknowledge(through: last, multiple: true) }
            }
        } onCancel: {
            Task { await consumer.close() }
        }
    }

    private func show(_ delivery: Delivery) {
        switch output.output {
        case .json:
            Console.shared.output(String(decoding: delivery.body, as: UTF8.self))
        case .table:
            guard let envelope = try? Envelope(decoding: delivery.body) else {
                return Console.shared.output("? \(delivery.routingKey) \(String(decoding: delivery.body, as: UTF8.self))")
            }
            let number = envelope.sequence.map { "#\($0)" } ?? ""
            Console.shared.output(
                "\(envelope.time.ISO8601Format()) \(envelope.type) \(envelope.partitionKey ?? "-") \(number) \(String(decoding: envelope.data, as: UTF8.self))")
        }
    }
}
