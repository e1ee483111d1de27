import Contracts
package import Servers

/// What a worker's user may do at the broker: make its own queue and topics, publish to its own topics and send commands, and take
/// commands and what it consumes.
package enum BrokerPermissions {
    /// The user of a worker.
    package static func user(for worker: WorkerManifest, password: String) -> PrivateRabbitMQ.User {
        let queue = ["worker\\.\(escaped(worker.name))(\\..*)?"]
        let commands = [escaped(WellKnown.commandsExchange)]
        let own = worker.owns.map(escaped)
        return .init(
            name: "worker-" + worker.name, password: password,
            // Whoever may make a topic may delete it: so only its owner may.
            configure: pattern(queue + own),
            write: pattern(queue + commands + own),
            read: pattern(queue + commands + own + worker.consumes.map(escaped)))
    }

    /// The exchanges that workers need and may not make themselves: that of the commands, and all topics that they own or consume. An
    /// administrator makes them before the workers come, so that these may start in any order.
    package static func exchanges(for workers: [WorkerManifest]) -> [(name: String, kind: String)] {
        let topics = Set(workers.flatMap { $0.owns + $0.consumes }).sorted()
        return [(WellKnown.commandsExchange, "direct")] + topics.map { ($0, "topic") }
    }

    private static func pattern(_ names: [String]) -> String {
        "^(" + names.joined(separator: "|") + ")$"
    }

    private static func escaped(_ name: String) -> String {
        name.flatMap { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? [$0] : ["\\", $0] }.map(String.init).joined()
    }
}
