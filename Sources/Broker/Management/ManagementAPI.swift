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

    /// How far somebody sees into the virtual hosts that are not his.
    enum Sight {
        /// That they exist, who is connected and what is consumed: for those who watch the broker.
        case outside
        /// Their queues, exchanges and bindings: for administrators.
        case inside
        /// Messages, and changes: for nobody.
        case touch

        fileprivate func isGiven(to user: AuthenticatedUser) -> Bool {
            switch self {
            case .outside: ManagementRoute.Audience.monitoring.includes(user)
            case .inside: ManagementRoute.Audience.administrator.includes(user)
            case .touch: false
            }
        }
    }

    /// The virtual host of a request's path.
    /// - Throws: 404 when there is none, 401 when the user has no business there.
    func host(_ request: ManagementRequest, _ sight: Sight = .inside) throws -> VirtualHost {
        guard let host = core.hosts[request["vhost"]] else { throw ManagementFailure.notFound }
        guard sees(host, request.user, sight) else { throw ManagementFailure.hostRefused }
        return host
    }

    /// The same for requests that change or read messages, for which a look is not enough.
    func openHost(_ request: ManagementRequest) throws -> VirtualHost { try host(request, .touch) }

    private func sees(_ host: VirtualHost, _ user: AuthenticatedUser, _ sight: Sight) -> Bool {
        sight.isGiven(to: user) || access.canOpen(host: host.name, user: user.name)
    }

    /// In the order of their names.
    func hosts(_ user: AuthenticatedUser, _ sight: Sight = .inside) -> [VirtualHost] {
        core.hosts.values.filter { sees($0, user, sight) }.sorted { $0.name < $1.name }
    }

    // MARK: - After a change

    /// Answers when all that was appended to the log so far is durable.
    func whenDurable(_ reply: ManagementReply) -> ManagementOutcome {
        broker.scheduleTurn()
        guard let store = broker.store, store.durable < store.appended else { return .now(reply) }
        let noRoom = ManagementReply.failure(
            .init(status: .serviceUnavailable, error: "blocked", reason: "done, but not on disk before it has room"))
        let sequence = store.appended
        return .later { [broker] answer in broker.whenDurable(sequence, orWithoutRoom: { answer(noRoom) }) { answer(reply) } }
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
