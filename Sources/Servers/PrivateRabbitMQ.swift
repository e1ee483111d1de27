import Dispatch
import Foundation
public import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A RabbitMQ node of our own in a folder of our own, reachable on 127.0.0.1 alone.
///
/// It has its own Erlang cookie, node name, ports and port mapper, so that it neither sees nor disturbs
/// any other node of the machine. Users and permissions come from a definitions file with hashed passwords.
/// It ends with this process, however that ends.
public actor PrivateRabbitMQ {
    /// Somebody who may connect.
    public struct User: Sendable {
        /// The name.
        public var name: String
        /// The password.
        public var password: String
        /// Tags such as `administrator`.
        public var tags: [String]
        /// Regular expression of the names it may declare and delete; empty means none.
        public var configure: String
        /// Regular expression of the names it may publish and bind to.
        public var write: String
        /// Regular expression of the names it may consume and bind from.
        public var read: String

        /// Makes a user; without expressions it may do everything.
        public init(
            name: String, password: String, tags: [String] = [], configure: String = ".*", write: String = ".*", read: String = ".*"
        ) {
            self.name = name
            self.password = password
            self.tags = tags
            self.configure = configure
            self.write = write
            self.read = read
        }
    }

    /// The name of the administrator, who is always there.
    public static let administrator = "millrace"
    /// What is enabled unless said otherwise: `x-consistent-hash`, which workers with several partitions need.
    public static let standardPlugins = ["rabbitmq_consistent_hash_exchange"]
    static let node = "millrace@localhost"

    /// The folder that was asked for.
    public nonisolated let dataDirectory: String
    /// The running node, or nil.
    public private(set) var process: ChildProcess?
    /// The AMQP port; 0 before the first start. It stays the same for every further start.
    public private(set) var port: Int

    private let users: [User]
    private let plugins: [String]
    private let settings: [String: String]
    private let logger: Logger
    private var home: ServerHome?
    private var password = ""
    private var distributionPort = 0
    private var mapperPort = 0
    private var mapper: ChildProcess?

    /// - Parameters:
    ///   - dataDirectory: the folder for messages, log, cookie and passwords; made if it is missing.
    ///   - port: the AMQP port; 0 chooses a free one.
    ///   - users: who may connect besides the administrator.
    ///   - plugins: those to enable; by default the exchange that splits a worker's queue into partitions.
    ///   - settings: further lines of `rabbitmq.conf`, such as `["vm_memory_high_watermark.relative": "0.2"]`.
    public init(
        dataDirectory: String, port: Int = 0, users: [User] = [], plugins: [String] = standardPlugins,
        settings: [String: String] = [:], logger: Logger = Logger(label: "millrace.rabbitmq")
    ) {
        self.dataDirectory = dataDirectory
        self.port = port
        self.users = users
        self.plugins = plugins
        self.settings = settings
        self.logger = logger
    }

    /// Starts a node in a new temporary folder, which is gone when this process ends. For tests.
    public static func temporary(
        users: [User] = [], plugins: [String] = standardPlugins, settings: [String: String] = [:]
    ) async throws(ServersError) -> PrivateRabbitMQ {
        let directory = try TemporaryDirectory.make(prefix: "millrace-mq") + "/mq"
        let server = PrivateRabbitMQ(dataDirectory: directory, users: users, plugins: plugins, settings: settings)
        try await server.start()
        return server
    }

    /// Starts the node and waits until it answers on its AMQP port; takes 3 to 5 seconds.
    ///
    /// - Returns: the administrator's URL.
    /// - Throws: `programMissing` if RabbitMQ is not installed, `exitedEarly` with the end of its log, `timeout`.
    @discardableResult
    public func start(timeout: Duration = .seconds(90)) async throws(ServersError) -> String {
        if let process, process.isRunning { return url() }
        let programs = try RabbitPrograms.find()
        let home = try await ServerHome.make(dataDirectory, accounts: ["rabbitmq"], needsAccount: false)
        self.home = home
        password = try Secret.kept(in: home.directory + "/administrator-password")
        if port == 0 { port = try FreePort.next() }
        if distributionPort == 0 { distributionPort = try FreePort.next() }
        if mapperPort == 0 { mapperPort = try FreePort.next() }
        try await endLeftover(home)
        try await startMapper(programs, home)
        let environment = try configure(home)

        let log = home.directory + "/output.log"
        let child = try ChildProcess.spawn(
            .init(
                executable: programs.server, environment: environment, workingDirectory: home.directory,
                account: home.account?.name, standardOutput: .file(log), standardError: .file(log), isServer: true))
        process = child
        _ = try home.write("\(child.pid) \(mapper?.pid ?? 0)\n", to: "pid")
        let deadline = ContinuousClock.now + timeout
        while ContinuousClock.now < deadline {
            if await answers() { return url() }
            if let status = await child.wait(atMost: .milliseconds(40)) {
                process = nil
                throw ServersError(.exitedEarly, "RabbitMQ did not start (\(status)); the end of \(log):\n\(Files.tail(log))")
            }
            if Task.isCancelled { break }
        }
        await kill()
        throw ServersError(.timeout, "RabbitMQ was not ready in time; see \(log)")
    }

    /// The URL of a user: `amqp://user:password@127.0.0.1:port/%2F`. Without arguments it is the administrator's.
    public func url(user: String = administrator, password: String? = nil) -> String {
        let known = users.first { $0.name == user }?.password ?? self.password
        return "amqp://\(escaped(user)):\(escaped(password ?? known))@127.0.0.1:\(port)/%2F"
    }

    /// Stops the node in good order: queues are written down, connections closed. Takes about a second.
    public func stop(timeout: Duration = .seconds(30)) async {
        if let child = process {
            process = nil
            await child.stop(signal: SIGTERM, timeout: timeout)
        }
        await mapper?.stop(signal: SIGTERM, timeout: .seconds(2))
        mapper = nil
    }

    /// Kills the node as a power failure would, and returns when it is gone. `start()` recovers its durable
    /// queues and persistent messages.
    public func kill() async {
        guard let child = process else { return }
        process = nil
        child.kill()
        _ = await child.wait()
    }

    /// Stops the node and removes all of its data.
    public func remove() async {
        await stop()
        home?.remove()
    }

    private func answers() async -> Bool {
        let port = port
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                // The protocol header of AMQP 0-9-1; a broker that is up answers with a method frame (type 1).
                let header = Array("AMQP".utf8) + [0, 0, 9, 1]
                continuation.resume(returning: Socket.answers(port: port, greeting: header, expected: 1, seconds: 5))
            }
        }
    }

    /// Erlang nodes find each other through `epmd`. One that they start themselves would outlive them and be shared
    /// with every other node of the machine, so this node gets its own in the foreground.
    private func startMapper(_ programs: RabbitPrograms, _ home: ServerHome) async throws(ServersError) {
        if let mapper, mapper.isRunning { return }
        mapper = try ChildProcess.spawn(
            .init(
                executable: programs.epmd, arguments: ["-port", "\(mapperPort)", "-address", "127.0.0.1"],
                environment: ["PATH": "/usr/bin:/bin", "HOME": home.directory + "/home"], workingDirectory: home.directory,
                account: home.account?.name, isServer: true))
    }

    private func endLeftover(_ home: ServerHome) async throws(ServersError) {
        guard let text = Files.text(home.directory + "/pid") else { return }
        for pid in text.split(separator: " ").compactMap({ Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) })
        where pid > 1 && pid != mapper?.pid {
            guard let command = ProcessTable.command(of: pid) else { continue }
            let isOurs = command.contains(home.directory + "/home") || command.contains("epmd -port")
            if isOurs { try await ProcessTable.end(pid, signal: SIGTERM, what: "RabbitMQ in \(home.directory)") }
        }
    }

    private func configure(_ home: ServerHome) throws(ServersError) -> [String: String] {
        let everybody = [User(name: Self.administrator, password: password, tags: ["administrator"])] + users
        let definitions = try home.write(RabbitDefinitions.json(everybody), to: "definitions.json")
        let plugins = try home.write("[\(plugins.joined(separator: ","))].\n", to: "enabled_plugins")
        var lines = [
            "listeners.tcp.1": "127.0.0.1:\(port)", "load_definitions": definitions, "log.console": "false",
            "log.connection.level": "warning", "disk_free_limit.absolute": "64MB",
        ]
        lines.merge(settings) { $1 }
        let text = lines.sorted { $0.key < $1.key }.map { "\($0) = \($1)\n" }.joined()
        return [
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin:/opt/homebrew/bin:/usr/local/bin", "LC_ALL": "C.UTF-8",
            "HOME": try home.makeFolder("home"),
            "ERL_EPMD_PORT": "\(mapperPort)", "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": Self.node, "RABBITMQ_DIST_PORT": "\(distributionPort)",
            "RABBITMQ_MNESIA_BASE": try home.makeFolder("mnesia"), "RABBITMQ_LOG_BASE": try home.makeFolder("log"),
            "RABBITMQ_CONFIG_FILE": try home.write(text, to: "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": plugins,
            // Keep the machine's own settings in /etc/rabbitmq out of this node.
            "RABBITMQ_CONF_ENV_FILE": home.directory + "/none", "RABBITMQ_ADVANCED_CONFIG_FILE": home.directory + "/none.config",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            // Has the start script replace itself by the Erlang machine instead of watching over it in a shell.
            "RUNNING_UNDER_SYSTEMD": "true",
        ]
    }
}
