package import NIOCore

/// Users, passwords and permissions of a broker. Loop-confined.
///
/// A permission is asked for once per operation, so the answers are cached per user, virtual host and name.
package final class Access {
    /// Rises with every change; whoever keeps answers of ``allowed(_:_:_:host:)`` throws them away when it has risen.
    package internal(set) var version: UInt64 = 0
    /// Users who may log in only from this machine.
    package var loopbackUsers: Set<String> = ["guest"]

    var users: [String: User] = [:]
    let limits: BrokerLimits
    let eventLoop: any EventLoop
    /// The key of the codes in `User.verified`: a dump of memory does not give a hash that is cheap to guess from elsewhere.
    let cacheKey = Cryptography.random(32)
    var pendingLogins = 0
    /// Hashes that are being computed on other threads, and what waits for the last of them.
    var pendingHashes = 0
    var onIdle: (() -> Void)?
    /// A change could not be written: the broker must stop.
    package var onFailure: ((StoreError) -> Void)?
    private let definitions: (any DefinitionLog)?

    /// A user with what is derived from its definition.
    struct User {
        var definition: UserDefinition
        var hash: PasswordHash
        /// By virtual host.
        var permissions: [String: Permission] = [:]
        /// The code of the password that was found right last, so that reconnects cost no scrypt.
        var verified: [UInt8]?
    }

    /// - Parameters:
    ///   - definitions: where changes are kept; nil in memory.
    ///   - eventLoop: the broker's loop; all calls are made on it.
    package init(definitions: (any DefinitionLog)?, eventLoop: any EventLoop, limits: BrokerLimits = BrokerLimits()) {
        self.definitions = definitions
        self.eventLoop = eventLoop
        self.limits = limits
    }

    /// Takes a change that was read from the log at the start; others than those of users and permissions are ignored.
    package func restore(_ change: DefinitionChange) {
        switch change {
        case .putUser(let user): apply(user)
        case .removeUser(let name): users[name] = nil
        case .putPermission(let permission):
            // A pattern that an older version took and this one does not must not open what it closed.
            users[permission.user]?.permissions[permission.host] = try? Permission(permission, limit: limits.permissionPatternLength)
        case .removePermission(let user, let host): users[user]?.permissions[host] = nil
        default: break
        }
    }

    /// Makes a change durable.
    func record(_ change: DefinitionChange) throws(AccessError) {
        do {
            try definitions?.record(change)
        } catch {
            if !error.isTemporary { onFailure?(error) }
            throw AccessError(.storage, "the change could not be written down", underlying: error)
        }
        version += 1
    }

    func apply(_ definition: UserDefinition) {
        let old = users[definition.name]
        // An unreadable hash locks the user out; it lets nobody in.
        var user = User(definition: definition, hash: PasswordHash(definition.passwordHash) ?? .none)
        user.permissions = old?.permissions ?? [:]
        if old?.definition.passwordHash == definition.passwordHash { user.verified = old?.verified }
        users[definition.name] = user
    }
}
