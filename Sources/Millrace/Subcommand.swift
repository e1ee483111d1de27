/// What a worker's executable is asked to do.
package enum Subcommand: Equatable {
    case run
    case prepare
    case describe
    case audit
    case migrations(MigrationTask)
    case help

    /// Reads the arguments after the program's name.
    /// - Throws: ``UsageError``.
    package init(arguments: [String]) throws(UsageError) {
        guard let word = arguments.first else {
            self = .run
            return
        }
        if word == "migrations" {
            self = .migrations(try MigrationTask(arguments: Array(arguments.dropFirst())))
            return
        }
        if arguments.count > 1 { throw UsageError("unexpected argument '\(arguments[1])'") }
        switch word {
        case "run": self = .run
        case "prepare": self = .prepare
        case "describe": self = .describe
        case "audit": self = .audit
        case "help", "--help", "-h": self = .help
        default: throw UsageError("unknown command '\(word)'")
        }
    }

    static func help(worker: String) -> String {
        """
        \(worker)-worker, a Millrace worker

        usage: \(worker)-worker [run|prepare|describe|audit|migrations …|--help]

          run       handle messages and serve HTTP until SIGTERM (the default)
          prepare   create what the worker needs in database and broker, and exit
          describe  print what the worker handles, as JSON
          audit     print the worker's counts and checks, as JSON
          migrations info|validate|repair|baseline VERSION
                    what was migrated, and mend it, as JSON; see `millrace migrate --help`

        environment:
          DATABASE_URL            postgres://user:password@host:port/database
          AMQP_URL                amqp://user:password@host:port/vhost
          MILLRACE_SCHEMA         the worker's schema (default: its name)
          MILLRACE_HTTP_HOST      default 127.0.0.1
          MILLRACE_HTTP_PORT      default 0, a free port; the log's line 'ready' names it
          MILLRACE_HTTP_CONNECTIONS  how many are served at once; more wait to be accepted (default 500)
          MILLRACE_HOME           the folder that holds workers/ (default: the current folder)
          MILLRACE_LOG_LEVEL      default info
          MILLRACE_QUEUE_TYPE     quorum (default) or classic
          MILLRACE_PARTITIONS     over how many queues messages are spread by key, 1 (default) to 64
          MILLRACE_MAX_MESSAGE_BYTES  how large a message that is published may be (default 1000000)
          MILLRACE_DRAIN_SECONDS  how long a shutdown may take (default 30)
          MILLRACE_SAGA_RETENTION_DAYS  how long finished sagas stay, 1 to 3650 (default 30)
          MILLRACE_SUPERVISED     1: shut down when standard input ends

        exit codes: 0 done, 1 failed, 64 wrong usage or settings
        """
    }
}

/// The arguments make no sense.
package struct UsageError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
