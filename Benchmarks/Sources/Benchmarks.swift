import Logging
import Servers

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The measurements that need our own code; `Benchmarks/run` calls them and puts the peers beside them.
@main
enum Benchmarks {
    static let usage = """
        usage: benchmarks servers COMMAND [ARGUMENT ...]   runs COMMAND beside private servers (DATABASE_URL, DATABASE_SOCKET_URL, AMQP_URL)
               benchmarks handling [MESSAGES]              messages/s of one worker: inbox, one row of state, one outbox row each
               benchmarks publish [MESSAGES] [WINDOW]      confirmed persistent messages/s of 1 KiB
               benchmarks inserts [ROWS]                   pipelined inserts/s on one connection
        """

    static func main() async throws {
        var logger = Logger(label: "benchmarks")
        logger.logLevel = .error
        let arguments = Array(CommandLine.arguments.dropFirst())
        let number = { (index: Int, otherwise: Int) in arguments.count > index ? Int(arguments[index]) ?? otherwise : otherwise }
        switch arguments.first {
        case "servers" where arguments.count > 1:
            try await PrivateServers.run(Array(arguments.dropFirst()), logger: logger)
        case "handling":
            try await HandlingBenchmark(messages: number(1, 50_000), logger: logger).run()
        case "publish":
            try await PublishBenchmark(messages: number(1, 100_000), window: number(2, 1000), logger: logger).run()
        case "inserts":
            try await InsertBenchmark(rows: number(1, 100_000), logger: logger).run()
        default:
            print(usage)
            exit(64)
        }
    }
}
