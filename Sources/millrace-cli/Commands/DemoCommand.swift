import ArgumentParser
import Foundation
import Servers

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run real orders through every part and check the invariants.",
        discussion: """
            Starts everything on a data folder of its own, posts the orders of a CSV file to the REST edge, waits until nothing \
            moves, and checks that nothing was lost, doubled or left over. Exits 0 only if every invariant holds; leaves nothing \
            running and nothing on disk. Given DATABASE_URL or AMQP_URL it uses those servers instead of private ones: they must not \
            have anything of these workers, and what it makes there it removes.

            EXAMPLES
              millrace demo
              millrace demo --orders 500 -o json
              millrace demo --chaos --kills 20 --seed 7
            """)

    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("How many orders of the file; all if not given.", valueName: "n")) var orders: Int?
    @Option(help: ArgumentHelp("The file of orders (default: data/cdnow-orders.csv of the project).", valueName: "csv")) var file: String?
    @Flag(help: "Kill workers, broker and database at random while the orders run.") var chaos = false
    @Option(help: ArgumentHelp("How many kills; implies --chaos (default: 10).", valueName: "n")) var kills: Int?
    @Option(help: ArgumentHelp("The seed that chooses victims and moments (default: by chance, and printed).", valueName: "n")) var seed:
        UInt64?
    @Option(help: ArgumentHelp("Requests under way at once.", valueName: "n")) var connections = 64
    @Option(help: ArgumentHelp("Orders in a second (default: as fast as they go).", valueName: "n")) var rate: Double?
    @Option(help: ArgumentHelp("The data folder (default: a temporary one).", valueName: "dir")) var data: String?
    @Flag(help: "Keep the data folder, to look around with `millrace up --data`.") var keep = false
    @Flag(help: "Show the workers' logs.") var logs = false

    func validate() throws {
        if let orders, orders < 1 { throw ValidationError("--orders must be 1 or more") }
        if let kills, kills < 1 { throw ValidationError("--kills must be 1 or more") }
        if !(1...1024).contains(connections) { throw ValidationError("--connections must be 1 to 1024") }
        if let rate, !(rate > 0 && rate <= 1_000_000) { throw ValidationError("--rate must be more than 0") }
    }

    func run() async throws {
        try await reporting { try await perform() }
    }

    private func perform() async throws {
        let project = try Project.find()
        let path = file ?? project.path + "/data/cdnow-orders.csv"
        let all = try OrderFile.read(path, limit: orders)
        guard !all.isEmpty else { throw UsageFailure("\(path) holds no order") }
        let directory: String
        if let data { directory = data } else { directory = try TemporaryDirectory.make(prefix: "millrace-demo") }
        if keep, data == nil { throw UsageFailure("--keep needs --data DIR: a temporary folder is removed") }
        let given = GivenServers(workers: project.workers)
        try await given.refuseUsed()
        let folder = try DataFolder(directory)
        let options = Demo.Options(
            orders: all, kills: chaos || kills != nil ? kills ?? 10 : 0, seed: seed ?? UInt64.random(in: 0...999_999),
            connections: connections, rate: rate, leastGravity: logs ? 1 : 4)
        let supervisor = Supervisor(
            .init(
                project: project, workers: project.workers, usesOwnPorts: false, leastGravity: options.leastGravity,
                logLevel: logs ? nil : "warning"),
            folder: folder)
        let demo = Demo(options: options, supervisor: supervisor)
        let report = try await StopSignals().stoppable {
            try await demo.run()
        } cleanUp: {
            await cleanUp(supervisor, directory, given)
        } kill: {
            await supervisor.killAll()
        }
        guard let report else { throw ExitCode(130) }
        switch output.output {
        case .table: Console.shared.output(report.text(.shared))
        case .json: Console.shared.output(JSON.text(report))
        }
        if !report.holds { throw ExitCode.failure }
    }

    private func cleanUp(_ supervisor: Supervisor, _ directory: String, _ given: GivenServers) async {
        Console.shared.endProgress()
        await supervisor.stop()
        if !keep { await given.remove() }
        if data == nil {
            TemporaryDirectory.remove(directory)
        } else if !keep {
            await supervisor.removeData()
        }
    }
}
