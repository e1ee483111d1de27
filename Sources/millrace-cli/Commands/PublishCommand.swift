import AMQP
import ArgumentParser
import ContractFiles
import Contracts
import Foundation

struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish one event or command, and wait until the broker has it.",
        discussion: """
            TOPIC is a topic, or `commands` for a command. The data is JSON, from --data, from a file, or from standard input.

            EXAMPLES
              millrace publish commands inventory.set --data '{"productId":"cd-1199","quantity":5}' --key cd-1199
              millrace publish commerce.orders order.confirmed -f event.json --key 0192…
            """)
    @Argument(help: "The topic, or `commands`.") var topic: String
    @Argument(help: "The type of the event or command, such as order.created.") var type: String
    @Option(name: .customLong("data"), help: ArgumentHelp("The data.", valueName: "json")) var json: String?
    @Option(name: [.short, .long], help: ArgumentHelp("The file with the data; - is standard input.", valueName: "path")) var file: String?
    @Option(help: "The partition key: messages of one key are handled in order.") var key: String?
    @Option(help: "The source, as the envelope names it.") var source = "/cli"
    @OptionGroup var output: OutputOptions
    @OptionGroup var connections: PublishConnections

    struct Published: Encodable {
        var id: String
        var topic: String
        var type: String
    }

    func run() async throws {
        try await reporting { try await perform() }
    }

    private func perform() async throws {
        let data = try bytes()
        do {
            _ = try JSONValue.parse(data)
        } catch {
            throw UsageFailure("the data is not JSON: \(error)")
        }
        let envelope = Envelope(
            id: .v7(), source: source, type: type, subject: key, time: .now, partitionKey: key, data: data)
        let message = OutgoingMessage(
            exchange: topic, routingKey: type,
            properties: .init(contentType: WellKnown.contentType, messageID: envelope.id.lowercased, type: type),
            // A command that nobody takes is an error; an event that nobody reads is not.
            body: envelope.encoded(), mandatory: topic == WellKnown.commandsExchange)
        let outcome = try await connections.options.withBroker { client in
            await client.publisher().publish([message]).first
        }
        switch outcome {
        case .confirmed:
            output.print(Published(id: envelope.id.lowercased, topic: topic, type: type)) {
                var table = Table(["ID", "TOPIC", "TYPE"])
                table.add([envelope.id.lowercased, topic, type])
                return table
            }
        case .returned(_, let text): throw Failed("nobody takes \(type): \(text)")
        case .nacked: throw Failed("the broker refused the message")
        case .failed(let error): throw error
        case nil: throw Failed("the broker did not answer")
        }
    }

    private func bytes() throws -> [UInt8] {
        switch (json, file) {
        case (let json?, nil): return Array(json.utf8)
        case (nil, "-"?), (nil, nil): return Array(FileHandle.standardInput.readDataToEndOfFile())
        case (nil, let file?):
            guard let data = FileManager.default.contents(atPath: file) else { throw UsageFailure("cannot read \(file)") }
            return Array(data)
        case (_?, _?): throw UsageFailure("give the data either by --data or by a file")
        }
    }
}

/// `--data` means the data itself here, so the folder has another name.
struct PublishConnections: ParsableArguments {
    @Option(help: ArgumentHelp("The data folder of a running `millrace up`.", valueName: "dir")) var folder: String?

    var options: ConnectionOptions {
        var options = ConnectionOptions()
        options.data = folder
        return options
    }
}
