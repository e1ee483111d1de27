import ArgumentParser
import Foundation

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Migrate the workers' schemas and declare their queues, then stop.",
        discussion: """
            Against DATABASE_URL and AMQP_URL, or the private servers of the data folder, which are started for it.

            EXAMPLES
              millrace migrate
              DATABASE_URL=postgres://… AMQP_URL=amqp://… millrace migrate --only orders
            """)
    @Option(help: ArgumentHelp("Only these workers, separated by commas.", valueName: "a,b")) var only: String?
    @Option(help: ArgumentHelp("The data folder (default: .millrace in the project).", valueName: "dir")) var data: String?

    func run() async throws {
        try await reporting {
            let project = try Project.find()
            let workers = try project.workers(only: only)
            let folder = try DataFolder(data ?? project.dataFolder)
            let supervisor = Supervisor(.init(project: project, workers: workers, usesOwnPorts: false), folder: folder)
            let done: Bool? = try await StopSignals().stoppable {
                try await supervisor.prepare()
                return true
            } cleanUp: {
                await supervisor.stop()
            } kill: {
                await supervisor.killAll()
            }
            if done == nil { throw ExitCode(130) }
            Console.shared.say("migrated \(workers.map(\.name).joined(separator: ", "))")
        }
    }
}
