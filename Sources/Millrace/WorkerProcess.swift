import Contracts
import Edge
import Logging
import Observability
import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A worker's executable, from its arguments to its exit code.
package struct WorkerProcess {
    let program: any WorkerProgram.Type
    let arguments: [String]
    let environment: [String: String]

    package init(
        program: any WorkerProgram.Type, arguments: [String],
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
    }

    /// Exit codes, as the command `millrace` uses them too.
    enum ExitCode {
        static let success: Int32 = 0
        static let failure: Int32 = 1
        static let usage: Int32 = 64
    }

    /// Does what the arguments ask for, then ends the process.
    func runAndExit() async -> Never {
        MemoryLimits.apply()
        let (name, level) = (program.name, Logger.Level(rawValue: environment["MILLRACE_LOG_LEVEL"] ?? "") ?? .info)
        LoggingSystem.bootstrap { JSONLogHandler(label: $0, worker: name, level: level) }
        let code = await run()
        exit(code)
    }

    /// Does what the arguments ask for.
    /// - Returns: the exit code.
    package func run() async -> Int32 {
        do {
            let subcommand = try Subcommand(arguments: arguments)
            if subcommand == .help {
                print(Subcommand.help(worker: program.name))
                return ExitCode.success
            }
            let settings = try WorkerSettings(worker: program.name, environment: environment)
            var worker = Worker(name: program.name, settings: settings)
            do {
                try program.configure(&worker)
            } catch {
                throw UsageError("\(error)")
            }
            return try await perform(subcommand, worker)
        } catch let error as UsageError {
            complain("\(error)\nTry '\(program.name)-worker --help'.")
            return ExitCode.usage
        } catch let error as SettingsError {
            complain("\(error)")
            return ExitCode.usage
        } catch let error as ContractViolation {
            complain("\(error)")
            return ExitCode.usage
        } catch {
            complain("\(error)")
            return ExitCode.failure
        }
    }

    private func perform(_ subcommand: Subcommand, _ worker: Worker) async throws -> Int32 {
        let logger = Logger.worker(worker.name, level: worker.settings.logLevel)
        // Before a deployment has changed anything, and before messages are taken.
        if subcommand == .prepare || subcommand == .run { try worker.verifyContracts() }
        switch subcommand {
        case .describe:
            print(String(decoding: WorkerDescription(worker).json, as: UTF8.self))
        case .audit:
            let counts = try await WorkerAudit(worker, logger: logger).counts()
            print(String(decoding: WorkerAudit.json(counts), as: UTF8.self))
        case .migrations(let task):
            print(String(decoding: try await WorkerMigrations(worker, logger: logger).perform(task), as: UTF8.self))
        case .prepare:
            try await WorkerPreparation(worker, logger: logger).prepare()
        case .run:
            do {
                try await WorkerRuntime(worker, logger: logger).run()
            } catch let error as SettingsError {
                throw error
            } catch {
                // The log is what an operator of a running worker reads; the last word belongs there.
                logger.critical("The worker has stopped", metadata: ["error": "\(error)"])
                return ExitCode.failure
            }
        case .help:
            break
        }
        return ExitCode.success
    }

    private func complain(_ text: String) {
        StandardErrorSink().write(Array("\(program.name)-worker: \(Redaction.text(text))\n".utf8))
    }
}
