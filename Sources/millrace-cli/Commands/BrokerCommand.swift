import ArgumentParser

/// The embedded broker: running it, and looking into a running one.
struct BrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "Run the embedded AMQP 0-9-1 broker, or look into a running one.",
        discussion: """
            Without a subcommand it runs the broker until Ctrl-C. The other subcommands ask the management API of a running \
            one (or of a RabbitMQ node) and need a user: MILLRACE_BROKER_USER, and its password in MILLRACE_BROKER_PASSWORD \
            or in the file that MILLRACE_BROKER_PASSWORD_FILE names. Default: guest, guest.

            EXAMPLES
              millrace broker --data /var/lib/broker
              millrace broker --listen 127.0.0.1:0 --memory -o json
              millrace broker queues --sort messages
              millrace broker export broker.json     # a definitions file that RabbitMQ imports
            """,
        subcommands: [
            BrokerServeCommand.self, BrokerStatusCommand.self, BrokerQueuesCommand.self, BrokerExchangesCommand.self,
            BrokerUsersCommand.self, BrokerPermissionsCommand.self, BrokerDefinitionsCommand.self, BrokerExportCommand.self,
            BrokerImportCommand.self,
        ],
        defaultSubcommand: BrokerServeCommand.self)
}
