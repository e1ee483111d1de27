import NIOHTTP1

/// One method of one path.
struct ManagementRoute {
    /// Who may call it; each includes those after it.
    enum Audience {
        /// Nobody is asked for a password.
        case everyone
        /// Users with a tag of management, policymaker, monitoring or administrator.
        case management
        case monitoring
        case policymaker
        case administrator

        func includes(_ user: AuthenticatedUser) -> Bool {
            let tags = Set(user.tags)
            switch self {
            case .everyone: return true
            case .management: return !tags.isDisjoint(with: ["management", "policymaker", "monitoring", "administrator"])
            case .monitoring: return !tags.isDisjoint(with: ["monitoring", "administrator"])
            case .policymaker: return !tags.isDisjoint(with: ["policymaker", "administrator"])
            case .administrator: return tags.contains("administrator")
            }
        }
    }

    typealias Handler = (ManagementAPI, ManagementRequest) throws -> ManagementOutcome

    let method: HTTPMethod
    /// Words, and names of parts after a colon: `queues`, `:vhost`, `:queue`.
    let pattern: [Substring]
    let audience: Audience
    let handler: Handler

    init(_ method: HTTPMethod, _ pattern: String, for audience: Audience = .management, _ handler: @escaping Handler) {
        self.method = method
        self.pattern = pattern.split(separator: "/")
        self.audience = audience
        self.handler = handler
    }

    /// The named parts of a path that this pattern matches; nil if it does not.
    func match(_ path: [String]) -> [String: String]? {
        guard path.count == pattern.count else { return nil }
        var parameters: [String: String] = [:]
        for (word, part) in zip(pattern, path) {
            if word.hasPrefix(":") { parameters[String(word.dropFirst())] = part } else if word != part { return nil }
        }
        return parameters
    }
}
