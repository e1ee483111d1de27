import AMQP
import ArgumentParser
import Contracts
import Foundation

struct ListenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen",
        abstract: "Forward the messages of topics to a web server, each as a CloudEvents request.",
        discussion: """
            Posts each message in order and goes on when the server has answered 2xx. Answers 408, 425, 429 and 5xx, and a server \
            that cannot be reached or answers with more than 64 MiB, are tried again with growing pauses; any other answer is final: it is said, and the next \
            message follows. It reads through a queue of its own, which is gone afterwards: a tool for development, not a worker.

            EXAMPLES
              millrace listen commerce.orders --forward-to http://localhost:3000/events
              millrace listen 'commerce.*' --type order.confirmed --forward-to http://localhost:3000/hook --mode binary
            """)
    @Argument(help: "Topics, `commands`, or patterns over topics.") var topics: [String]
    @Option(name: .customLong("forward-to"), help: ArgumentHelp("Where to post: an http or https URL.", valueName: "url")) var target:
        String
    @Option(help: "Only this type; may hold * and #, and may be given again.") var type: [String] = []
    @Option(
        name: .customLong("where"), help: ArgumentHelp("Only if this condition holds (see `millrace tail --help`).", valueName: "condition")
    ) var condition: String?
    @Option(help: "structured: the envelope is the body; binary: the data is the body, the attributes are ce- headers.") var mode:
        CloudEventsMode = .structured
    @Option(help: ArgumentHelp("Tries of one message before it is left out; 0 for no end.", valueName: "n")) var tries = 0
    @Option(help: ArgumentHelp("Seconds to wait for an answer.", valueName: "s")) var timeout = 30.0
    @Option(help: ArgumentHelp("End after so many messages.", valueName: "n")) var count: Int?
    @OptionGroup var connections: ConnectionOptions

    func validate() throws {
        if topics.isEmpty { throw ValidationError("name a topic") }
        if let count, count < 1 { throw ValidationError("--count must be 1 or more") }
        if tries < 0 { throw ValidationError("--tries must be 0 or more") }
        if !(timeout > 0 && timeout <= 3600) { throw ValidationError("--timeout must be more than 0 and at most 3600 seconds") }
    }

    func run() async throws {
        try await reportingReach {
            let forwarder = try Forwarder(target: target, mode: mode, tries: tries, timeout: .seconds(timeout))
            let filter = try FilterParser.option(condition)
            let selection = try TopicSelection(topics, types: type, catalog: try? ContractFolder.load())
            try await BrokerSession.with(connections, name: "millrace listen", declaring: AMQPTopology()) { client in
                let reader = try await TopicReader(client: client, selection: selection, purpose: "listen")
                _ = try await StopSignals().stoppable { try await forward(from: reader, by: forwarder, filter) }
            }
            await forwarder.close()
        }
    }

    private func forward(from reader: TopicReader, by forwarder: Forwarder, _ filter: FilterExpression?) async throws {
        Console.shared.say("forwarding \(topics.joined(separator: ", ")) to \(target) …")
        var seen = 0
        try await reader.forEach { delivery in
            if let filter {
                guard let event = try? JSONValue.parse(delivery.body), filter.holds(for: event) else { return true }
            }
            try await forwarder.forward(delivery)
            seen += 1
            return count.map { seen < $0 } ?? true
        }
    }
}

/// How a CloudEvent stands in an HTTP request (CloudEvents HTTP binding 1.0, section 3).
enum CloudEventsMode: String, ExpressibleByArgument, CaseIterable, Sendable {
    case structured, binary
}
