import AMQP
import Postgres
import Servers

/// Makes on given servers what `millrace up` makes on its private ones: for each worker a role with its schema, and a user with its
/// permissions; and the topics of all. Everything may be repeated.
struct Setup: Sendable {
    let places: SetupPlaces
    let workers: [WorkerManifest]
    let secrets: WorkerSecrets
    /// Whether every password is to be a new one.
    let rotates: Bool

    /// - Returns: what was done, in order.
    func run() async throws -> [SetupStep] {
        var steps: [SetupStep] = []
        var passwords: [String: WorkerSecrets.Passwords] = [:]
        // Written down before anything is made with them: whoever is interrupted here just begins again.
        for worker in workers {
            let own = try secrets.passwords(worker, fresh: rotates)
            passwords[worker.name] = own
            steps.append(try secrets.write(try variables(worker, own), of: worker))
        }
        let accounts = workers.compactMap { worker in passwords[worker.name].map { (worker: worker, passwords: $0) } }
        if let url = places.database { steps += try await database(url, accounts) }
        if let url = places.management, let broker = places.broker { steps += try await self.broker(url, broker, accounts) }
        return steps
    }

    private func variables(_ worker: WorkerManifest, _ passwords: WorkerSecrets.Passwords) throws -> [String: String] {
        var variables = ["MILLRACE_SCHEMA": worker.schema]
        if let database = places.database {
            variables["DATABASE_URL"] = try PostgresConfiguration.url(database, user: worker.role, password: passwords.database)
        }
        if places.management != nil, let broker = places.broker {
            let user = BrokerPermissions.user(for: worker, password: passwords.broker)
            variables["AMQP_URL"] = try SetupPlaces.brokerURL(broker, user: user.name, password: user.password)
        }
        return variables
    }

    private func database(
        _ url: String, _ accounts: [(worker: WorkerManifest, passwords: WorkerSecrets.Passwords)]
    ) async throws -> [SetupStep] {
        var steps: [SetupStep] = []
        let database = try PostgresConfiguration(url: url).database
        if try await DatabaseSetup.makeDatabaseIfMissing(url) { steps.append(SetupStep("database", database, .made)) }
        guard try await DatabaseSetup.mayMakeRoles(url) else {
            throw Failed("the role of DATABASE_URL may not make roles, or no schemas in \(database): give that of an administrator")
        }
        return steps + (try await DatabaseSetup.makeRoles(url, accounts.map { ($0.worker, $0.passwords.database) }))
    }

    private func broker(
        _ url: String, _ broker: String, _ accounts: [(worker: WorkerManifest, passwords: WorkerSecrets.Passwords)]
    ) async throws -> [SetupStep] {
        let host = try AMQPConfiguration(url: broker).vhost
        let setup = try BrokerSetup(url: url)
        return try await setup.management.executeThenClose { _ in
            var steps = [try await setup.makeHost(host)]
            for account in accounts {
                let user = BrokerPermissions.user(for: account.worker, password: account.passwords.broker)
                steps += try await setup.make(user, in: host)
            }
            for exchange in BrokerPermissions.exchanges(for: workers) {
                steps.append(try await setup.makeExchange(exchange.name, kind: exchange.kind, in: host))
            }
            return steps
        }
    }
}
