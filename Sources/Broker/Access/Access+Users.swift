extension Access {
    /// All users, by name.
    package var allUsers: [UserDefinition] {
        users.values.map(\.definition).sorted { $0.name < $1.name }
    }

    /// The user of this name.
    package func user(_ name: String) -> UserDefinition? { users[name]?.definition }

    /// Makes a user or changes its password hash and tags; permissions stay.
    /// - Throws: `invalidName`, `invalidPasswordHash`, `limit`, `storage`.
    package func put(_ definition: UserDefinition) throws(AccessError) {
        guard !definition.name.isEmpty, definition.name.utf8.count <= 255, !definition.name.utf8.contains(0) else {
            throw AccessError(.invalidName, "a user's name has 1 to 255 bytes")
        }
        guard PasswordHash(definition.passwordHash) != nil else {
            throw AccessError(.invalidPasswordHash, "the password hash of user '\(definition.name)' cannot be read")
        }
        guard users[definition.name] != nil || users.count < limits.users else {
            throw AccessError(.limit, "there are \(users.count) users; raise the limit `users`")
        }
        try record(.putUser(definition))
        apply(definition)
    }

    /// Removes a user and its permissions. Its connections are the caller's to close.
    /// - Throws: `noSuchUser`, `storage`.
    package func removeUser(_ name: String) throws(AccessError) {
        guard let user = users[name] else { throw AccessError(.noSuchUser, "no user '\(name)'") }
        for host in user.permissions.keys { try record(.removePermission(user: name, host: host)) }
        try record(.removeUser(name: name))
        users[name] = nil
    }
}
