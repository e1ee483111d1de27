import AMQP
import Foundation
import Postgres
import Servers
import TestSupport
import Testing

/// What a worker's role and user cannot do, after `millrace setup` and the workers' own `prepare`.
///
/// Each probe is tried again after the grants were widened by hand, and must then succeed: so it is the grants that keep the
/// worker out, and not a mistake in the probe.
@Suite(
    "Least privilege", .serialized, .timeLimit(.minutes(4)),
    .enabled(if: ServersAvailability.postgres != nil && ServersAvailability.rabbitMQ != nil))
struct LeastPrivilegeTests {
    /// Sets up all workers, and prepares three: the edge first, which owns no topic and takes those of others.
    private func withWorkers(_ body: (CLIServers, _ payments: [String: String], _ edge: [String: String]) async throws -> Void) async throws
    {
        try await CLIServers.with { servers in
            let folder = try TemporaryDirectory.make() + "/secrets"
            defer { TemporaryDirectory.remove((folder as NSString).deletingLastPathComponent) }
            let setup = try await Fixture.run("setup", "--secrets", folder, environment: try await servers.environment(database: "shop"))
            #expect(setup.status == .exited(0), "\(setup)")
            for worker in ["edge", "orders", "payments"] {
                var environment = try Fixture.variables(folder, worker)
                environment["MILLRACE_HOME"] = Fixture.project
                environment["MILLRACE_QUEUE_TYPE"] = "classic"
                environment["PATH"] = "/usr/bin:/bin"
                let result = try await ChildProcess.run(
                    .init(executable: Fixture.executable(worker), arguments: ["prepare"], environment: environment))
                #expect(result.status == .exited(0), "\(worker): \(result)")
            }
            try await body(servers, try Fixture.variables(folder, "payments"), try Fixture.variables(folder, "edge"))
        }
    }

    // MARK: - PostgreSQL

    private static let foreign: [SQL] = [
        "SELECT count(*) FROM orders.outbox", "INSERT INTO orders.inbox (message_id) VALUES (gen_random_uuid())",
        "CREATE TABLE orders.mine (n int)", "SET ROLE worker_orders", "DROP TABLE orders.outbox", "CREATE SCHEMA mine",
        "CREATE TABLE public.mine (n int)",
        "CREATE ROLE mine", "ALTER ROLE worker_orders PASSWORD NULL", "SELECT rolpassword FROM pg_authid",
        "CREATE TEMPORARY TABLE mine (n int)",
    ]

    private func refusal(_ url: String, _ statement: SQL) async throws -> String? {
        let client = PostgresClient(configuration: try PostgresConfiguration(url: url), logger: Fixture.logger)
        defer { Task { await client.close() } }
        do {
            try await client.withTransaction { db in
                _ = try await db.execute(statement)
                throw RolledBack()
            }
            return nil
        } catch is RolledBack {
            return nil
        } catch let error as PostgresError {
            return error.sqlState
        }
    }

    private struct RolledBack: Error {}

    /// Fails when DatabaseSetup gives the roles more, for example membership of each other; leaves to everybody what a new database
    /// gives them; or leaves to a role what it had before.
    @Test("a role reaches its own schema alone")
    func role() async throws {
        try await withWorkers { servers, payments, _ in
            let url = try #require(payments["DATABASE_URL"])
            #expect(try await refusal(url, "SELECT count(*) FROM outbox") == nil)
            #expect(try await refusal(url, "CREATE TABLE mine (n int)") == nil)
            for statement in Self.foreign {
                #expect(try await refusal(url, statement) == "42501", "\(statement)")
            }
            let admin = PostgresClient(
                configuration: try PostgresConfiguration(url: await servers.databaseURL("shop")), logger: Fixture.logger)
            try await admin.execute("GRANT worker_orders TO worker_payments")
            for statement in Self.foreign.prefix(5) {
                #expect(try await refusal(url, statement) == nil, "widened: \(statement)")
            }
            try await admin.execute("REVOKE worker_orders FROM worker_payments")
            #expect(try await refusal(url, Self.foreign[0]) == "42501")

            // Somebody has given too much, and the schema `public` is as servers before PostgreSQL 15 have it.
            try await admin.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
            try await admin.execute("ALTER ROLE worker_payments SUPERUSER CREATEDB CREATEROLE REPLICATION")
            let folder = try TemporaryDirectory.make()
            defer { TemporaryDirectory.remove(folder) }
            let setup = try await Fixture.run(
                "setup", "--secrets", folder + "/secrets", "--only", "payments",
                environment: try await servers.environment(database: "shop"))
            #expect(setup.status == .exited(0), "\(setup)")
            let flags = try await admin.query(
                "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication FROM pg_roles WHERE rolname = 'worker_payments'",
                as: Bool.self)
            #expect(flags == [false])
            #expect(try await admin.query("SELECT has_schema_privilege('worker_payments', 'public', 'CREATE')", as: Bool.self) == [false])
            await admin.close()
        }
    }

    // MARK: - RabbitMQ

    /// What the broker answers when somebody tries this: 403, or nil when it was done.
    private func refusal(_ url: String, _ attempt: (AMQPClient) async throws -> Void) async throws -> UInt16? {
        let client = AMQPClient(configuration: try AMQPConfiguration(url: url), logger: Fixture.logger)
        let code: UInt16?
        do {
            try await attempt(client)
            code = nil
        } catch let error as AMQPError {
            code = error.replyCode ?? 0
        }
        await client.close()
        return code
    }

    private func publish(_ client: AMQPClient, _ exchange: String) async throws {
        let outcome = await client.publisher().publish(OutgoingMessage(exchange: exchange, routingKey: "probe", body: [1]))
        if case .failed(let error) = outcome { throw error }
    }

    private var foreignAttempts: [(String, @Sendable (AMQPClient) async throws -> Void)] {
        [
            (
                "consume another's queue",
                { client in
                    let consumer = client.consumer(queue: "worker.orders")
                    // It is told at once, or there is nothing to take.
                    let waiting = Task { try await consumer.nextBatch(max: 1) }
                    for _ in 0..<200 where try await client.queueInfo("worker.orders")?.consumers == 0 {
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    waiting.cancel()
                    do { _ = try await waiting.value } catch let error as AMQPError where error.code == .cancelled {}
                }
            ),
            ("get from another's queue", { _ = try await $0.get(queue: "worker.orders") }),
            ("empty another's queue", { _ = try await $0.purge(queue: "worker.orders") }),
            (
                "publish to another's topic",
                { client in
                    let outcome = await client.publisher().publish(
                        OutgoingMessage(exchange: "commerce.orders", routingKey: "probe", body: [1]))
                    if case .failed(let error) = outcome { throw error }
                }
            ),
            (
                "listen to a topic it does not consume",
                {
                    try await $0.declare(
                        AMQPTopology(
                            queues: [.init(name: "worker.payments.spy")],
                            bindings: [.init(source: "commerce.orders", destination: "worker.payments.spy", routingKey: "#")]))
                }
            ),
            ("make a queue of any name", { try await $0.declare(AMQPTopology(queues: [.init(name: "spy")])) }),
            ("delete another's topic", { try await $0.delete(exchange: "commerce.orders") }),
            ("delete another's queue", { _ = try await $0.delete(queue: "worker.orders") }),
        ]
    }

    /// Fails when BrokerPermissions gives wider patterns, for example `.*` to read.
    @Test("a user reaches its own queue and topics alone")
    func user() async throws {
        try await withWorkers { servers, payments, _ in
            let url = try #require(payments["AMQP_URL"])
            // The owner may make its topic, though `setup` has made it.
            #expect(try await refusal(url) { try await $0.declare(AMQPTopology(exchanges: [.init(name: "commerce.payments")])) } == nil)
            #expect(try await refusal(url) { try await publish($0, "commerce.payments") } == nil)
            #expect(try await refusal(url) { try await publish($0, "commands") } == nil)
            #expect(try await refusal(url) { _ = try await $0.get(queue: "worker.payments") } == nil)
            for (what, attempt) in foreignAttempts {
                #expect(try await refusal(url, attempt) == 403, "\(what)")
            }
            try await servers.rabbit.control("set_permissions", "worker-payments", ".*", ".*", ".*")
            for (what, attempt) in foreignAttempts {
                #expect(try await refusal(url, attempt) == nil, "widened: \(what)")
            }
        }
    }

    /// What the edge could do to the topics of others, which it only reads. In this order: the last ones destroy.
    private static let attemptsOnTopics: [(String, @Sendable (AMQPClient) async throws -> Void)] = [
        ("declare a topic that it consumes", { try await $0.declare(AMQPTopology(exchanges: [.init(name: "commerce.orders")])) }),
        (
            "declare the exchange of the commands",
            { try await $0.declare(AMQPTopology(exchanges: [.init(name: "commands", kind: "direct")])) }
        ),
        ("delete a topic that it consumes", { try await $0.delete(exchange: "commerce.orders") }),
        ("delete the exchange of the commands", { try await $0.delete(exchange: "commands") }),
    ]

    /// It was prepared as `withWorkers` begins: what is there needs no permission. Fails when BrokerPermissions lets a user configure
    /// what its worker consumes, or the exchange of the commands.
    @Test("a topic is its owner's alone")
    func topics() async throws {
        try await withWorkers { servers, _, edge in
            let url = try #require(edge["AMQP_URL"])
            for (what, attempt) in Self.attemptsOnTopics { #expect(try await refusal(url, attempt) == 403, "\(what)") }
            try await servers.rabbit.control("set_permissions", "worker-edge", ".*", ".*", ".*")
            for (what, attempt) in Self.attemptsOnTopics { #expect(try await refusal(url, attempt) == nil, "widened: \(what)") }
        }
    }

    /// Fails when a worker does not say which topic is missing and whose it is (WorkerTopology.missing).
    @Test("a worker whose topics are missing says so")
    func missing() async throws {
        try await withWorkers { servers, _, edge in
            let administrator = AMQPClient(configuration: try AMQPConfiguration(url: await servers.rabbit.url()), logger: Fixture.logger)
            try await administrator.delete(exchange: "supply.inventory")
            await administrator.close()
            var environment = edge
            environment["MILLRACE_HOME"] = Fixture.project
            environment["MILLRACE_QUEUE_TYPE"] = "classic"
            environment["PATH"] = "/usr/bin:/bin"
            let result = try await ChildProcess.run(
                .init(executable: Fixture.executable("edge"), arguments: ["prepare"], environment: environment))
            #expect(result.status == .exited(1))
            #expect(
                result.standardError.contains("the topic supply.inventory does not exist; it belongs to the worker `inventory`")
                    && result.standardError.contains("millrace setup"),
                "\(result)")
        }
    }
}
