import ArgumentParser
import ContractFiles
import Contracts
import Foundation

struct TopicsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topics",
        abstract: "Look at contracts, check them, and make new ones.",
        discussion: """
            A contract is topics/<topic>.yaml: it says which events and commands a topic has, with a JSON Schema for each version.

            EXAMPLES
              millrace topics list                          what there is
              millrace topics show commerce.orders/order.created
              millrace topics lint                          is everything in order?
              millrace topics check --against main          would this break what is deployed, or stored? (exit code 4)
              millrace topics new billing.invoices --owner billing
              millrace topics docs --out site               one HTML page
              millrace topics asyncapi > asyncapi.yaml
            """,
        subcommands: [
            List.self, Show.self, Example.self, TopicsLintCommand.self, TopicsCheckCommand.self, TopicsDiffCommand.self,
            TopicsNewCommand.self, TopicsDocsCommand.self, TopicsAsyncAPICommand.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the topics.",
            discussion: """
                EXAMPLES
                  millrace topics list
                  millrace topics list -o json | jq -r '.[].topic'
                """)
        @OptionGroup var topics: TopicsOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await reporting {
                let workers = try topics.workers()
                let rows = try topics.catalog().topics.map { TopicRow($0, workers) }
                output.print(rows) {
                    var table = Table(["TOPIC", "OWNER", "EVENTS", "COMMANDS", "CONSUMERS", "DESCRIPTION"], right: [2, 3])
                    for row in rows {
                        table.add([
                            row.topic, row.owner, "\(row.events)", "\(row.commands)", row.consumers.joined(separator: ", "),
                            row.description.split(separator: "\n").first.map(String.init) ?? "",
                        ])
                    }
                    return table
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the messages of a topic, or the properties of a message.",
            discussion: """
                EXAMPLES
                  millrace topics show commerce.orders
                  millrace topics show commerce.orders/order.created
                  millrace topics show order.created --schema > order.created.json
                """)
        @Argument(help: ArgumentHelp("TOPIC, TOPIC/TYPE or TYPE.", valueName: "topic")) var name: String
        @Option(name: .customLong("version"), help: ArgumentHelp("The version (default: the newest).", valueName: "n")) var version: Int?
        @Flag(help: "Only the JSON Schema of the data.") var schema = false
        @OptionGroup var topics: TopicsOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await reporting {
                let catalog = try topics.catalog()
                let consumers = try topics.consumers()
                if let topic = catalog[topic: name], catalog[type: name] == nil {
                    if schema { throw UsageFailure("--schema is of one message: \(name)/\(topic.messages.first?.type ?? "TYPE")") }
                    show(topic, consumers)
                } else {
                    try show(catalog.message(named: name), consumers)
                }
            }
        }

        private func show(_ topic: TopicFile, _ consumers: MessageConsumers) {
            let rows = topic.messages.map { MessageRow($0, consumers) }
            output.print(rows) {
                var table = Table(["KIND", "TYPE", "VERSION", "KEY", "SWIFT", "CONSUMERS", "DESCRIPTION"], right: [2])
                for row in rows {
                    table.add([
                        row.kind, row.type, "\(row.versions.last ?? 1)", row.partitionKey, row.swiftType,
                        row.consumers.joined(separator: ", "), (row.deprecated == nil ? "" : "(deprecated) ") + row.description,
                    ])
                }
                return table
            }
        }

        private func show(_ message: MessageContract, _ consumers: MessageConsumers) throws {
            let version = try message.version(version)
            if schema { return Console.shared.output(version.schema.prettyPrinted()) }
            let fields = FieldRow.rows(of: version)
            if output.output == .table {
                let readers = consumers.of(message)
                Console.shared.say(
                    "\(message.kind.rawValue) \(message.type), version \(version.number), in \(message.topic): \(message.description)")
                if let reason = version.deprecation ?? message.deprecation { Console.shared.warn("deprecated: \(reason)") }
                if !readers.isEmpty { Console.shared.say("consumed by \(readers.joined(separator: ", "))") }
            }
            output.print(Details(row: MessageRow(message, consumers), version: version.number, fields: fields)) {
                var table = Table(["PROPERTY", "TYPE", "REQUIRED", "LIMITS", "DESCRIPTION"])
                for field in fields {
                    table.add([
                        field.property, field.type, field.required ? "yes" : "", field.limits,
                        (field.personal ? "(personal) " : "") + field.description,
                    ])
                }
                return table
            }
        }

        private struct Details: Encodable {
            var row: MessageRow
            var version: Int
            var fields: [FieldRow]

            enum CodingKeys: String, CodingKey { case version, fields }

            func encode(to encoder: any Encoder) throws {
                try row.encode(to: encoder)
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(version, forKey: .version)
                try container.encode(fields, forKey: .fields)
            }
        }
    }

    struct Example: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the example of a message, ready to be changed and published.",
            discussion: """
                EXAMPLES
                  millrace topics example order.created
                  millrace topics example stock.reserve | millrace publish commands stock.reserve
                """)
        @Argument(help: ArgumentHelp("TYPE or TOPIC/TYPE.", valueName: "type")) var name: String
        @Option(name: .customLong("version"), help: ArgumentHelp("The version (default: the newest).", valueName: "n")) var version: Int?
        @OptionGroup var topics: TopicsOptions

        func run() async throws {
            try await reporting {
                let message = try topics.catalog().message(named: name)
                Console.shared.output(try message.version(version).example.prettyPrinted())
            }
        }
    }
}
