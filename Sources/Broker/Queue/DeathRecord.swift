/// The headers that dead-lettering writes: `x-death`, with one table for each queue and reason, the latest first, and
/// `x-first-death-queue`, `-reason` and `-exchange`.
struct DeathRecord {
    let queue: String
    let reason: DeathReason
    /// The exchange and keys that the message was published with.
    let exchange: String
    let routingKeys: [String]
    /// Seconds since 1970.
    let time: UInt64
    /// The property `expiration`, which is taken off, lest the message expires again.
    let originalExpiration: String?

    /// Adds this death to a message's headers.
    func add(to headers: inout FieldTable) {
        guard let present = headers["x-death"] else {
            headers["x-first-death-reason"] = .string(reason.rawValue)
            headers["x-first-death-queue"] = .string(queue)
            headers["x-first-death-exchange"] = .string(exchange)
            headers["x-death"] = .array([.table(table)])
            return
        }
        guard case .array(let deaths) = present else {
            // Some clients turn header values to text when they publish a message again.
            headers["x-death"] = .array([.table(table)])
            return
        }
        headers["x-death"] = .array(added(to: deaths))
    }

    private var table: FieldTable {
        var table: FieldTable = [
            "count": .int64(1), "reason": .string(reason.rawValue), "queue": .string(queue), "time": .timestamp(time),
            "exchange": .string(exchange), "routing-keys": .array(routingKeys.map { .string($0) }),
        ]
        if let originalExpiration { table["original-expiration"] = .string(originalExpiration) }
        return table
    }

    private func added(to deaths: [FieldValue]) -> [FieldValue] {
        var others = deaths
        guard let index = others.firstIndex(where: isSame) else { return [.table(table)] + deaths }
        guard case .table(var same) = others.remove(at: index) else { return deaths }
        same["count"] = .int64((same["count"]?.integer ?? 0) &+ 1)
        others.removeAll(where: isSame)
        return [.table(same)] + others
    }

    private func isSame(_ death: FieldValue) -> Bool {
        guard case .table(let table) = death else { return false }
        return table["queue"]?.text == queue && table["reason"]?.text == reason.rawValue
    }

    /// Whether a message that goes to this queue has been there before and came back without a client's doing: then it
    /// would go round for ever, and is dropped.
    static func isCycle(to queue: String, in headers: FieldTable) -> Bool {
        guard case .array(let deaths)? = headers["x-death"] else { return false }
        for death in deaths {
            // Anything else than a table was put there by a client.
            guard case .table(let table) = death, table["reason"]?.text != DeathReason.rejected.rawValue else {
                return false
            }
            if table["queue"]?.text == queue { return true }
        }
        return false
    }
}
