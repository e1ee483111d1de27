import ArgumentParser
import Foundation
import Postgres
import Sagas
import Servers

struct SagaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "saga",
        abstract: "Look at sagas, and help those that are stuck.",
        discussion: """
            EXAMPLES
              millrace saga list --status stuck
              millrace saga show 0192f0c4-…
              millrace saga retry 0192f0c4-… --reason "shipping is back"
              millrace saga skip 0192f0c4-… --step "authorize payment" --reason "paid in cash"
              millrace saga graph checkout --format dot | dot -Tsvg > checkout.svg
            """,
        subcommands: [List.self, Show.self, Retry.self, Compensate.self, Skip.self, Graph.self])

    /// The orchestrating worker and how to reach its schema.
    struct Target: ParsableArguments {
        @Option(help: "The worker that runs the saga.") var worker = "checkout"
        @OptionGroup var schema: SchemaOptions

        func with<R: Sendable>(_ body: (SagaStore) async throws -> R) async throws -> R {
            try await schema.with(worker) { client, _ in try await body(SagaStore(postgres: client)) }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List instances, the newest first.")
        @OptionGroup var target: Target
        @OptionGroup var output: OutputOptions
        @Option(help: "Only these: running, compensating, completed, compensated, stuck.") var status: [String] = []
        @Option(help: "Only this saga.") var saga: String?
        @Option(help: "Only the instance of this partition key.") var key: String?
        @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 50

        func run() async throws {
            try await reporting {
                let statuses = try status.map { text in
                    guard let status = SagaStatus(rawValue: text) else { throw UsageFailure("`\(text)` is no status of a saga") }
                    return status
                }
                let filter = SagaFilter(saga: saga, statuses: Set(statuses), key: key)
                let sagas = try await target.with { try await $0.list(filter, limit: limit) }
                output.print(sagas.map(SagaView.init)) {
                    var table = Table(["ID", "SAGA", "STATUS", "STEP", "KEY", "UPDATED", "ERROR"])
                    for saga in sagas {
                        table.add([
                            saga.id.uuidString.lowercased(), saga.saga, saga.status.rawValue, saga.step, saga.key,
                            saga.updatedAt.ISO8601Format(), String((saga.lastError ?? "").prefix(50)),
                        ])
                    }
                    return table
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one instance and its timeline.")
        @OptionGroup var target: Target
        @Argument(help: "The instance's id.") var id: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await reporting {
                let id = try FailuresCommand.uuid(id)
                guard let details = try await target.with({ try await $0.show(id) }) else {
                    throw Failed("there is no saga instance \(id.uuidString.lowercased())")
                }
                output.print(SagaDetailsView(details)) {
                    var table = Table(["TIME", "WHAT", "STEP", "DIRECTION", "DETAIL"])
                    table.add([
                        details.summary.createdAt.ISO8601Format(), "started", "", "", "\(details.summary.saga) \(details.summary.key)",
                    ])
                    for entry in details.timeline {
                        table.add([
                            entry.at.ISO8601Format(), entry.kind, entry.step ?? "", entry.direction.map { "\($0)" } ?? "",
                            entry.detail ?? "",
                        ])
                    }
                    table.add([
                        details.summary.updatedAt.ISO8601Format(), details.summary.status.rawValue, "", "", details.summary.lastError ?? "",
                    ])
                    return table
                }
            }
        }
    }

    /// What the three requests have in common.
    struct RequestOptions: ParsableArguments {
        @OptionGroup var target: Target
        @Argument(help: "The instance's id.") var id: String
        @Option(help: ArgumentHelp("Only if it is at this step, as `saga show` names it.", valueName: "name")) var step: String?
        @Option(help: "Why; stands in the timeline.") var reason = ""

        func request(_ operation: SagaOperation) async throws {
            try await reporting {
                let id = try FailuresCommand.uuid(id)
                let by = ProcessInfo.processInfo.environment["USER"] ?? "operator"
                let before = try await target.with { try await $0.request(operation, id, at: step, by: by, reason: reason) }
                Console.shared.say(
                    "asked \(target.worker) to \(operation.rawValue) \(before.saga) \(before.key), which was \(before.status.rawValue) at \"\(before.step)\""
                )
            }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Send the command at hand again.")
        @OptionGroup var options: RequestOptions
        func run() async throws { try await options.request(.retry) }
    }

    struct Compensate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Give up and undo what was done.")
        @OptionGroup var options: RequestOptions
        func run() async throws { try await options.request(.compensate) }
    }

    struct Skip: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take the step at hand as done by other means.")
        @OptionGroup var options: RequestOptions
        func run() async throws { try await options.request(.skip) }
    }

    struct Graph: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Draw the sagas of a worker, as Mermaid or DOT.")
        @Argument(help: "The worker.") var worker = "checkout"
        @Option(help: "mermaid, dot or json.") var format: Format = .mermaid

        enum Format: String, ExpressibleByArgument, CaseIterable { case mermaid, dot, json }

        struct Description: Decodable { var graphs: [SagaGraph]? }

        func run() async throws {
            try await reporting {
                let project = try Project.find()
                let manifest = try project.worker(worker)
                var environment = ProcessInfo.processInfo.environment
                environment["MILLRACE_HOME"] = project.path
                let result = try await ChildProcess.run(
                    .init(executable: project.executable(of: manifest), arguments: ["describe"], environment: environment))
                guard result.status.isSuccess else { throw Failed("\(worker) describe: \(result.standardError)") }
                let description = try JSONDecoder().decode(Description.self, from: Data(result.standardOutput.utf8))
                guard let graphs = description.graphs, !graphs.isEmpty else { throw Failed("the worker \(worker) has no saga") }
                switch format {
                case .json: Console.shared.output(JSON.text(graphs))
                case .mermaid: graphs.forEach { Console.shared.output($0.mermaid) }
                case .dot: graphs.forEach { Console.shared.output($0.dot) }
                }
            }
        }
    }
}
