import AMQP
import ArgumentParser
import ContractFiles
import Contracts
import Foundation
import Journal

struct TailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Print the messages of topics as they pass, or with --since from the journal, until Ctrl-C.",
        discussion: """
            TOPIC is a topic, `commands`, or a pattern over topics: * stands for a word, # for any number of words. \
            It reads through a queue of its own, which is gone afterwards; nobody else misses a message for it. After a lost \
            connection it goes on with what comes then. On a terminal it prints lines for people, in a pipe NDJSON.

            With --since it prints what the journal has recorded since then, then goes on with what is recorded, in the order of the \
            journal, nothing left out and nothing twice. It reads the database then, not the broker; commands are not recorded.

            --where takes a condition: paths such as type, partitionkey or data.items[0].quantity, the values 'text', 12, true and \
            null, the comparisons == != < <= > >= contains startswith, and `and`, `or`, `not`, ( ).

            --format takes letters after %: t type, i id, v data, T time, k key, o topic, s subject, S source, n sequence, \
            c correlation id, C causation id, e the whole envelope.

            EXAMPLES
              millrace tail commerce.orders
              millrace tail 'commerce.*' --type order.rejected -o ndjson | jq .data
              millrace tail '#' commands --where "data.totalCents > 10000 and not type startswith 'product'"
              millrace tail supply.inventory --format '%T %t %k %v' --count 10
              millrace tail '#' --since 30m
              millrace tail commerce.orders --since 2026-11-21T10:00:00Z -o ndjson | jq .data
            """)
    @Argument(help: "Topics, `commands`, or patterns over topics.") var topics: [String]
    @Option(help: "Only this type; may hold * and #, and may be given again.") var type: [String] = []
    @Option(help: "Only with this subject.") var subject: String?
    @Option(name: .customLong("where"), help: ArgumentHelp("Only if this condition holds.", valueName: "condition")) var condition: String?
    @Option(
        help: ArgumentHelp(
            "Begin with what was recorded since: 90s, 30m, 1h, 2d ago, or a time like 2026-11-21T10:00:00Z.", valueName: "when")) var since:
        String?
    @Option(help: ArgumentHelp("With --since, the schema of the journal.", valueName: "name")) var schema = "journal"
    @Option(help: ArgumentHelp("How to print each message.", valueName: "text")) var format: String?
    @Option(help: ArgumentHelp("End after so many messages.", valueName: "n")) var count: Int?
    @Option(
        name: [.short, .customLong("output")], help: "How to print: table, json or ndjson (default: table on a terminal, else ndjson).")
    var output: StreamFormat?
    @OptionGroup var connections: ConnectionOptions

    func validate() throws {
        if topics.isEmpty { throw ValidationError("name a topic") }
        if let count, count < 1 { throw ValidationError("--count must be 1 or more") }
        if format != nil, output != nil { throw ValidationError("give --format or --output, not both") }
    }

    func run() async throws {
        try await reportingReach {
            let printer = try self.printer()
            let start = try since.map { try Since.start($0) }
            if start != nil, topics.contains(WellKnown.commandsExchange) {
                throw UsageFailure("the journal has events; commands are not recorded")
            }
            let selection = try TopicSelection(topics, types: type, catalog: try? ContractFolder.load())
            if let start { return try await print(since: start, selection, by: printer) }
            try await BrokerSession.with(connections, name: "millrace tail", declaring: AMQPTopology()) { client in
                let reader = try await TopicReader(client: client, selection: selection, purpose: "tail")
                _ = try await StopSignals().stoppable { try await print(from: reader, by: printer) }
            }
        }
    }

    private func print(since start: JournalReader.Start, _ selection: TopicSelection, by printer: EventPrinter) async throws {
        try await connections.with(schema: schema) { client in
            let tail = JournalTail(postgres: client, schema: schema, selection: selection)
            _ = try await StopSignals().stoppable {
                Console.shared.say("reading \(topics.joined(separator: ", ")) in the journal …")
                var seen = 0
                try await tail.forEach(since: start) { entry in
                    if printer.print(entry) { seen += 1 }
                    return count.map { seen < $0 } ?? true
                }
            }
        }
    }

    private func print(from reader: TopicReader, by printer: EventPrinter) async throws {
        Console.shared.say("reading \(topics.joined(separator: ", ")) …")
        var seen = 0
        try await reader.forEach { delivery in
            if printer.print(delivery) { seen += 1 }
            return count.map { seen < $0 } ?? true
        }
    }

    private func printer() throws -> EventPrinter {
        let output: TailOutput
        if let format {
            output = .format(try TailFormat(format))
        } else {
            switch self.output ?? (isatty(1) == 1 ? .table : .ndjson) {
            case .table: output = .table
            case .json: output = .json
            case .ndjson: output = .ndjson
            }
        }
        return EventPrinter(
            output: output, filter: try filter(), showsTopic: topics.count > 1 || topics.contains(where: TopicSelection.isPattern))
    }

    private func filter() throws -> FilterExpression? {
        let bySubject = subject.map { FilterExpression.compare(.path([.name("subject")]), .equal, .literal(.string($0))) }
        guard let condition = try FilterParser.option(condition) else { return bySubject }
        return bySubject.map { .and($0, condition) } ?? condition
    }
}
