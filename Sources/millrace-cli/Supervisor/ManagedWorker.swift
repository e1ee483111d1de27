import Foundation
import Servers

/// One worker process that is kept running.
actor ManagedWorker {
    nonisolated let manifest: WorkerManifest
    nonisolated let port: Int
    private let executable: String
    private let environment: [String: String]
    private let home: String
    private let printer: LogPrinter
    private var machine = SupervisorMachine()
    private var process: ChildProcess?
    private var loop: Task<Void, Never>?
    /// The last words of the process, for the error if it never becomes ready.
    private var lastLines: [String] = []

    init(manifest: WorkerManifest, port: Int, executable: String, environment: [String: String], home: String, printer: LogPrinter) {
        self.manifest = manifest
        self.port = port
        self.executable = executable
        self.environment = environment
        self.home = home
        self.printer = printer
    }

    /// The base of its HTTP URLs.
    nonisolated var url: String { "http://127.0.0.1:\(port)" }
    /// The number of its process, while it runs.
    var pid: Int32? { process?.isRunning == true ? process?.pid : nil }
    /// How often it was restarted.
    var restarts: Int { machine.restarts }
    /// Whether it was given up.
    var hasEnded: Bool { machine.phase == .ended }

    /// Runs `executable prepare` to its end.
    func prepare() async throws {
        // A migration takes as long as it takes; killed, it would only begin again. Ctrl-C ends it.
        let result = try await ChildProcess.run(configuration(["prepare"]), timeout: nil)
        guard result.status.isSuccess else {
            throw Failed("\(manifest.name): prepare failed (\(result.status))\n\(Self.readable(result.standardError))")
        }
    }

    /// Runs `executable migrations …` and returns the migrations that it names.
    func migrations(_ arguments: [String]) async throws -> [MigrationView] {
        struct Answer: Decodable { var migrations: [MigrationView] }
        let result = try await ChildProcess.run(configuration(["migrations"] + arguments), timeout: nil)
        guard result.status.isSuccess,
            let answer = try? JSONDecoder().decode(Answer.self, from: Data(result.standardOutput.utf8))
        else { throw Failed("\(manifest.name): \(arguments[0]) failed (\(result.status))\n\(Self.readable(result.standardError))") }
        return answer.migrations.map { migration in
            var migration = migration
            migration.worker = manifest.name
            return migration
        }
    }

    /// Runs `executable audit` and returns its counts.
    func audit() async throws -> [String: Int] {
        let result = try await ChildProcess.run(configuration(["audit"]), timeout: .seconds(120))
        guard result.status.isSuccess, let counts = try? JSONDecoder().decode([String: Int].self, from: Data(result.standardOutput.utf8))
        else {
            throw Failed("\(manifest.name): audit failed (\(result.status))\n\(Self.readable(result.standardError))")
        }
        return counts
    }

    /// Starts it and keeps it running until `stop`.
    func start() {
        guard loop == nil else { return }
        loop = Task { await run() }
    }

    /// Has it drain and end; kills it when it takes longer than a drain may.
    func stop() async {
        let isRunning = machine.stop()
        loop?.cancel()
        if isRunning { await process?.stop(timeout: .seconds(35)) }
        await loop?.value
    }

    /// Kills it as a power failure would. It comes back by itself.
    func kill() async {
        guard let process else { return }
        process.kill()
        _ = await process.wait()
    }

    /// Kills it for good, also while it is being stopped.
    func end() async {
        _ = machine.stop()
        loop?.cancel()
        await kill()
    }

    private func run() async {
        while machine.phase != .ended, machine.phase != .stopping {
            let end: ExitStatus
            do {
                let child = try ChildProcess.spawn(configuration(["run"]))
                process = child
                machine.started(at: .now)
                let printing = Task { [weak self, printer] in
                    for await line in child.standardError {
                        printer.print(line)
                        await self?.remember(line)
                    }
                }
                end = await child.wait()
                await Self.finish(printing)
            } catch {
                Console.shared.complain("\(manifest.name): \(error)")
                end = .exited(1)
            }
            switch machine.ended(end, at: .now) {
            case .nothing:
                return
            case .giveUp:
                Console.shared.complain(
                    "\(manifest.name) has ended with \(end) and is not started again\n\(Self.readable(lastLines.joined(separator: "\n")))")
                return
            case .restart(let pause):
                if printer.leastGravity < 4 { Console.shared.warn("\(manifest.name) has ended with \(end); starting it again") }
                try? await Task.sleep(for: pause)
            }
        }
    }

    /// Lets the last words come. Whatever the worker has started may hold its standard error for ever.
    private static func finish(_ printing: Task<Void, Never>) async {
        let patience = Task {
            try await Task.sleep(for: .seconds(1))
            printing.cancel()
        }
        await printing.value
        patience.cancel()
    }

    private func remember(_ line: String) {
        lastLines.append(line)
        if lastLines.count > 12 { lastLines.removeFirst() }
    }

    private func configuration(_ arguments: [String]) -> ChildProcess.Configuration {
        .init(
            executable: executable, arguments: arguments, environment: environment, workingDirectory: home,
            standardOutput: .null, standardError: .lines)
    }

    /// Log lines without their JSON.
    private static func readable(_ text: String) -> String {
        text.split(separator: "\n").suffix(12).map { line in
            guard let log = LogLine(String(line)) else { return "  " + line }
            return "  \(log.level): \(log.message) \(log.fields.joined(separator: " "))"
        }.joined(separator: "\n")
    }
}
