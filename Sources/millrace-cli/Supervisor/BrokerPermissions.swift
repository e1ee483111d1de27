package import Servers

/// What a worker's user may do at the broker: reach its own queue and topics, and read what it consumes.
package enum BrokerPermissions {
    /// The user of a worker.
    package static func user(for worker: WorkerManifest, password: String) -> PrivateRabbitMQ.User {
        let queue = ["worker\\.\(escaped(worker.name))(\\..*)?"]
        let own = ["commands"] + worker.owns.map(escaped)
        let consumed = worker.consumes.map(escaped)
        return .init(
            name: "worker-" + worker.name, password: password,
            // Declaring an exchange that is there already needs this permission too, so that any order of starts works.
            configure: pattern(queue + own + consumed),
            write: pattern(queue + own),
            read: pattern(queue + own + consumed))
    }

    private static func pattern(_ names: [String]) -> String {
        "^(" + names.joined(separator: "|") + ")$"
    }

    private static func escaped(_ name: String) -> String {
        name.flatMap { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? [$0] : ["\\", $0] }.map(String.init).joined()
    }
}
