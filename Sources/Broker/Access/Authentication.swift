/// Somebody who has proved who he is.
package struct AuthenticatedUser: Equatable, Sendable {
    package var name: String
    /// `administrator`, `monitoring`, `policymaker`, `management`, `impersonator` and others.
    package var tags: [String]

    package init(name: String, tags: [String]) {
        self.name = name
        self.tags = tags
    }

    /// Whether it may send messages in another user's name (the property `user-id`).
    package var mayImpersonate: Bool { tags.contains("impersonator") }
}

/// The end of a login. A client learns only that it was refused; the reason is for the log.
package enum AuthenticationResult: Equatable, Sendable {
    case accepted(AuthenticatedUser)
    case refused(AuthenticationRefusal)
}

/// Why a login was refused.
package enum AuthenticationRefusal: String, Sendable {
    case wrongCredentials = "unknown user or wrong password"
    case notFromLoopback = "this user may log in only from this machine"
    case tooManyPending = "too many passwords wait to be checked"
}

/// What is done with an exchange or a queue.
package enum AccessOperation: Sendable {
    /// Declare, delete.
    case configure
    /// Publish to an exchange; be the destination of a binding.
    case write
    /// Consume, get, purge; be the source of a binding.
    case read
}

/// What a permission is asked for.
package enum AccessResource: String, Sendable {
    case exchange, queue
}
