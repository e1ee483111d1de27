import AMQP
import ArgumentParser
import ContractFiles
import Contracts
import Foundation

struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish events or commands, and wait until the broker has them.",
        discussion: """
            TOPIC is a topic, or `commands` for a command. The data is one JSON value, a JSON array, or a stream of values \
            (NDJSON): each value, or each element of the array, becomes a message of its own with an id of its own. It is checked \
            against the contract in topics/ before it is sent; a file is checked as a whole first. Messages go out in order; when \
            one fails, none is sent after it.

            The id of each message goes to standard output once the broker has confirmed it. After Ctrl-C, what is in flight \
            settles, and the command says which messages the broker has; --skip goes on from there.

            Exit codes: 0 all confirmed, 1 none, 2 some, 5 the broker does not answer, 64 wrong usage.

            EXAMPLES
              millrace publish commerce.orders order.confirmed --data '{"orderId":"0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c","totalCents":1790}'
              millrace publish supply.inventory product.added -f products.ndjson --rate 200
              millrace topics example stock.reserve | millrace publish commands stock.reserve --wait 5 -
              millrace publish commerce.orders order.created -f orders.ndjson --dry-run
            """)
    @Argument(help: "The topic, or `commands`.") var topic: String
    @Argument(help: "The type of the event or command, such as order.created.") var type: String
    @Argument(help: ArgumentHelp("`-` reads standard input (so does giving no data at all).", valueName: "-")) var input: String?
    @Option(name: .customLong("data"), help: ArgumentHelp("The data.", valueName: "json")) var json: String?
    @Option(name: [.short, .long], help: ArgumentHelp("The file with the data; - is standard input.", valueName: "path")) var file: String?
    @Option(help: "What the message is about (default: the key).") var subject: String?
    @Option(help: "The partition key: messages of one key are handled in order (default: the property that the contract names).") var key:
        String?
    @Option(help: ArgumentHelp("The correlation id, a UUID.", valueName: "uuid")) var correlation: String?
    @Option(name: .customLong("header"), help: ArgumentHelp("An AMQP header; may be given again.", valueName: "name=value")) var header:
        [String] = []
    @Option(help: "The source, as the envelope names it.") var source = "/cli"
    @Option(name: .customLong("schema-version"), help: ArgumentHelp("The version of the contract (default: the newest).", valueName: "n"))
    var version: Int?
    @Option(help: ArgumentHelp("Messages in a second (default: as fast as they go).", valueName: "n")) var rate: Double?
    @Option(help: ArgumentHelp("Messages without a confirm at once.", valueName: "n")) var window = 1000
    @Option(help: ArgumentHelp("Leave out the first so many messages.", valueName: "n")) var skip = 0
    @Option(name: .customLong("max-bytes"), help: ArgumentHelp("Refuse larger data.", valueName: "n")) var maximumBytes = 1 << 20
    @Option(help: ArgumentHelp("Wait so long for a message that this one causes, and print it.", valueName: "seconds")) var wait: Double?
    @Flag(name: .customLong("dry-run"), help: "Check everything, send nothing.") var dryRun = false
    @Flag(name: .customLong("keep-going"), help: "Leave out data that is refused, and go on.") var keepGoing = false
    @Flag(name: .customLong("no-check"), help: "Do not check against the contract.") var noCheck = false
    @Flag(name: [.short, .long], help: "Do not print ids.") var quiet = false
    @Option(name: [.short, .customLong("output")], help: "How to print: table, json or ndjson.") var output: StreamFormat = .table
    @OptionGroup var connections: PublishConnections

    func validate() throws {
        if let rate, !(rate > 0 && rate <= 10_000_000) { throw ValidationError("--rate must be more than 0") }
        if !(1...100_000).contains(window) { throw ValidationError("--window must be 1 to 100000") }
        if skip < 0 { throw ValidationError("--skip must be 0 or more") }
        if !(1...(128 << 20)).contains(maximumBytes) { throw ValidationError("--max-bytes must be 1 to \(128 << 20)") }
        if let wait, !(wait > 0 && wait <= 3600) { throw ValidationError("--wait must be more than 0 and at most 3600 seconds") }
        if let input, input != "-" {
            throw ValidationError("give the data by --data, by -f FILE, or by - for standard input, not as `\(input)`")
        }
        if [json != nil, file != nil, input != nil].count(where: { $0 }) > 1 {
            throw ValidationError("give the data once: by --data, -f or -")
        }
    }

    func run() async throws {
        try await reportingReach { try await PublishPerformance(command: self, draft: draft()).perform() }
    }

    /// What the arguments say about every message.
    private func draft() throws -> EventDraft {
        var draft = EventDraft(
            topic: topic, type: type, source: source, subject: subject, key: key, headers: try headers(), maximumBytes: maximumBytes)
        if let correlation {
            guard let id = UUID(uuidString: correlation) else { throw UsageFailure("--correlation must be a UUID") }
            draft.correlationID = id
        }
        guard !noCheck else { return draft }
        do {
            draft.contract = try CheckedContract(
                ContractLookup(catalog: ContractFolder.load()).contract(topic: topic, type: type), version: version)
        } catch let error as EventRefused {
            throw UsageFailure(error.description)
        }
        return draft
    }

    private func headers() throws -> [String: String] {
        var headers: [String: String] = [:]
        for text in header {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw UsageFailure("--header must be name=value, not \(text)")
            }
            headers[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        return headers
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
