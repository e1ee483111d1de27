/// What a user may do in a virtual host, with the answers that were given already.
struct Permission {
    let definition: PermissionDefinition
    private var configure: Rule
    private var write: Rule
    private var read: Rule

    private struct Rule {
        let pattern: NamePattern
        var answers: [String: Bool] = [:]

        /// Enough for what a user names again and again; one that names new queues all the time begins anew.
        static let mostAnswers = 4_096

        mutating func allows(_ name: String) -> Bool {
            if let answer = answers[name] { return answer }
            if answers.count >= Self.mostAnswers { answers.removeAll(keepingCapacity: true) }
            let answer = pattern.matches(name)
            answers[name] = answer
            return answer
        }
    }

    /// - Throws: `invalidPattern`.
    init(_ definition: PermissionDefinition, limit: Int) throws(AccessError) {
        self.definition = definition
        configure = Rule(pattern: try Self.pattern("configure", definition.configure, limit))
        write = Rule(pattern: try Self.pattern("write", definition.write, limit))
        read = Rule(pattern: try Self.pattern("read", definition.read, limit))
    }

    mutating func allows(_ operation: AccessOperation, _ name: String) -> Bool {
        switch operation {
        case .configure: configure.allows(name)
        case .write: write.allows(name)
        case .read: read.allows(name)
        }
    }

    private static func pattern(_ field: String, _ text: String, _ limit: Int) throws(AccessError) -> NamePattern {
        do {
            return try NamePattern.permission(text, limit: limit)
        } catch {
            throw AccessError(
                .invalidPattern, "the \(field) permission '\(text.prefix(200))' is no usable regular expression", underlying: error)
        }
    }
}
