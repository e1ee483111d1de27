import ArgumentParser
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "List the project's workers, or run one alone.", subcommands: [List.self, Run.self, Health.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the workers of the project.")
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await reporting {
                let workers = try Project.find().workers
                output.print(workers) {
                    var table = Table(["WORKER", "OWNS", "CONSUMES", "PORT", "DESCRIPTION"], right: [3])
                    for worker in workers {
                        table.add([
                            worker.name, worker.owns.joined(separator: " "), worker.consumes.joined(separator: " "),
                            worker.port.map(String.init) ?? "", worker.description,
                        ])
                    }
                    return table
                }
            }
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run one worker in the foreground, against given servers.",
            discussion: """
                This process becomes the worker, so signals reach it directly: SIGTERM drains and exits 0. The servers come from \
                DATABASE_URL and AMQP_URL, or else from a running `millrace up`: then this is one more instance of a worker that \
                runs there, with its settings, on a free port. Give URLs with passwords by the environment; arguments can be \
                read by everybody on the machine.

                EXAMPLES
                  DATABASE_URL=postgres://… AMQP_URL=amqp://… millrace worker run orders
                  millrace worker run orders --prepare --env-file /etc/millrace/orders/env
                  millrace worker run orders              # beside a running `millrace up`
                """)
        @Argument(help: "The worker.") var name: String
        @Flag(help: "Migrate and declare first what the worker needs.") var prepare = false
        @Option(help: ArgumentHelp("The data folder of a running `millrace up`.", valueName: "dir")) var data: String?
        @Option(help: ArgumentHelp("A file of lines NAME=value, as `millrace setup` writes them.", valueName: "path")) var envFile: String?

        func run() async throws {
            try await reporting {
                let project = try Project.find()
                let worker = try project.worker(name)
                let executable = try project.executable(of: worker)
                var environment = ProcessInfo.processInfo.environment
                // What was set for this process alone is the more particular.
                if let envFile { environment.merge(try EnvironmentFile.read(envFile)) { own, _ in own } }
                if let missing = ["DATABASE_URL", "AMQP_URL"].first(where: { environment[$0]?.isEmpty ?? true }) {
                    guard let running = RunState.read(data ?? project.dataFolder)?.workers.first(where: { $0.name == name }) else {
                        throw UsageFailure("\(missing) is not set, and no `millrace up` runs that has a worker \(name)")
                    }
                    environment = running.environment(environment)
                } else if let port = worker.port, environment["MILLRACE_HTTP_PORT"] == nil {
                    environment["MILLRACE_HTTP_PORT"] = "\(port)"
                }
                environment["MILLRACE_HOME"] = environment["MILLRACE_HOME"] ?? project.path
                if prepare {
                    let worker = ManagedWorker(
                        manifest: worker, port: 0, executable: executable, environment: environment, home: project.path,
                        printer: LogPrinter(name: name, column: 0, width: name.count, leastGravity: 1))
                    try await worker.prepare()
                }
                throw Self.become(executable, environment)
            }
        }

        /// Replaces this process; returns only if that fails.
        private static func become(_ executable: String, _ environment: [String: String]) -> Failed {
            var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(executable), strdup("run"), nil]
            var variables: [UnsafeMutablePointer<CChar>?] = environment.map { key, value in strdup(key + "=" + value) }
            variables.append(nil)
            for number in [SIGINT, SIGTERM, SIGPIPE] { signal(number, SIG_DFL) }
            execve(executable, &arguments, &variables)
            return Failed("cannot run \(executable): \(String(cString: strerror(errno)))")
        }
    }

    struct Health: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask a worker on this machine whether it is ready: for the health checks of containers.",
            discussion: """
                Prints the worker's answer. Exits 0 if it is ready, 1 if not.

                EXAMPLE
                  millrace worker health --port 8080
                """)
        @Option(help: "The worker's port (default: MILLRACE_HTTP_PORT).") var port: Int?
        @Flag(help: "Ask only whether the process lives.") var live = false

        func run() async throws {
            try await reporting {
                let number = port ?? ProcessInfo.processInfo.environment["MILLRACE_HTTP_PORT"].flatMap(Int.init)
                guard let number, (1...65_535).contains(number) else {
                    throw UsageFailure("which port? Give --port, or set MILLRACE_HTTP_PORT")
                }
                let client = HTTPClient(port: number, connections: 1)
                let answer: HTTPClient.Answer
                do {
                    answer = try await client.send(.init(method: .GET, path: live ? "/health/live" : "/health/ready"), timeout: .seconds(5))
                } catch {
                    throw Failed("nothing answers on port \(number): \(error)")
                }
                await client.close()
                Console.shared.output(String(decoding: answer.body, as: UTF8.self))
                if answer.status != 200 { throw ExitCode.failure }
            }
        }
    }
}
