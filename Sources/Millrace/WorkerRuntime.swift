import Logging
import Messaging
import Postgres
import ServiceLifecycle

/// Runs a worker from its first connection to its last.
struct WorkerRuntime {
    let worker: Worker
    let logger: Logger

    init(_ worker: Worker, logger: Logger) {
        self.worker = worker
        self.logger = logger
    }

    /// Runs until a signal, or the end of a supervised standard input, has drained the worker.
    /// - Throws: ``SettingsError``, ``MigrationsPending``, and what makes a service fail.
    func run() async throws {
        let start = ContinuousClock.now
        let clients = try WorkerClients(worker, logger: logger)
        try await verifyMigrations(clients.postgres)

        let health = WorkerHealth()
        addChecks(to: health, clients)
        // Beside the end of HTTP, not behind it: a client that takes its time must not use up the time of the running batch.
        health.onDrain { [messaging = clients.messaging] in messaging.stopConsuming() }
        let services = WorkerServices(
            name: worker.name, settings: worker.settings, db: clients.postgres, messaging: clients.messaging,
            logger: logger, health: health)
        let http = HTTPService(worker: worker, services: services)
        let group = serviceGroup(clients, http, services)

        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await listen(group, health) }
            tasks.addTask { await announce(since: start, clients.messaging, health) }
            defer { tasks.cancelAll() }
            try await group.run()
        }
        logger.notice("stopped")
    }

    /// The order is that of dependency; shutdown runs it backwards: HTTP first, so that requests that have come can still be
    /// answered and what they submit is published, then messaging, which takes nothing more since the shutdown began, then the
    /// connections.
    private func serviceGroup(
        _ clients: WorkerClients, _ http: HTTPService, _ services: WorkerServices
    ) -> ServiceGroup {
        var list: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: clients.postgres, serviceName: "postgres"),
            .init(service: clients.amqp, serviceName: "amqp"),
            .init(service: clients.messaging, serviceName: "messaging"),
        ]
        for (index, make) in worker.serviceBuilders.enumerated() {
            list.append(.init(service: make(services), serviceName: "\(worker.name).\(index)"))
        }
        list.append(.init(service: http, serviceName: "http"))
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        var configuration = ServiceGroupConfiguration(services: list, logger: quiet)
        configuration.maximumGracefulShutdownDuration = worker.settings.drain
        return ServiceGroup(configuration: configuration)
    }

    private func listen(_ group: ServiceGroup, _ health: WorkerHealth) async {
        let logger = logger
        let triggers = ShutdownTriggers(drain: worker.settings.drain, logger: logger) { cause in
            guard health.beginDraining() else { return }
            logger.notice("draining", metadata: ["cause": "\(cause)"])
            Task { await group.triggerGracefulShutdown() }
        }
        await triggers.listen(supervised: worker.settings.isSupervised)
    }

    /// Writes the line `ready` once the worker is.
    private func announce(since start: ContinuousClock.Instant, _ messaging: Messaging, _ health: WorkerHealth) async {
        while health.port == 0 || !messaging.state.isReady || health.isDraining {
            if (try? await Task.sleep(for: .milliseconds(2))) == nil { return }
        }
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        logger.notice(
            "ready",
            metadata: [
                "http": "\(worker.settings.httpHost):\(health.port)",
                "port": "\(health.port)",
                "startup_ms": "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)",
            ])
    }

    private func addChecks(to health: WorkerHealth, _ clients: WorkerClients) {
        let (postgres, messaging) = (clients.postgres, clients.messaging)
        health.add("database") {
            do {
                try await withDeadline(.seconds(1)) { _ = try await postgres.execute("SELECT 1") }
                return nil
            } catch {
                return "cannot be reached"
            }
        }
        health.add("messaging") {
            let state = messaging.state
            if state.isReady { return nil }
            return state.isBreakerOpen ? "stopped until the database is back" : "the queue is not consumed"
        }
    }

    /// A database that is just starting is waited for; one that is not prepared is not.
    private func verifyMigrations(_ postgres: PostgresClient) async throws {
        var delay = Duration.milliseconds(50)
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do {
                for script in try await MigrationCheck(worker).verify(postgres) {
                    logger.warning(
                        "Another text of a script has run since: that of a newer release, or of one that was taken back",
                        metadata: ["script": "\(script)", "to run this one": "millrace migrate \(worker.name)"])
                }
                for check in worker.startChecks { try await check(postgres) }
                return
            } catch let error as PostgresError where error.isConnectionFailure && ContinuousClock.now < deadline {
                logger.warning("The database cannot be reached yet", metadata: ["error": "\(error)"])
                try await Task.sleep(for: delay)
                delay = min(delay * 2, .seconds(2))
            }
        }
    }
}

/// Runs `body`, and cancels it when it takes longer than `limit`.
func withDeadline(_ limit: Duration, _ body: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask(operation: body)
        group.addTask {
            try await Task.sleep(for: limit)
            throw CancellationError()
        }
        defer { group.cancelAll() }
        try await group.next()
    }
}
