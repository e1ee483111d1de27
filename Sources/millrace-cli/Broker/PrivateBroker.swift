import Contracts
import Foundation
import Servers

/// The embedded broker as a process of its own, in a folder of its own, reachable on 127.0.0.1 alone.
///
/// It is the same program as this one, so that a fault of the broker, or a kill, takes nobody else with it. It ends with this
/// process, however that ends.
actor PrivateBroker {
    /// The name of the administrator, who is always there.
    static let administrator = "millrace"

    nonisolated let dataDirectory: String
    /// The running process, or nil.
    private(set) var process: ChildProcess?
    /// The port of AMQP; 0 before the first start. It stays the same for every further start.
    private(set) var port = 0
    /// The port of the management API.
    private(set) var managementPort = 0

    private let users: [PrivateRabbitMQ.User]
    private let exchanges: [(name: String, kind: String)]
    private var password = ""
    private var hasUsers = false

    /// - Parameters:
    ///   - dataDirectory: the folder for messages, definitions, log and password; made if it is missing.
    ///   - users: who may connect besides the administrator.
    ///   - exchanges: what is there from the beginning, since the users may not make it.
    init(dataDirectory: String, users: [PrivateRabbitMQ.User] = [], exchanges: [(name: String, kind: String)] = []) {
        self.dataDirectory = dataDirectory
        self.users = users
        self.exchanges = exchanges
    }

    /// Starts the broker and waits until it listens; takes a fraction of a second, and longer after a kill, when it reads its open
    /// segments.
    /// - Throws: `Failed` with the end of its log.
    func start() async throws {
        if let process, process.isRunning { return }
        var attempts = port == 0 ? 3 : 1
        while true {
            do {
                try await launch()
                break
            } catch {
                attempts -= 1
                guard attempts > 0, Files.tail(log, count: 3).contains("cannot listen") else { throw error }
                // Somebody else was faster to take a port.
                (port, managementPort) = (0, 0)
            }
        }
        if !hasUsers { try await makeUsersAndExchanges() }
        hasUsers = true
    }

    private var log: String { dataDirectory + "/output.log" }

    private func launch() async throws {
        try FileManager.default.createDirectory(
            atPath: dataDirectory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        password = try Secret.kept(in: dataDirectory + "/administrator-password")
        if port == 0 { port = try FreePort.next() }
        if managementPort == 0 { managementPort = try FreePort.next() }
        let child = try ChildProcess.spawn(
            .init(
                executable: try Self.executable(),
                arguments: [
                    "broker", "serve", "--listen", "127.0.0.1:\(port)", "--management", "127.0.0.1:\(managementPort)",
                    "--data", dataDirectory + "/data", "--log", "warning", "-o", "json",
                ],
                environment: environment, standardOutput: .lines, standardError: .file(log), isServer: true))
        process = child
        guard await Self.isReady(child) else {
            let status = await child.wait(atMost: .seconds(1)).map { "\($0)" } ?? "interrupted"
            await kill()
            throw Failed("the broker did not start (\(status)); the end of \(log):\n\(Files.tail(log, count: 3))")
        }
    }

    /// The URL of a user: `amqp://user:password@127.0.0.1:port/%2F`. Without arguments it is the administrator's.
    func url(user: String = administrator, password: String? = nil) -> String {
        let known = users.first { $0.name == user }?.password ?? self.password
        return "amqp://\(user.percentEncoded):\((password ?? known).percentEncoded)@127.0.0.1:\(port)/%2F"
    }

    /// Stops the broker in good order.
    func stop(timeout: Duration = .seconds(15)) async {
        guard let child = process else { return }
        process = nil
        await child.stop(timeout: timeout)
    }

    /// Kills it as a power failure would, and returns when it is gone. `start()` recovers what was confirmed.
    func kill() async {
        guard let child = process else { return }
        process = nil
        child.kill()
        _ = await child.wait()
    }

    /// Stops the broker and removes all of its data.
    func remove() async {
        await stop()
        try? FileManager.default.removeItem(atPath: dataDirectory)
    }

    private var environment: [String: String] {
        // Settings that are meant for a broker that somebody runs alone are not for this one.
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("MILLRACE_BROKER_") }
        environment["MILLRACE_BROKER_USER"] = Self.administrator
        environment["MILLRACE_BROKER_PASSWORD"] = password
        environment["MILLRACE_SUPERVISED"] = "1"
        return environment
    }

    /// The file of this program.
    private static func executable() throws -> String {
        guard let path = Bundle.main.executablePath else { throw Failed("this program does not know its own file") }
        return path
    }

    /// Reads standard output until the broker has said where it listens, or ends, or the task is cancelled.
    private static func isReady(_ child: ChildProcess) async -> Bool {
        for await line in child.standardOutput where line == "}" { return true }
        return false
    }

    /// Users, permissions and exchanges are on the broker's disk; they are made once for each run of this program, in case they changed.
    private func makeUsersAndExchanges() async throws {
        let client = ManagementClient(HTTPEndpoint(port: managementPort), user: Self.administrator, password: password)
        try await client.executeThenClose { client in
            for user in users {
                let name = user.name.percentEncoded
                try await client.send(
                    "PUT", "users/" + name,
                    body: ["password": .string(user.password), "tags": .array(user.tags.map { .string($0) })])
                try await client.send(
                    "PUT", "permissions/%2F/" + name,
                    body: ["configure": .string(user.configure), "write": .string(user.write), "read": .string(user.read)])
            }
            for exchange in exchanges {
                try await client.send(
                    "PUT", "exchanges/%2F/" + exchange.name.percentEncoded,
                    body: ["type": .string(exchange.kind), "durable": .bool(true)])
            }
        }
    }
}
