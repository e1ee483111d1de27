import Broker

/// The queues and exchanges of one history, chosen by its seed.
struct HistoryPlan: CustomStringConvertible {
    let names = ["plain", "work", "dead", "levels", "loose"]
    let messageMemory: Int
    private let plain: FieldTable
    private let work: FieldTable
    private static let dead: FieldTable = ["x-dead-letter-exchange": "dlx"]

    init(_ random: inout SeededGenerator) {
        messageMemory = [0, 3_000, 1 << 20].randomElement(using: &random) ?? 0
        plain = Bool.random(using: &random) ? [:] : ["x-queue-type": "quorum"]
        var work = Self.dead
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            work["x-queue-type"] = "quorum"
            work["x-delivery-limit"] = .int32(2)
        case 1: work["x-message-ttl"] = .int32(40)
        case 2: work["x-max-length"] = .int32(5)
        case 3:
            work["x-max-length"] = .int32(8)
            work["x-overflow"] = "reject-publish"
        case 4:
            work["x-max-length-bytes"] = .int32(2_000)
            work["x-overflow"] = "reject-publish-dlx"
        default: work["x-single-active-consumer"] = .bool(true)
        }
        self.work = work
    }

    var description: String {
        "plain \(plain.fields.map(\.name)), work \(work.fields.map(\.name)), memory \(messageMemory)"
    }

    /// Declares what is not there; at every start, as clients do.
    func declare(in core: BrokerCore) throws(ProtocolFault) {
        let host = try core.createHost("/")
        try host.declareExchange(ExchangeDefinition(name: "all", type: "fanout"))
        try host.declareExchange(ExchangeDefinition(name: "topics", type: "topic"))
        try host.declareExchange(ExchangeDefinition(name: "dlx", type: "fanout"))
        try queue(host, "plain", plain)
        try queue(host, "work", work)
        try queue(host, "dead", [:])
        try queue(host, "levels", ["x-max-priority": .int32(3)])
        try queue(host, "loose", durable: false, Self.dead)
        for (source, name, key) in [
            ("all", "plain", ""), ("all", "work", ""), ("all", "loose", ""), ("dlx", "dead", ""),
            ("topics", "plain", "a.*"),
            ("topics", "levels", "#.b"),
        ] {
            try host.bind(BindingDefinition(source: source, destination: name, routingKey: key), requester: nil)
        }
    }

    private func queue(
        _ host: VirtualHost, _ name: String, durable: Bool = true, _ arguments: FieldTable
    ) throws(ProtocolFault) {
        try host.declareQueue(QueueDeclaration(name: name, durable: durable, arguments: arguments), requester: nil)
    }

    func destination(_ random: inout SeededGenerator) -> (exchange: String, key: String) {
        let choices = [
            ("", "plain"), ("", "work"), ("", "work"), ("", "levels"), ("", "loose"), ("all", "any"), ("topics", "a.b"),
            ("topics", "a.c"), ("topics", "b"),
        ]
        return choices[Int.random(in: 0..<choices.count, using: &random)]
    }

    /// Where a message must go.
    func queues(exchange: String, key: String) -> [String] {
        switch (exchange, key) {
        case ("all", _): ["plain", "work", "loose"]
        case ("topics", "a.b"): ["plain", "levels"]
        case ("topics", "a.c"): ["plain"]
        case ("topics", _): ["levels"]
        default: [key]
        }
    }
}
