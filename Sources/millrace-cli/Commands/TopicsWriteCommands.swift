import ArgumentParser
import ContractFiles
import Contracts
import Foundation

struct TopicsNewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Make the contract of a new topic, with one event to start from.",
        discussion: """
            EXAMPLES
              millrace topics new billing.invoices --owner billing
              millrace topics new billing.invoices --owner billing --key invoiceId --event invoice.issued --command invoice.issue
            """)
    @Argument(help: "The topic, such as billing.invoices.") var topic: String
    @Option(help: "The worker that owns it (default: the first word of the topic).") var owner: String?
    @Option(help: "The property whose value orders the messages.") var key = "id"
    @Option(help: "The first event, in the past tense.") var event: String?
    @Option(help: "A first command, in the imperative.") var command: String?
    @OptionGroup var topics: TopicsOptions

    func run() async throws {
        try await reporting {
            let folder = topics.topics ?? (try? ContractFolder.find()) ?? "topics"
            let words = topic.split(separator: ".").map(String.init)
            let noun = words.last.map { $0.hasSuffix("s") && $0.count > 1 ? String($0.dropLast()) : $0 } ?? "thing"
            let scaffold = TopicScaffold(
                topic: topic, owner: owner ?? words.first ?? "", key: key, event: event ?? "\(noun).created", command: command)
            do {
                let written = try scaffold.write(into: folder)
                for path in written { Console.shared.output(path) }
                if written.contains(where: { $0.hasSuffix(".swift") }) { Console.shared.say(Self.packageHint(folder)) }
            } catch let error as ContractFileError {
                throw UsageFailure(error.problems.map(\.message).joined(separator: "\n"))
            }
        }
    }

    private static func packageHint(_ folder: String) -> String {
        """
        Put this into Package.swift, beside the dependency on the package millrace, and `swift build` makes the Swift types:
          .target(
              name: "AppTopics",
              dependencies: [.product(name: "Contracts", package: "millrace")],
              path: "\((folder as NSString).lastPathComponent)",
              plugins: [.plugin(name: "TopicsPlugin", package: "millrace")]),
        """
    }
}

struct TopicsDocsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docs",
        abstract: "Write all contracts as one HTML page that needs nothing else.",
        discussion: """
            EXAMPLES
              millrace topics docs                  writes topics-docs/index.html
              millrace topics docs --out - > topics.html
            """)
    @Option(name: .customLong("out"), help: ArgumentHelp("The folder to write to; - is standard output.", valueName: "dir")) var out =
        "topics-docs"
    @Option(help: "The title of the page.") var title = "Topics"
    @OptionGroup var topics: TopicsOptions

    func run() async throws {
        try await reporting {
            let page = TopicsPage(catalog: try topics.catalog(), consumers: try topics.consumers(), title: title).html
            if out == "-" { return Console.shared.output(page) }
            let path = out + "/index.html"
            do {
                try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
                try Data(page.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            } catch {
                throw Failed("cannot write \(path): \(error.localizedDescription)")
            }
            Console.shared.output(path)
        }
    }
}

struct TopicsAsyncAPICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "asyncapi",
        abstract: "Print all contracts as an AsyncAPI 3.0 document with AMQP bindings.",
        discussion: """
            EXAMPLES
              millrace topics asyncapi > asyncapi.yaml
              millrace topics asyncapi --format json | jq '.channels | keys'
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case yaml, json
    }

    @Option(help: "yaml or json.") var format = Format.yaml
    @Option(help: "The title of the document.") var title = "Millrace topics"
    @Option(name: .customLong("document-version"), help: "The version of the document.") var documentVersion = "1.0.0"
    @OptionGroup var topics: TopicsOptions

    func run() async throws {
        try await reporting {
            let document = AsyncAPIDocument(catalog: try topics.catalog(), title: title, version: documentVersion).json
            switch format {
            case .yaml: Console.shared.output(YAMLText.text(document))
            case .json: Console.shared.output(document.prettyPrinted())
            }
        }
    }
}
