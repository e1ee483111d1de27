import ArgumentParser
import Foundation

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start the project's workers and the servers they need, until Ctrl-C.",
        discussion: """
            Starts a private PostgreSQL cluster unless DATABASE_URL is given, and the embedded broker unless AMQP_URL is given; \
            makes a role and a schema for each worker; migrates; starts each worker as a process of its own, and starts it again \
            when it crashes. Ctrl-C drains everything, a second one kills it. The next `up` finds everything where it was.

            EXAMPLES
              millrace up
              millrace up --only edge,orders --data /var/lib/shop
              DATABASE_URL=postgres://… AMQP_URL=amqp://… millrace up
            """)

    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("Only these workers, separated by commas.", valueName: "a,b")) var only: String?
    @Option(help: ArgumentHelp("The data folder (default: .millrace in the project).", valueName: "dir")) var data: String?
    @Option(help: "Show logs from this level on: debug, info, warning or error.") var log: LogChoice = .info

    enum LogChoice: String, ExpressibleByArgument, CaseIterable {
        case debug, info, warning, error
        var gravity: Int { [.debug: 0, .info: 1, .warning: 2, .error: 3][self] ?? 1 }
    }

    struct Endpoint: Encodable {
        var worker: String
        var url: String
    }

    func run() async throws {
        try await reporting { try await perform() }
    }

    private func perform() async throws {
        let project = try Project.find()
        let workers = try project.workers(only: only)
        let folder = try DataFolder(data ?? project.dataFolder)
        let supervisor = Supervisor(
            .init(project: project, workers: workers, leastGravity: log.gravity, logLevel: log == .debug ? "debug" : nil), folder: folder)
        let console = Console.shared
        console.say(console.error("▸", .cyan) + " starting \(workers.map(\.name).joined(separator: ", ")) on \(folder.path)")
        _ = try await StopSignals().stoppable {
            try await supervisor.prepare()
            try await supervisor.start()
            let endpoints = await supervisor.workers.map { Endpoint(worker: $0.manifest.name, url: $0.url) }
            output.print(endpoints) {
                var table = Table(["WORKER", "URL"])
                for endpoint in endpoints { table.add([endpoint.worker, endpoint.url]) }
                return table
            }
            console.say(console.error("▸", .cyan) + " ready; Ctrl-C stops")
            try await Task.sleep(for: .seconds(1_000_000_000))
        } cleanUp: {
            await supervisor.stop()
        } kill: {
            await supervisor.killAll()
        }
        console.say(console.error("▸", .cyan) + " stopped")
    }
}
