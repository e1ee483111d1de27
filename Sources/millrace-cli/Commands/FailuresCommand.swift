import ArgumentParser
import Foundation
import Messaging
import Postgres

struct FailuresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failures",
        abstract: "Messages that a worker could not handle: look at them, retry, edit, discard.",
        discussion: """
            EXAMPLES
              millrace failures list orders
              millrace failures show orders 0192f0c4-…
              millrace failures retry orders --group 3fa9… --rate 10
              millrace failures edit orders 0192f0c4-… -f repaired.json
              millrace failures discard orders --id 0192f0c4-… --yes
            """,
        subcommands: [List.self, Show.self, Retry.self, Edit.self, Discard.self])

    /// Which failures.
    struct Selection: ParsableArguments {
        @Option(help: "The one message of this id.") var id: String?
        @Option(help: "The group of this fingerprint.") var group: String?
        @Option(help: "Messages of this type.") var type: String?
        @Option(help: "Messages of this partition key.") var key: String?
        @Option(help: "Those whose error contains this text.") var error: String?
        @Flag(help: "All.") var all = false

        func filter(needed: Bool) throws -> FailureFilter {
            var filter = FailureFilter.all
            if let id { filter.id = try uuid(id) }
            filter.fingerprint = group
            filter.type = type
            filter.partitionKey = key
            filter.errorContains = error
            if needed, !all, filter == .all { throw UsageFailure("say which: --id, --group, --type, --key, --error or --all") }
            return filter
        }

        /// One message was named, and there is none: that is a failure, not an empty success.
        func check(_ count: Int, of worker: String) throws {
            if count == 0, let id { throw Failed("\(worker) has no such failed message \(id)") }
        }
    }

    static func uuid(_ text: String) throws -> UUID {
        guard let id = UUID(uuidString: text) else { throw UsageFailure("`\(text)` is not an id") }
        return id
    }

    /// The worker whose failures are meant, and how to reach its schema.
    struct Target: ParsableArguments {
        @Argument(help: "The worker.") var worker: String
        @OptionGroup var schema: SchemaOptions

        func with<R: Sendable>(_ body: (FailureStore) async throws -> R) async throws -> R {
            try await schema.with(worker) { try await body(FailureStore(postgres: $0, schema: $1)) }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List failures, grouped by error and place.")
        @OptionGroup var target: Target
        @OptionGroup var selection: Selection
        @OptionGroup var output: OutputOptions
        @Flag(help: "Each message instead of groups.") var messages = false
        @Option(help: ArgumentHelp("At most so many messages.", valueName: "n")) var limit = 100

        func run() async throws {
            try await reporting {
                let filter = try selection.filter(needed: false)
                if messages {
                    let failures = try await target.with { try await $0.list(matching: filter, limit: limit) }
                    output.print(failures.map(FailureView.init)) {
                        var table = Table(["ID", "TYPE", "KEY", "STATUS", "ATTEMPTS", "PARKED", "ERROR"], right: [4])
                        for failure in failures {
                            table.add([
                                failure.id.uuidString.lowercased(), failure.type, failure.partitionKey ?? "", failure.status.rawValue,
                                "\(failure.attempts)", failure.parkedAt.ISO8601Format(), String((failure.errorMessage ?? "").prefix(60)),
                            ])
                        }
                        return table
                    }
                } else {
                    let groups = try await target.with { try await $0.groups(matching: filter) }
                    output.print(groups) {
                        var table = Table(["GROUP", "COUNT", "FAILED", "LAST", "ERROR", "PLACE", "EXAMPLE"], right: [1, 2])
                        for group in groups {
                            table.add([
                                group.fingerprint ?? "-", "\(group.count)", "\(group.failed)", group.last.ISO8601Format(),
                                group.errorType ?? "", group.errorPlace ?? "", String((group.example ?? "").prefix(60)),
                            ])
                        }
                        return table
                    }
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one failed message whole.")
        @OptionGroup var target: Target
        @Argument(help: "The message's id.") var id: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await reporting {
                let id = try FailuresCommand.uuid(id)
                guard let failure = try await target.with({ try await $0.show(id) }) else {
                    throw Failed("\(target.worker) has no failed message \(id.uuidString.lowercased())")
                }
                output.print(FailureView(failure)) {
                    var table = Table(["FIELD", "VALUE"])
                    table.add(["id", failure.id.uuidString.lowercased()])
                    table.add(["type", failure.type])
                    table.add(["exchange", failure.exchange])
                    table.add(["key", failure.partitionKey ?? ""])
                    table.add(["status", "\(failure.status.rawValue), \(failure.attempts) attempts"])
                    table.add(["next attempt", failure.nextAttemptAt?.ISO8601Format() ?? "none"])
                    table.add(["error", "\(failure.errorType ?? ""): \(failure.errorMessage ?? "")"])
                    table.add(["place", failure.errorPlace ?? ""])
                    table.add(["group", failure.fingerprint ?? ""])
                    table.add(["message", String(decoding: failure.body, as: UTF8.self)])
                    return table
                }
            }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Have failed messages handled again.")
        @OptionGroup var target: Target
        @OptionGroup var selection: Selection
        @OptionGroup var output: OutputOptions
        @Option(help: ArgumentHelp("So many in a second (default: all at once).", valueName: "n")) var rate: Double?

        func validate() throws {
            if let rate, !(rate > 0 && rate <= 1_000_000) { throw ValidationError("--rate must be more than 0") }
        }

        func run() async throws {
            try await reporting {
                let filter = try selection.filter(needed: true)
                let count = try await target.with { try await $0.retry(matching: filter, rate: rate) }
                try selection.check(count, of: target.worker)
                output.report(count, "to be handled again")
            }
        }
    }

    struct Edit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replace the data of a failed message: a copy with a new id is handled in its place.",
            discussion: """
                The copy's causation is the original. A message that could not be read at all has no data to replace: give the whole \
                envelope with --envelope. Prints the id of the copy.
                """)
        @OptionGroup var target: Target
        @Argument(help: "The message's id.") var id: String
        @Option(name: [.short, .long], help: ArgumentHelp("The file with the new data; - is standard input.", valueName: "path")) var file =
            "-"
        @Flag(help: "The file holds a whole envelope, not only its data.") var envelope = false

        func run() async throws {
            try await reporting {
                let id = try FailuresCommand.uuid(id)
                let data = try await ByteSource.all(of: file)
                guard (try? JSONSerialization.jsonObject(with: Data(data))) != nil else { throw UsageFailure("the new data is not JSON") }
                let copy = try await target.with { store in
                    envelope ? try await store.edit(id, body: data) : try await store.edit(id, data: data)
                }
                Console.shared.output(copy.uuidString.lowercased())
            }
        }
    }

    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Throw failed messages away: they are not handled.",
            discussion: "A saga's command that was thrown away is sent again by `millrace saga retry`, and handled then.")
        @OptionGroup var target: Target
        @OptionGroup var selection: Selection
        @OptionGroup var output: OutputOptions
        @Flag(help: "Really.") var yes = false

        func run() async throws {
            try await reporting {
                let filter = try selection.filter(needed: true)
                guard yes else {
                    let count = try await target.with { try await $0.count(matching: filter) }
                    throw UsageFailure("\(count) messages would be thrown away; add --yes to do it")
                }
                let count = try await target.with { try await $0.discard(matching: filter) }
                try selection.check(count, of: target.worker)
                output.report(count, "discarded")
            }
        }
    }
}
