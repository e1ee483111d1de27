import AMQP
import Foundation
import Locking
import Servers

/// The embedded broker as the command runs it, for the tests of the commands that talk to a broker. It keeps its port and its
/// folder when it is started again.
actor CommandBroker {
    private let folder: String
    private var process: ChildProcess?
    private(set) var port = 0
    private var managementPort = 0

    private init(folder: String) { self.folder = folder }

    /// Starts a broker, calls `body`, and removes the broker and its data.
    static func with<R: Sendable>(_ body: (CommandBroker) async throws -> R) async throws -> R {
        let broker = CommandBroker(folder: try TemporaryDirectory.make())
        do {
            try await broker.start()
            let result = try await body(broker)
            await broker.remove()
            return result
        } catch {
            await broker.remove()
            throw error
        }
    }

    /// Starts it, the first time on a free port; returns when it listens.
    func start() async throws {
        let child = try ChildProcess.spawn(
            .init(
                executable: Fixture.millrace,
                arguments: [
                    "broker", "serve", "--listen", "127.0.0.1:\(port)", "--management", "127.0.0.1:\(managementPort)", "--data",
                    folder + "/data", "--log", "error", "-o", "json",
                ],
                environment: Fixture.environment([:]), standardOutput: .lines, standardError: .file(folder + "/log"), isServer: true))
        process = child
        guard let ready = try await Ready.of(child) else {
            throw ServersError(
                .exitedEarly, "the broker has ended: \((try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? "")")
        }
        (port, managementPort) = (ready.port, ready.managementPort)
    }

    /// Where a broker listens.
    struct Ready: Decodable {
        var port: Int
        var managementPort: Int

        /// What the broker prints once it does; nil if it ends before.
        static func of(_ broker: ChildProcess) async throws -> Ready? {
            var text = ""
            for await line in broker.standardOutput {
                text += line
                if line == "}" { return try JSONDecoder().decode(Ready.self, from: Data(text.utf8)) }
            }
            return nil
        }
    }

    /// Ends it as a power failure would.
    func kill() async {
        process?.kill()
        _ = await process?.wait()
    }

    /// Stops its process: it keeps its connections and answers nobody.
    func freeze(_ isFrozen: Bool) { process?.signal(isFrozen ? SIGSTOP : SIGCONT) }

    private func remove() async {
        process?.signal(SIGCONT)
        await process?.stop()
        TemporaryDirectory.remove(folder)
    }

    var url: String { "amqp://guest:guest@127.0.0.1:\(port)/%2F" }

    /// What a command needs to find it.
    var environment: [String: String] { ["AMQP_URL": url] }

    /// Calls `body` with a client of its own.
    func withClient<R: Sendable>(_ body: (AMQPClient) async throws -> R) async throws -> R {
        return try await AMQPClient(configuration: try AMQPConfiguration(url: url), logger: Fixture.logger).executeThenClose(body)
    }

    /// Declares a durable queue that gets everything of a topic.
    func bind(_ queue: String, to topic: String) async throws {
        try await withClient { client in
            try await client.declare(
                AMQPTopology(
                    exchanges: [.init(name: topic, kind: "topic")], queues: [.init(name: queue)],
                    bindings: [.init(source: topic, destination: queue, routingKey: "#")]))
        }
    }

    /// The names of all queues, as `millrace broker queues` lists them.
    func queues() async throws -> [String] {
        struct Queue: Decodable { var name: String }
        let result = try await Fixture.run(
            "broker", "queues", "-o", "json", "--url", "http://127.0.0.1:\(managementPort)")
        return try JSONDecoder().decode([Queue].self, from: Data(result.standardOutput.utf8)).map(\.name)
    }

    /// Runs `millrace broker` with this broker's management API.
    func command(_ arguments: String..., environment: [String: String] = [:]) async throws -> ChildProcess.Result {
        try await Fixture.run(
            ["broker"] + arguments + ["--url", "http://127.0.0.1:\(managementPort)"], input: "/dev/null", environment: environment)
    }

    /// The identifiers of the messages in a queue, in order; they are taken out.
    func take(_ queue: String) async throws -> [String] {
        try await withClient { client in
            var ids: [String] = []
            while let delivery = try await client.get(queue: queue) { ids.append(delivery.properties.messageID ?? "") }
            return ids
        }
    }
}

/// A command that runs while the test goes on. What it prints is kept.
final class RunningCommand: Sendable {
    let process: ChildProcess
    private let output = Collected()
    private let errors = Collected()
    private let readers: [Task<Void, Never>]

    private final class Collected: Sendable {
        private let kept = Locked<[String]>([])
        var lines: [String] { kept.withLock { $0 } }
        func take(_ stream: AsyncStream<String>) async {
            for await line in stream { kept.withLock { $0.append(line) } }
        }
    }

    /// - Parameter arguments: those of `millrace`, or a program by its path and its arguments.
    init(_ arguments: [String], environment: [String: String], in folder: String = Fixture.project) throws {
        let isOther = arguments[0].hasPrefix("/")
        process = try ChildProcess.spawn(
            .init(
                executable: isOther ? arguments[0] : Fixture.millrace, arguments: isOther ? Array(arguments.dropFirst()) : arguments,
                environment: Fixture.environment(environment), workingDirectory: folder, standardOutput: .lines, standardError: .lines))
        let (process, output, errors) = (process, output, errors)
        readers = [
            Task { await output.take(process.standardOutput) }, Task { await errors.take(process.standardError) },
        ]
    }

    /// What it has printed so far.
    var lines: [String] { output.lines }
    /// The first word of each line: the identifiers that `publish` prints.
    var ids: [String] { lines.map { String($0.prefix { $0 != " " }) } }
    /// What it has said on standard error so far.
    var words: String { errors.lines.joined(separator: "\n") }

    /// Waits until it has printed this many lines.
    func printed(_ count: Int, within limit: Duration = .seconds(30)) async -> Bool {
        await Fixture.eventually(within: limit) { lines.count >= count }
    }

    /// Waits until it has said a text on standard error.
    func said(_ text: String) async -> Bool { await Fixture.eventually { words.contains(text) } }

    /// Sends a signal, if one is named, and waits for the end and the last line.
    func end(_ signal: Int32? = nil, within limit: Duration = .seconds(30)) async -> ExitStatus {
        if let signal { process.signal(signal) }
        if await process.wait(atMost: limit) == nil { process.kill() }
        let status = await process.wait()
        for reader in readers { await reader.value }
        return status
    }
}

extension Fixture {
    /// The environment of this process without what leads a command elsewhere.
    static func environment(_ more: [String: String]) -> [String: String] {
        var all = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("MILLRACE_BROKER_") }
        for key in ["DATABASE_URL", "AMQP_URL", "MILLRACE_HOME"] { all[key] = nil }
        return all.merging(more) { $1 }
    }

    /// Runs the command with a file as its standard input.
    static func run(_ arguments: [String], input: String, environment: [String: String] = [:]) async throws -> ChildProcess.Result {
        try await ChildProcess.run(
            .init(
                executable: "/bin/sh", arguments: ["-c", #"input=$1; shift; exec "$0" "$@" <"$input""#, millrace, input] + arguments,
                environment: self.environment(environment), workingDirectory: project))
    }

    /// Opens a named pipe for writing once somebody opens it for reading. That is waited for on a thread of its own, so that other
    /// tests keep theirs.
    static func openPipe(_ path: String) async throws -> FileHandle {
        let descriptor = await withCheckedContinuation { (continuation: CheckedContinuation<Int32, Never>) in
            Thread.detachNewThread { continuation.resume(returning: open(path, O_WRONLY | O_CLOEXEC)) }
        }
        guard descriptor >= 0 else { throw CocoaError(.fileNoSuchFile) }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Calls `body` with a folder that is gone afterwards.
    static func withFolder<R: Sendable>(_ body: (String) async throws -> R) async throws -> R {
        let folder = try TemporaryDirectory.make()
        defer { TemporaryDirectory.remove(folder) }
        return try await body(folder)
    }

    static func write(_ text: String, to path: String) throws {
        try FileManager.default.createDirectory(atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }
}
