import NIOCore
import NIOPosix

extension Access {
    /// Checks a password.
    ///
    /// The check takes tens of milliseconds on a thread of its own; the last right password of each user is remembered, and
    /// then the answer comes before this returns.
    ///
    /// - Parameters:
    ///   - fromLoopback: whether the peer's address is one of this machine's loopback.
    ///   - then: is called on the loop, once.
    package func authenticate(
        user name: String, password: [UInt8], fromLoopback: Bool, then: @escaping (AuthenticationResult) -> Void
    ) {
        if loopbackUsers.contains(name), !fromLoopback { return then(.refused(.notFromLoopback)) }
        let code = Cryptography.authenticator(password, key: cacheKey)
        if let user = users[name], let verified = user.verified, Cryptography.areEqual(verified, code) {
            return then(.accepted(AuthenticatedUser(name: name, tags: user.definition.tags)))
        }
        guard pendingLogins < limits.pendingLogins else { return then(.refused(.tooManyPending)) }
        pendingLogins += 1
        let hash = users[name]?.hash ?? .none
        offLoop({ hash.matches(password) }) { [self] isRight in
            pendingLogins -= 1
            // The user may be gone or have another password by now.
            guard isRight, let user = users[name], user.hash == hash else { return then(.refused(.wrongCredentials)) }
            users[name]?.verified = code
            then(.accepted(AuthenticatedUser(name: name, tags: user.definition.tags)))
        }
    }

    /// Logs in the user that a verified client certificate names (SASL EXTERNAL).
    package func authenticate(certificateName name: String, fromLoopback: Bool) -> AuthenticationResult {
        guard let user = users[name] else { return .refused(.wrongCredentials) }
        if loopbackUsers.contains(name), !fromLoopback { return .refused(.notFromLoopback) }
        return .accepted(AuthenticatedUser(name: name, tags: user.definition.tags))
    }

    /// Hashes a new password on a thread of its own; `noMemory` where the machine has none for it.
    package func hash(_ password: [UInt8], then: @escaping (Result<PasswordHash, AccessError>) -> Void) {
        offLoop({ PasswordHash.make(password) }) { hash in
            then(hash.map { .success($0) } ?? .failure(AccessError(.noMemory, "the machine has no memory to hash a password")))
        }
    }

    /// Makes the first user of a new broker: administrator, with all rights on the virtual host `/`.
    ///
    /// It can log in at once, although its hash takes some time; only then it is written down. A broker that ends before, without
    /// another user, makes it again at its next start. Its rights are written down first: with a user the next start makes nothing any
    /// more, and one without its rights would be locked out for ever.
    /// - Returns: false when there are users already.
    @discardableResult
    package func makeDefaultUser(name: String, password: [UInt8], failed: @escaping (AccessError) -> Void) -> Bool {
        guard users.isEmpty else { return false }
        apply(UserDefinition(name: name, passwordHash: "", tags: ["administrator"]))
        let rights = PermissionDefinition(user: name, host: "/", configure: ".*", write: ".*", read: ".*")
        var areRightsWritten = true
        do throws(AccessError) { try put(rights) } catch {
            areRightsWritten = false
            users[name]?.permissions["/"] = try? Permission(rights, limit: limits.permissionPatternLength)
        }
        let code = Cryptography.authenticator(password, key: cacheKey)
        users[name]?.verified = code
        hash(password) { [self] hash in
            do throws(AccessError) {
                if !areRightsWritten, users[name]?.permissions["/"] != nil { try put(rights) }
                // Somebody may have changed or removed it in between; then that is written down already.
                guard let user = users[name], user.hash == .none, user.verified == code else { return }
                var definition = user.definition
                definition.passwordHash = try hash.get().text
                try put(definition)
                users[name]?.verified = code
            } catch {
                failed(error)
            }
        }
        return true
    }

    /// Calls `then` once no other thread works for this object any more, perhaps at once. The loop must not end before: what
    /// the threads have found comes back to it.
    package func whenIdle(_ then: @escaping () -> Void) {
        if pendingHashes == 0 { then() } else { onIdle = then }
    }

    /// Runs `work` on a thread, then `then` on the loop.
    private func offLoop<Value: Sendable>(_ work: @escaping @Sendable () -> Value, _ then: @escaping (Value) -> Void) {
        let loop = eventLoop
        pendingHashes += 1
        let finish: (Value) -> Void = { [self] value in
            pendingHashes -= 1
            then(value)
            if pendingHashes == 0, let onIdle {
                self.onIdle = nil
                onIdle()
            }
        }
        let bound = NIOLoopBound(finish, eventLoop: loop)
        NIOThreadPool.singleton.submit { _ in
            let value = work()
            loop.execute { bound.value(value) }
        }
    }
}
