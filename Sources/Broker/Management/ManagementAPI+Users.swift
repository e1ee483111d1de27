import Contracts

extension ManagementAPI {
    /// What may be shown of a user. A hash that RabbitMQ would not understand is shown under another name, so that an export
    /// can be imported there; the user then has no password.
    func json(_ user: UserDefinition) -> JSONValue {
        let tags = JSONValue.array(user.tags.map { .string($0) })
        var shown = ("", PasswordHash.sha256Name)
        if user.passwordHash.hasPrefix("rabbit_"), let colon = user.passwordHash.firstIndex(of: ":") {
            shown = (String(user.passwordHash[user.passwordHash.index(after: colon)...]), String(user.passwordHash[..<colon]))
        }
        var object: JSONValue = [
            "name": .string(user.name), "password_hash": .string(shown.0), "hashing_algorithm": .string(shown.1), "tags": tags,
            "limits": [:],
        ]
        if user.passwordHash.hasPrefix("$") { object["millrace_password_hash"] = .string(user.passwordHash) }
        return object
    }

    func user(_ request: ManagementRequest) throws -> ManagementOutcome {
        guard let user = access.user(request["user"]) else { throw ManagementFailure.notFound }
        return try Listing(request).reply(json(user))
    }

    func usersWithoutPermissions(_ request: ManagementRequest) throws -> ManagementOutcome {
        let users = access.allUsers.filter { user in !core.hosts.keys.contains { access.canOpen(host: $0, user: user.name) } }
        return try Listing(request).reply(users, name: \.name, build: json)
    }

    func putUser(_ request: ManagementRequest) throws -> ManagementOutcome {
        let name = request["user"]
        let body = try request.object()
        let tags = try Self.tags(body)
        let isNew = access.user(name) == nil
        let reply = ManagementReply.put(isNew: isNew)
        guard let password = body["password"], !password.isNull else {
            let hash = try Self.passwordHash(body)
            try access.put(UserDefinition(name: name, passwordHash: hash.text, tags: tags))
            return whenDurable(reply)
        }
        guard let password = password.stringValue, !password.isEmpty else {
            throw ManagementFailure.badRequest(
                "the password must be a text that is not empty; for a user without password give password_hash \"\"")
        }
        guard body["password_hash"] == nil else { throw ManagementFailure.badRequest("give either password or password_hash, not both") }
        return .later { [self] answer in
            access.hash(Array(password.utf8)) { [self] hash in
                do {
                    try access.put(UserDefinition(name: name, passwordHash: hash.get().text, tags: tags))
                    answer(reply)
                } catch {
                    answer(.failure(.from(error)))
                }
            }
        }
    }

    /// The hash in a user's definition; none when the definition has none.
    static func passwordHash(_ body: JSONObject) throws -> PasswordHash {
        if let text = body["millrace_password_hash"]?.stringValue {
            guard let hash = PasswordHash(text) else { throw ManagementFailure.badRequest("millrace_password_hash cannot be read") }
            return hash
        }
        let algorithm = body["hashing_algorithm"]?.stringValue
        guard let hash = PasswordHash(rabbit: body["password_hash"]?.stringValue ?? "", algorithm: algorithm) else {
            throw ManagementFailure.badRequest(
                "password_hash cannot be read: it must be the Base64 of salt and hash by \(PasswordHash.sha256Name) or \(PasswordHash.sha512Name)"
            )
        }
        return hash
    }

    /// Tags come as a list, or as one text with commas.
    static func tags(_ body: JSONObject) throws -> [String] {
        switch body["tags"] {
        case nil, .null: return []
        case .string(let text):
            return text.split(separator: ",").map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }.filter {
                !$0.isEmpty
            }
        case .array(let values):
            return try values.map {
                guard let tag = $0.stringValue else { throw ManagementFailure.badRequest("tags must be texts") }
                return tag
            }
        default: throw ManagementFailure.badRequest("tags must be a list of texts, or one text with commas")
        }
    }

    func deleteUser(_ request: ManagementRequest) throws -> ManagementOutcome {
        try delete(user: request["user"])
        return whenDurable(.noContent)
    }

    func deleteUsers(_ request: ManagementRequest) throws -> ManagementOutcome {
        guard let names = try request.object()["users"]?.arrayValue else {
            throw ManagementFailure.badRequest("users must be a list of names")
        }
        for name in names {
            guard let name = name.stringValue else { throw ManagementFailure.badRequest("users must be a list of names") }
            if access.user(name) != nil { try delete(user: name) }
        }
        return whenDurable(.noContent)
    }

    private func delete(user: String) throws {
        try access.removeUser(user)
        for connection in broker.connections where connection.user == user {
            broker.close(connection.id, reason: "user '\(user)' was deleted")
        }
    }
}
