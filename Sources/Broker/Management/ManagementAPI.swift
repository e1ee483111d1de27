import Contracts

/// The management API: what RabbitMQ's tools ask of a broker over HTTP (https://www.rabbitmq.com/docs/management).
///
/// Loop-confined: each request is answered between two reads of sockets, from the live objects, without copies or locks.
final class ManagementAPI {
    let broker: BrokerLoop
    /// Where the broker listens, for the overview and the health checks.
    let listeners: [ListenerSummary]
    let startedAt: Int64
    let startUptime: Int64
    var rates = MessageRates()

    struct ListenerSummary: Sendable {
        /// `amqp`, `amqp/ssl`, `http`.
        var protocolName: String
        var host: String
        var port: Int
    }

    /// The version of RabbitMQ whose API this is; tools choose their ways by it.
    static let compatibleVersion = "3.10.8"
    /// The management API has no connection of its own; this one never exists, so no exclusive queue is open to it.
    static let requester = ConnectionID(rawValue: 0)

    init(broker: BrokerLoop, listeners: [ListenerSummary]) {
        self.broker = broker
        self.listeners = listeners
        startedAt = broker.time.now
        startUptime = broker.time.uptime
    }

    var core: BrokerCore { broker.core }
    var access: Access { broker.access }
    var limits: BrokerLimits { broker.configuration.limits }
    var nodeName: String { broker.configuration.nodeName }

    // MARK: - What a user may see

    /// The virtual host of a request's path.
    /// - Throws: 404 when there is none, 401 when the user has no business there.
    func host(_ request: ManagementRequest) throws -> VirtualHost {
        guard let host = core.hosts[request["vhost"]] else { throw ManagementFailure.notFound }
        guard maySee(host.name, request.user) else { throw ManagementFailure.accessRefused }
        return host
    }

    /// The same for requests that change or read messages, for which a look from outside is not enough.
    func openHost(_ request: ManagementRequest) throws -> VirtualHost {
        guard let host = core.hosts[request["vhost"]] else { throw ManagementFailure.notFound }
        guard access.canOpen(host: host.name, user: request.user.name) else { throw ManagementFailure.accessRefused }
        return host
    }

    /// Those who watch the whole broker see every virtual host; others the ones that they may open.
    func maySee(_ host: String, _ user: AuthenticatedUser) -> Bool {
        ManagementRoute.Audience.monitoring.includes(user) || access.canOpen(host: host, user: user.name)
    }

    func visibleHosts(_ user: AuthenticatedUser) -> [VirtualHost] {
        core.hosts.values.filter { maySee($0.name, user) }.sorted { $0.name < $1.name }
    }

    // MARK: - After a change

    /// Answers when all that was appended to the log so far is durable.
    func whenDurable(_ reply: ManagementReply) -> ManagementOutcome {
        broker.scheduleTurn()
        guard let store = broker.store, store.durable < store.appended else { return .now(reply) }
        let sequence = store.appended
        return .later { [broker] answer in broker.whenDurable(sequence) { answer(reply) } }
    }
}

extension JSONValue {
    static func int(_ value: some BinaryInteger) -> JSONValue { .number(JSONNumber(value)) }
    static func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

    /// An object of these members and those.
    func merging(_ other: JSONValue) -> JSONValue {
        guard var object = objectValue, let more = other.objectValue else { return self }
        for (key, value) in more { object[key] = value }
        return .object(object)
    }
}
