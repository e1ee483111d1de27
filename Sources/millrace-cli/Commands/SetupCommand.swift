import ArgumentParser
import Foundation

struct SetupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "setup",
        abstract: "Make the workers' roles, schemas and broker users on servers that are there.",
        discussion: """
            For each worker: a PostgreSQL role that reaches its own schema alone, and a RabbitMQ user that reaches its own queues and \
            topics alone (through the management plugin). Writes each worker's URLs to DIR/<worker>/env, mode 0600. May be repeated: \
            it keeps the passwords that the files hold, and mends what differs.

            The administrators' URLs come from the environment, because arguments can be read by everybody on the machine: \
            DATABASE_URL, BROKER_MANAGEMENT_URL (http://user:password@host:15672) and AMQP_URL (where workers reach the broker; default: \
            port 5672 of the management's host); or from files that DATABASE_URL_FILE … name. An option may give a URL without its \
            password, which then comes from PGPASSWORD or BROKER_MANAGEMENT_PASSWORD. What is not given is left alone.

            EXAMPLES
              DATABASE_URL=postgres://… BROKER_MANAGEMENT_URL=http://… millrace setup --secrets /etc/millrace
              millrace setup --secrets secrets --database-url postgres://postgres@db/shop   # and PGPASSWORD
              millrace worker run orders --prepare --env-file /etc/millrace/orders/env
            """)

    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("The folder for the workers' URLs.", valueName: "dir")) var secrets: String
    @Option(help: ArgumentHelp("Only these workers, separated by commas.", valueName: "a,b")) var only: String?
    @Option(help: ArgumentHelp("PostgreSQL, without a password.", valueName: "url")) var databaseUrl: String?
    @Option(help: ArgumentHelp("RabbitMQ's management, without a password.", valueName: "url")) var brokerManagementUrl: String?
    @Option(help: ArgumentHelp("Where workers reach the broker, without a password.", valueName: "url")) var amqpUrl: String?
    @Flag(help: "Make new passwords. Workers that run have to be started again with them.") var rotate = false

    func run() async throws {
        try await reporting {
            let project = try Project.find()
            let workers = try project.workers(only: only)
            let places = try SetupPlaces(database: databaseUrl, management: brokerManagementUrl, broker: amqpUrl)
            let folder = URL(fileURLWithPath: secrets).standardizedFileURL.path
            let setup = Setup(places: places, workers: workers, secrets: WorkerSecrets(folder: folder), rotates: rotate)
            let steps = try await setup.run()
            output.print(steps) {
                var table = Table(["WHAT", "NAME", ""])
                for step in steps { table.add([step.what, step.name, step.change.rawValue]) }
                return table
            }
        }
    }
}
