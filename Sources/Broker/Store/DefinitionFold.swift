/// What a series of changes leaves: the changes that make it again from nothing, in an order in which each has what it needs.
struct DefinitionFold {
    private enum Key: Hashable {
        case host(String)
        case exchange(host: String, name: String)
        case queue(host: String, name: String)
        case binding(host: String, encoded: [UInt8])
        case user(String)
        case permission(user: String, host: String)

        /// Hosts before exchanges, exchanges before queues, both before bindings.
        var rank: Int {
            switch self {
            case .host: 0
            case .exchange: 1
            case .queue: 2
            case .binding: 3
            case .user: 4
            case .permission: 5
            }
        }
    }

    private var standing: [Key: (order: Int, change: DefinitionChange)] = [:]
    private var order = 0
    /// The highest id that was ever given to a queue; 0 if there was none.
    private(set) var highestQueueID: UInt32 = 0

    mutating func apply(_ record: DefinitionRecord) {
        switch record {
        case .queueIDs(let last): highestQueueID = max(highestQueueID, last)
        case .change(let change): apply(change)
        }
    }

    mutating func apply(_ change: DefinitionChange) {
        switch change {
        case .putVirtualHost(let name): put(.host(name), change)
        case .removeVirtualHost(let name): removeHost(name)
        case .putExchange(let host, let exchange): put(.exchange(host: host, name: exchange.name), change)
        case .removeExchange(let host, let name):
            standing[.exchange(host: host, name: name)] = nil
            removeBindings(host) { $0.source == name || ($0.destinationIsExchange && $0.destination == name) }
        case .putQueue(let host, let queue):
            highestQueueID = max(highestQueueID, queue.id.rawValue)
            put(.queue(host: host, name: queue.name), change)
        case .removeQueue(let host, let name):
            standing[.queue(host: host, name: name)] = nil
            removeBindings(host) { !$0.destinationIsExchange && $0.destination == name }
        case .putBinding(let host, let binding): put(Self.key(host, binding), change)
        case .removeBinding(let host, let binding): standing[Self.key(host, binding)] = nil
        case .putUser(let user): put(.user(user.name), change)
        case .removeUser(let name): removeUser(name)
        case .putPermission(let it): put(.permission(user: it.user, host: it.host), change)
        case .removePermission(let user, let host): standing[.permission(user: user, host: host)] = nil
        }
    }

    var changes: [DefinitionChange] {
        standing.sorted { ($0.key.rank, $0.value.order) < ($1.key.rank, $1.value.order) }.map(\.value.change)
    }

    /// Drops the permissions of users that are not there: a later user of that name would have them.
    mutating func dropOrphans() {
        let users = standing.keys
        standing = standing.filter { entry in
            if case .permission(let user, _) = entry.key { return users.contains(.user(user)) }
            return true
        }
    }

    private mutating func put(_ key: Key, _ change: DefinitionChange) {
        order += 1
        standing[key] = (standing[key]?.order ?? order, change)
    }

    private static func key(_ host: String, _ binding: BindingDefinition) -> Key {
        var writer = DefinitionWriter()
        DefinitionRecord.encode(binding, &writer)
        return .binding(host: host, encoded: writer.bytes)
    }

    /// With a host goes everything in it, said or not.
    private mutating func removeHost(_ name: String) {
        standing = standing.filter { entry in
            switch entry.value.change {
            case .putVirtualHost(let host), .putExchange(let host, _), .putQueue(let host, _), .putBinding(let host, _): host != name
            case .putPermission(let permission): permission.host != name
            default: true
            }
        }
    }

    private mutating func removeUser(_ name: String) {
        standing[.user(name)] = nil
        standing = standing.filter {
            if case .putPermission(let permission) = $0.value.change { return permission.user != name }
            return true
        }
    }

    private mutating func removeBindings(_ host: String, _ matches: (BindingDefinition) -> Bool) {
        standing = standing.filter {
            if case .putBinding(host, let binding) = $0.value.change { return !matches(binding) }
            return true
        }
    }
}
