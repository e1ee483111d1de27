/// One change of what a broker knows besides messages. `DefinitionLog.record` makes it durable before it returns, so an answer
/// such as `queue.declare-ok` never promises what a crash would take back.
package enum DefinitionChange: Equatable, Sendable {
    case putVirtualHost(name: String)
    case removeVirtualHost(name: String)
    case putExchange(host: String, ExchangeDefinition)
    case removeExchange(host: String, name: String)
    case putQueue(host: String, QueueDefinition)
    case removeQueue(host: String, name: String)
    case putBinding(host: String, BindingDefinition)
    case removeBinding(host: String, BindingDefinition)
    case putUser(UserDefinition)
    case removeUser(name: String)
    case putPermission(PermissionDefinition)
    case removePermission(user: String, host: String)
}

package struct ExchangeDefinition: Equatable, Sendable {
    package var name: String
    /// `direct`, `fanout`, `topic`, `headers`, `x-consistent-hash`.
    package var type: String
    package var durable: Bool
    package var autoDelete: Bool
    package var isInternal: Bool
    package var arguments: FieldTable

    package init(
        name: String, type: String, durable: Bool = true, autoDelete: Bool = false, isInternal: Bool = false,
        arguments: FieldTable = [:]
    ) {
        self.name = name
        self.type = type
        self.durable = durable
        self.autoDelete = autoDelete
        self.isInternal = isInternal
        self.arguments = arguments
    }
}

package struct QueueDefinition: Equatable, Sendable {
    package var id: QueueID
    package var name: String
    package var durable: Bool
    package var exclusive: Bool
    package var autoDelete: Bool
    package var arguments: FieldTable

    package init(
        id: QueueID, name: String, durable: Bool = true, exclusive: Bool = false, autoDelete: Bool = false,
        arguments: FieldTable = [:]
    ) {
        self.id = id
        self.name = name
        self.durable = durable
        self.exclusive = exclusive
        self.autoDelete = autoDelete
        self.arguments = arguments
    }
}

package struct BindingDefinition: Equatable, Sendable {
    package var source: String
    package var destination: String
    package var destinationIsExchange: Bool
    package var routingKey: String
    package var arguments: FieldTable

    package init(
        source: String, destination: String, destinationIsExchange: Bool = false, routingKey: String,
        arguments: FieldTable = [:]
    ) {
        self.source = source
        self.destination = destination
        self.destinationIsExchange = destinationIsExchange
        self.routingKey = routingKey
        self.arguments = arguments
    }
}

package struct UserDefinition: Equatable, Sendable {
    package var name: String
    /// As `Access` writes it: algorithm, parameters, salt and hash; never the password.
    package var passwordHash: String
    /// `administrator`, `monitoring`, `management` and others.
    package var tags: [String]

    package init(name: String, passwordHash: String, tags: [String]) {
        self.name = name
        self.passwordHash = passwordHash
        self.tags = tags
    }
}

/// Three regular expressions over the names of exchanges and queues of a virtual host.
package struct PermissionDefinition: Equatable, Sendable {
    package var user: String
    package var host: String
    package var configure: String
    package var write: String
    package var read: String

    package init(user: String, host: String, configure: String, write: String, read: String) {
        self.user = user
        self.host = host
        self.configure = configure
        self.write = write
        self.read = read
    }
}

/// Keeps definitions. A broker in memory has none.
package protocol DefinitionLog: AnyObject {
    /// Durable when it returns.
    func record(_ change: DefinitionChange) throws(StoreError)
}
