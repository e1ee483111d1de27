import ArgumentParser
import Broker
import Foundation
import Logging

struct BrokerServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the broker until Ctrl-C.",
        discussion: """
            Prints where it listens, on standard output, once it does. Data is kept in .millrace/broker of the current folder \
            unless --data or --memory is given. Every setting is described in docs/broker.md; the command line wins over the \
            environment, and that over the file.

            EXAMPLES
              millrace broker serve --data /var/lib/broker --listen 0.0.0.0:5672
              millrace broker serve --config broker.yaml --management none
            """)

    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("Where AMQP listens (default: 127.0.0.1:5672); port 0 takes a free one.", valueName: "host:port"))
    var listen: String?
    @Option(help: ArgumentHelp("Where the management API and metrics listen, or none (default: 127.0.0.1:15672).", valueName: "host:port"))
    var management: String?
    @Option(help: ArgumentHelp("The data folder.", valueName: "dir")) var data: String?
    @Flag(help: "Keep everything in memory; it is gone at the end.") var memory = false
    @Option(help: ArgumentHelp("A YAML file with settings.", valueName: "file")) var config: String?
    @Option(help: ArgumentHelp("What clients are told; some change their ways for RabbitMQ/3.10.8.", valueName: "name/version"))
    var product: String?
    @Option(help: "Show logs from this level on: debug, info, warning or error.") var log: Level = .info

    enum Level: String, ExpressibleByArgument, CaseIterable {
        case debug, info, warning, error
    }

    /// What is printed once the broker listens.
    struct Ready: Encodable {
        var url: String
        var host: String
        var port: Int?
        var tlsPort: Int?
        var tlsUrl: String?
        var managementPort: Int?
        var managementUrl: String?
        var pid: Int32
    }

    func run() async throws {
        try await reporting { try await serve() }
    }

    private func serve() async throws {
        let configuration = try settings()
        var logger = Logger(label: "broker") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: log.rawValue) ?? .info
        OpenFiles.raiseLimit()
        let broker = Broker(configuration: configuration, logger: logger)
        let isSupervised = ProcessInfo.processInfo.environment["MILLRACE_SUPERVISED"] == "1"
        let output = output
        _ = try await StopSignals().stoppable {
            let address = try await broker.start()
            Self.announce(address, output)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await broker.run() }
                // Whoever started this process is gone when standard input ends (docs/decisions/0005).
                if isSupervised { group.addTask { await StandardInput.end() } }
                try await group.next()
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    private func settings() throws -> BrokerConfiguration {
        var settings = BrokerSettings()
        if let config { try settings.read(file: config) }
        try settings.read(environment: ProcessInfo.processInfo.environment)
        if let listen { try settings.set(listen: listen) }
        if let management { try settings.set(management: management) }
        if let product { settings.set(product: product) }
        if memory, data != nil { throw UsageFailure("give either --data or --memory") }
        if let data { settings.setFolder(data) }
        if memory { settings.setMemory() }
        try settings.configuration.validate()
        return settings.configuration
    }

    private static func announce(_ address: BrokerAddress, _ output: OutputOptions) {
        let ready = Ready(
            url: address.url, host: address.host, port: address.port, tlsPort: address.tlsPort, tlsUrl: address.tlsURL,
            managementPort: address.managementPort, managementUrl: address.managementURL, pid: ProcessInfo.processInfo.processIdentifier)
        output.print(ready) {
            var table = Table(["AMQP", "TLS", "MANAGEMENT"])
            table.add([address.port == nil ? "none" : ready.url, ready.tlsUrl ?? "none", ready.managementUrl ?? "none"])
            return table
        }
    }
}
