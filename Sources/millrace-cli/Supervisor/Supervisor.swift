import Foundation
import Logging
import Postgres
import Servers

/// Runs a project: the servers it needs and its workers, each a process of its own.
actor Supervisor {
    struct Configuration: Sendable {
        var project: Project
        var workers: [WorkerManifest]
        /// Whether workers listen at the ports of their manifests, or at free ones.
        var usesOwnPorts = true
        /// Whether a broker is started if none is given.
        var needsBroker = true
        /// Logs below this gravity are not shown; 4 shows none.
        var leastGravity = 1
        var logLevel: String?
    }

    /// What can be killed, and comes back by itself.
    enum Part: Hashable, Sendable, CustomStringConvertible {
        case worker(String), broker, database

        var description: String {
            switch self {
            case .worker(let name): name
            case .broker: "broker"
            case .database: "PostgreSQL"
            }
        }
    }

    private let configuration: Configuration
    private let folder: DataFolder
    private var postgres: PrivatePostgres?
    private var broker: PrivateBroker?
    private(set) var workers: [ManagedWorker] = []
    /// The workers' ports: of two that start at once, each asks its own workers whether they are ready.
    private var ports: [TakenPort] = []
    private var watchers: [Task<Void, Never>] = []
    private var isStopping = false

    init(_ configuration: Configuration, folder: DataFolder) {
        self.configuration = configuration
        self.folder = folder
    }

    /// Servers, roles, `prepare` of every worker; starts no worker yet.
    func prepare() async throws {
        try await setUp()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in workers { group.addTask { try await worker.prepare() } }
            try await group.waitForAll()
        }
    }

    /// Has the workers look at their migrations, or mend them, one after another.
    func migrations(_ arguments: [String]) async -> [MigrationOutcome] {
        var outcomes: [MigrationOutcome] = []
        for worker in workers {
            var outcome = MigrationOutcome(worker: worker.manifest.name, migrations: [])
            do {
                outcome.migrations = try await worker.migrations(arguments)
            } catch {
                outcome.failure = "\(error)"
            }
            outcomes.append(outcome)
        }
        return outcomes
    }

    /// Servers, roles, and what every worker needs to know.
    func setUp() async throws {
        let own = ProcessInfo.processInfo.environment
        let databaseURL = own["DATABASE_URL"].flatMap { $0.isEmpty ? nil : $0 }
        let amqpURL = own["AMQP_URL"].flatMap { $0.isEmpty ? nil : $0 }
        let passwords = try passwords()

        // Both servers take seconds to start; they do it side by side.
        async let brokerStart: Void = startBroker(unless: amqpURL, passwords)
        async let database = startDatabase(unless: databaseURL, passwords)
        let hasRoles = try await database
        try await brokerStart

        var state = RunState(pid: getpid(), databaseURL: databaseURL ?? "", amqpURL: amqpURL ?? "", workers: [])
        if let postgres { state.databaseURL = await postgres.url(database: DatabaseSetup.database) }
        if let broker { state.amqpURL = await broker.url() }
        let width = configuration.workers.map(\.name.count).max() ?? 0
        for (column, manifest) in configuration.workers.enumerated() {
            var environment = own
            var workerDatabase = state.databaseURL
            if hasRoles { workerDatabase = try await roleURL(manifest, passwords["pg-" + manifest.name] ?? "", base: databaseURL) }
            var workerBroker = state.amqpURL
            if let broker { workerBroker = await broker.url(user: "worker-" + manifest.name, password: passwords["mq-" + manifest.name]) }
            let port = try choosePort(manifest)
            environment["DATABASE_URL"] = workerDatabase
            environment["AMQP_URL"] = workerBroker
            environment["MILLRACE_SCHEMA"] = manifest.schema
            environment["MILLRACE_HTTP_PORT"] = "\(port)"
            environment["MILLRACE_HOME"] = configuration.project.path
            environment["MILLRACE_SUPERVISED"] = "1"
            // A crash is to be restarted at once, not after seconds of printing every thread and register.
            if environment["SWIFT_BACKTRACE"] == nil {
                environment["SWIFT_BACKTRACE"] = "threads=crashed,registers=none,images=none,color=no,cache=no"
            }
            if let level = configuration.logLevel { environment["MILLRACE_LOG_LEVEL"] = level }
            // One node holds no quorum: its classic queues are as durable and faster.
            if broker != nil, environment["MILLRACE_QUEUE_TYPE"] == nil { environment["MILLRACE_QUEUE_TYPE"] = "classic" }
            let worker = ManagedWorker(
                manifest: manifest, port: port, executable: try configuration.project.executable(of: manifest),
                environment: environment, home: configuration.project.path,
                printer: LogPrinter(name: manifest.name, column: column, width: width, leastGravity: configuration.leastGravity))
            workers.append(worker)
            state.workers.append(
                .init(
                    name: manifest.name, schema: manifest.schema, url: worker.url, databaseURL: workerDatabase, amqpURL: workerBroker,
                    settings: Self.shared(environment)))
        }
        try folder.write(state)
    }

    /// What every instance of a worker has in common.
    private static func shared(_ environment: [String: String]) -> [String: String] {
        let own: Set = ["MILLRACE_HTTP_PORT", "MILLRACE_HOME", "MILLRACE_SUPERVISED", "MILLRACE_LOG_LEVEL"]
        return environment.filter { $0.key.hasPrefix("MILLRACE_") && !own.contains($0.key) }
    }

    /// Starts the workers and waits until each is ready.
    func start(timeout: Duration = .seconds(120)) async throws {
        for worker in workers { await worker.start() }
        try await waitUntilReady(timeout: timeout)
    }

    /// Waits until every worker says that it is ready.
    func waitUntilReady(timeout: Duration) async throws {
        let deadline = ContinuousClock.now + timeout
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in workers {
                group.addTask {
                    let client = HTTPClient(port: worker.port, connections: 1)
                    var last = "no answer"
                    while ContinuousClock.now < deadline {
                        if await worker.hasEnded { throw Failed("\(worker.manifest.name) does not run") }
                        do {
                            let answer = try await client.send(.init(method: .GET, path: "/health/ready"), timeout: .seconds(5))
                            if answer.status == 200 {
                                await client.close()
                                return
                            }
                            last = "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))"
                        } catch {
                            last = "\(error)"
                        }
                        try await Task.sleep(for: .milliseconds(25))
                    }
                    await client.close()
                    throw Failed("\(worker.manifest.name) was not ready in time: \(last)")
                }
            }
            try await group.waitForAll()
        }
    }

    /// Stops everything in good order: workers first, then the broker, then the database.
    func stop() async {
        isStopping = true
        await withTaskGroup(of: Void.self) { group in
            for worker in workers { group.addTask { await worker.stop() } }
        }
        await broker?.stop()
        await postgres?.stop()
        watchers.forEach { $0.cancel() }
        folder.removeState()
    }

    /// Kills everything at once.
    func killAll() async {
        isStopping = true
        await withTaskGroup(of: Void.self) { group in
            for worker in workers { group.addTask { await worker.end() } }
        }
        await broker?.kill()
        await postgres?.kill()
        folder.removeState()
    }

    /// Removes the data of the private servers, and the folder; only after `stop`.
    func removeData() async {
        await broker?.remove()
        await postgres?.remove()
        try? FileManager.default.removeItem(atPath: folder.path)
    }

    /// What `kill` can be asked for.
    var parts: [Part] {
        workers.map { .worker($0.manifest.name) } + (broker == nil ? [] : [.broker]) + (postgres == nil ? [] : [.database])
    }

    /// Kills one part as a power failure would; it comes back by itself.
    func kill(_ part: Part) async {
        switch part {
        case .worker(let name): await workers.first { $0.manifest.name == name }?.kill()
        case .broker: await broker?.kill()
        case .database: await postgres?.kill()
        }
    }

    /// The private servers and their processes.
    var serverPIDs: [(String, Int32)] {
        get async {
            var all: [(String, Int32)] = []
            if let pid = await postgres?.process?.pid { all.append(("PostgreSQL", pid)) }
            if let pid = await broker?.process?.pid { all.append(("broker", pid)) }
            return all
        }
    }

    /// A URL of the broker that may look at every queue: the private node's administrator, or what was given.
    func brokerURL() async -> String? {
        if let broker { return await broker.url() }
        return ProcessInfo.processInfo.environment["AMQP_URL"]
    }

    // MARK: - Servers

    /// The passwords of the workers' roles (`pg-…`) and users (`mq-…`).
    private func passwords() throws -> [String: String] {
        var passwords: [String: String] = [:]
        for worker in configuration.workers {
            passwords["pg-" + worker.name] = try folder.secret("postgres-" + worker.name)
            passwords["mq-" + worker.name] = try folder.secret("broker-" + worker.name)
        }
        return passwords
    }

    private func startBroker(unless url: String?, _ passwords: [String: String]) async throws {
        guard url == nil, configuration.needsBroker else { return }
        let users = configuration.workers.map { BrokerPermissions.user(for: $0, password: passwords["mq-" + $0.name] ?? "") }
        let server = PrivateBroker(
            dataDirectory: folder.path + "/broker", users: users, exchanges: BrokerPermissions.exchanges(for: configuration.workers))
        broker = server
        try await keepRunning("the broker", { await server.process }) { try await server.start() }
    }

    private func startDatabase(unless url: String?, _ passwords: [String: String]) async throws -> Bool {
        let roles = configuration.workers.map { (manifest: $0, password: passwords["pg-" + $0.name] ?? "") }
        if let url {
            guard try await DatabaseSetup.mayMakeRoles(url) else {
                Console.shared.warn(
                    "the role of DATABASE_URL may not make roles: all workers use it, so none is kept out of another's schema")
                return false
            }
            try await DatabaseSetup.makeRoles(url, roles)
            return true
        }
        let server = PrivatePostgres(dataDirectory: folder.path + "/postgres", logger: .quiet)
        postgres = server
        try await keepRunning("PostgreSQL", { await server.process }) { try await server.start() }
        let database = await server.url(database: DatabaseSetup.database)
        _ = try await DatabaseSetup.makeDatabaseIfMissing(database)
        try await DatabaseSetup.makeRoles(database, roles)
        return true
    }

    private func roleURL(_ manifest: WorkerManifest, _ password: String, base: String?) async throws -> String {
        if let postgres { return await postgres.url(user: manifest.role, password: password, database: DatabaseSetup.database) }
        guard let base else { throw UsageFailure("DATABASE_URL is not set") }
        return try PostgresConfiguration.url(base, user: manifest.role, password: password)
    }

    private func choosePort(_ manifest: WorkerManifest) throws -> Int {
        if configuration.usesOwnPorts, let port = manifest.port {
            if let taken = FreePort.take(port) {
                ports.append(taken)
                return port
            }
            let other = try FreePort.next()
            Console.shared.warn("port \(port) of \(manifest.name) is taken; it listens at \(other)")
            return other
        }
        return try FreePort.next()
    }

    /// Starts a server, and starts it again whenever it ends without being asked to.
    private func keepRunning(
        _ name: String, _ process: @escaping @Sendable () async -> ChildProcess?, start: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await Self.patiently(name, start)
        watch(name, process, restart: { try await Self.patiently(name, start) })
    }

    /// Starts a server, which may take long after a crash.
    private static func patiently(_ name: String, _ start: @Sendable () async throws -> Void) async throws {
        let notices = Task {
            while true {
                try await Task.sleep(for: .seconds(10))
                Console.shared.say("waiting for \(name), which may have to read its data after a crash …")
            }
        }
        defer { notices.cancel() }
        try await start()
    }

    /// Starts a server again whenever it ends without being asked to.
    private func watch(
        _ name: String, _ process: @escaping @Sendable () async -> ChildProcess?, restart: @escaping @Sendable () async throws -> Void
    ) {
        watchers.append(
            Task {
                var machine = SupervisorMachine()
                var current = await process()
                while let child = current, !Task.isCancelled {
                    machine.started(at: .now)
                    let status = await child.wait()
                    while !isStopping, !Task.isCancelled {
                        guard case .restart(let pause) = machine.ended(status, at: .now) else { return }
                        try? await Task.sleep(for: pause)
                        if isStopping { return }
                        do {
                            try await restart()
                            break
                        } catch {
                            Console.shared.warn("\(name) does not start again: \(error)")
                        }
                    }
                    if isStopping { return }
                    current = await process()
                }
            })
    }
}
