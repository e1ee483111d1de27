import ArgumentParser
import Foundation
import Postgres

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Migrate the workers' schemas and declare their queues; or look at what was migrated, and mend it.",
        discussion: """
            Against DATABASE_URL and AMQP_URL, or the private servers of the data folder, which are started for it. Each worker does it \
            itself, with its own role.

            A script that has changed since it ran, one that is missing, and one that stopped halfway are refused, each with what to do. \
            --repair accepts the scripts as they are and forgets what stopped halfway; it does not touch the tables, so look at them first.

            Exits 0 if it was done for all workers (--validate: if nothing forbids to migrate), 1 if for none, 2 if for some.

            EXAMPLES
              millrace migrate
              DATABASE_URL=postgres://… AMQP_URL=amqp://… millrace migrate orders
              millrace migrate orders --info
              millrace migrate --validate -o json
              millrace migrate orders --repair
              millrace migrate orders --baseline 3     # a schema that Flyway or somebody else has brought to version 3
            """)

    /// What to do instead of migrating.
    enum Instead: String, EnumerableFlag {
        case info, validate, repair

        static func help(for value: Instead) -> ArgumentHelp? {
            switch value {
            case .info: "Where each migration stands; changes nothing."
            case .validate: "Whether anything forbids to migrate; changes nothing."
            case .repair: "Make the histories agree with the scripts."
            }
        }
    }

    @Argument(help: "Only these workers.") var names: [String] = []
    @Flag(exclusivity: .exclusive) var instead: Instead?
    @Option(
        help: ArgumentHelp(
            "Begin the history of a worker's own migrations at this version: what is up to it counts as applied.", valueName: "version"))
    var baseline: String?
    @Option(help: ArgumentHelp("Only these workers, separated by commas.", valueName: "a,b")) var only: String?
    @Option(help: ArgumentHelp("The data folder (default: .millrace in the project).", valueName: "dir")) var data: String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reporting {
            let project = try Project.find()
            let task = try task()
            let workers = try workers(of: project)
            let folder = try DataFolder(data ?? project.dataFolder)
            var configuration = Supervisor.Configuration(project: project, workers: workers, usesOwnPorts: false)
            configuration.needsBroker = task == nil
            let supervisor = Supervisor(configuration, folder: folder)
            let outcomes: [MigrationOutcome]? = try await StopSignals().stoppable {
                guard let task else {
                    try await supervisor.prepare()
                    return []
                }
                try await supervisor.setUp()
                return await supervisor.migrations(task)
            } cleanUp: {
                await supervisor.stop()
            } kill: {
                await supervisor.killAll()
            }
            guard let done = outcomes else { throw ExitCode(130) }
            if task == nil { return Console.shared.say("migrated \(workers.map(\.name).joined(separator: ", "))") }
            try report(done)
        }
    }

    /// The arguments for the worker's `migrations`; nil to migrate.
    private func task() throws -> [String]? {
        guard let baseline else { return instead.map { [$0.rawValue] } }
        if instead != nil { throw UsageFailure("--baseline goes with none of --info, --validate and --repair") }
        guard MigrationVersion(baseline) != nil else { throw UsageFailure("`\(baseline)` is not a version") }
        if names.isEmpty, only == nil { throw UsageFailure("a baseline is that of one worker: name it") }
        return ["baseline", baseline]
    }

    private func workers(of project: Project) throws -> [WorkerManifest] {
        if names.isEmpty { return try project.workers(only: only) }
        if only != nil { throw UsageFailure("name the workers, or give them to --only, but not both") }
        return try names.map(project.worker)
    }

    private func report(_ outcomes: [MigrationOutcome]) throws {
        if instead == .validate {
            let verdicts = outcomes.map(MigrationVerdict.init)
            output.print(verdicts) {
                var table = Table(["WORKER", "VALID"])
                for verdict in verdicts { table.add([verdict.worker, verdict.isValid ? "yes" : "no"]) }
                return table
            }
        } else {
            let migrations = outcomes.flatMap(\.migrations)
            output.print(migrations) { MigrationView.table(migrations) }
        }
        let failures = outcomes.compactMap(\.failure)
        for failure in failures { Console.shared.complain(failure) }
        if failures.isEmpty { return }
        throw failures.count == outcomes.count ? ExitCode.failure : ExitCode.partial
    }
}
