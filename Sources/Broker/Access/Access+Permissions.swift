extension Access {
    /// Whether the user may open the virtual host: whether it has any permissions there.
    package func canOpen(host: String, user: String) -> Bool { users[user]?.permissions[host] != nil }

    /// Whether the user may do this with the exchange or queue of this name.
    ///
    /// The default exchange goes by the name `amq.default`.
    package func allowed(_ user: String, _ operation: AccessOperation, _ name: String, host: String) -> Bool {
        users[user]?.permissions[host]?.allows(operation, name) ?? false
    }

    /// - Throws: 403 with RabbitMQ's words unless the user may do this.
    package func check(
        _ user: String, _ operation: AccessOperation, _ resource: AccessResource, _ name: String, host: String
    ) throws(ProtocolFault) {
        let name = resource == .exchange && name.isEmpty ? ResourceName.defaultExchange : name
        guard !allowed(user, operation, name, host: host) else { return }
        throw ProtocolFault(.accessRefused, "access to \(resource.rawValue) '\(name)' in vhost '\(host)' refused for user '\(user)'")
    }

    /// What declaring a queue or an exchange needs besides: one that hands messages on to another exchange (its dead letters,
    /// or what it cannot route) takes them from itself and writes them there.
    ///
    /// - Parameter exchange: the argument that names that exchange, if it is there.
    /// - Throws: 403.
    func checkForwarding(
        _ user: String, _ resource: AccessResource, _ name: String, to exchange: FieldValue?, host: String
    ) throws(ProtocolFault) {
        guard let exchange = exchange?.text else { return }
        try check(user, .read, resource, name, host: host)
        try check(user, .write, .exchange, exchange, host: host)
    }

    /// All permissions, by virtual host and user.
    package var allPermissions: [PermissionDefinition] {
        users.values.flatMap { $0.permissions.values.map(\.definition) }.sorted { ($0.host, $0.user) < ($1.host, $1.user) }
    }

    /// The user's permissions in the virtual host.
    package func permission(user: String, host: String) -> PermissionDefinition? { users[user]?.permissions[host]?.definition }

    /// Grants permissions, in place of those that the user had in the virtual host. That the virtual host exists is the
    /// caller's to check.
    /// - Throws: `noSuchUser`, `invalidPattern`, `storage`.
    package func put(_ definition: PermissionDefinition) throws(AccessError) {
        guard users[definition.user] != nil else { throw AccessError(.noSuchUser, "no user '\(definition.user)'") }
        let permission = try Permission(definition, limit: limits.permissionPatternLength)
        try record(.putPermission(definition))
        users[definition.user]?.permissions[definition.host] = permission
    }

    /// Takes the user's permissions in the virtual host away.
    /// - Throws: `noSuchPermission`, `storage`.
    package func removePermission(user: String, host: String) throws(AccessError) {
        guard permission(user: user, host: host) != nil else {
            throw AccessError(.noSuchPermission, "user '\(user)' has no permissions in vhost '\(host)'")
        }
        try record(.removePermission(user: user, host: host))
        users[user]?.permissions[host] = nil
    }

    /// Takes all permissions in a virtual host away; it is being deleted.
    /// - Throws: `storage`.
    package func removePermissions(host: String) throws(AccessError) {
        for user in users.keys.sorted() where permission(user: user, host: host) != nil {
            try removePermission(user: user, host: host)
        }
    }
}
