import ArgumentParser
import Broker

/// The command `millrace`.
@main
struct MillraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace",
        abstract: "Publish events, run workers, and see that nothing is lost.",
        discussion: """
            Data goes to standard output, everything else to standard error.
            Exit codes: 0 done, 1 failed, 2 done in part, 4 incompatible contracts, 5 no answer from the broker, 64 wrong usage.

            EXAMPLES
              millrace demo --orders 500          real orders through every part, then check the invariants
              millrace up                         start everything in workers/, until Ctrl-C
              millrace load data/cdnow-orders.csv load orders into what `up` has started
              millrace failures list orders       messages that could not be handled
              millrace doctor                     what this machine lacks
            """,
        version: BrokerConfiguration.productVersion,
        subcommands: [
            UpCommand.self, DemoCommand.self, WorkerCommand.self, MigrateCommand.self, SetupCommand.self, LoadCommand.self,
            TopicsCommand.self, BrokerCommand.self, PublishCommand.self, TailCommand.self, ListenCommand.self, FailuresCommand.self,
            SagaCommand.self, DoctorCommand.self,
        ])
}

extension ExitCode {
    /// Something was done, but not everything.
    static let partial = ExitCode(2)
    /// The arguments or the environment make no sense.
    static let usage = ExitCode(64)
}
