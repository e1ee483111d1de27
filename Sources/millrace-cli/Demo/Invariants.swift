/// What must hold when everything has come to rest. Pure: numbers in, verdicts out.
package struct Invariant: Sendable, Codable, Equatable {
    package var name: String
    package var holds: Bool
    /// The numbers that were compared.
    package var detail: String

    /// Judges a run.
    /// - Parameters:
    ///   - audit: what the workers have counted.
    ///   - load: what the loader has counted.
    ///   - queued: messages that still wait at the broker; nil if there is none that could be asked.
    package static func check(_ audit: Audit, _ load: LoadReport, queued: QueuedMessages? = nil) -> [Invariant] {
        let numbers = Numbers(audit)
        return [
            accepted(numbers), sameOrders(numbers), outboxes(numbers), parked(numbers), queues(queued), sagas(numbers),
            stock(numbers), money(numbers), replay(numbers), journal(numbers), lost(numbers, load), twice(numbers),
        ].compactMap { $0 }
    }

    private static func accepted(_ all: Numbers) -> Invariant {
        all.judge(
            "accepted = confirmed + rejected", "edge.orders.accepted", "edge.orders.confirmed", "edge.orders.rejected",
            "edge.commands.pending"
        ) {
            ($0[0] == $0[1] + $0[2] && $0[3] == 0, "\($0[0]) = \($0[1]) + \($0[2]), \($0[3]) pending")
        }
    }

    private static func sameOrders(_ all: Numbers) -> Invariant {
        all.judge(
            "edge and orders tell the same", "edge.orders.accepted", "edge.orders.confirmed", "edge.orders.rejected",
            "orders.orders.total", "orders.orders.confirmed", "orders.orders.rejected"
        ) {
            (Array($0[0..<3]) == Array($0[3..<6]), "\($0[0])/\($0[1])/\($0[2]) and \($0[3])/\($0[4])/\($0[5])")
        }
    }

    private static func outboxes(_ all: Numbers) -> Invariant {
        all.judgeSum("nothing left in any outbox", "outbox.unsent") { ($0 == 0, "\($0) unsent") }
    }

    private static func parked(_ all: Numbers) -> Invariant {
        all.judgeSum("no parked message", "parked") { ($0 == 0, "\($0) parked") }
    }

    private static func queues(_ queued: QueuedMessages?) -> Invariant? {
        let name = "no message left in a queue"
        switch queued {
        case nil: return nil
        case .count(let count): return Invariant(name: name, holds: count == 0, detail: "\(count) queued")
        case .unknown(let reason): return Invariant(name: name, holds: false, detail: "the broker did not say: \(reason)")
        }
    }

    private static func sagas(_ all: Numbers) -> Invariant {
        all.judge(
            "every saga in a final state", "checkout.sagas.total", "checkout.sagas.completed", "checkout.sagas.compensated",
            "checkout.sagas.unfinished", "checkout.sagas.stuck", "edge.orders.accepted"
        ) {
            (
                $0[0] == $0[1] + $0[2] && $0[3] == 0 && $0[4] == 0 && $0[0] == $0[5],
                "\($0[0]) = \($0[1]) completed + \($0[2]) compensated, \($0[4]) stuck"
            )
        }
    }

    private static func stock(_ all: Numbers) -> Invariant {
        all.judge("sold + available = stock put in", "inventory.products.unbalanced", "inventory.products.total") {
            ($0[0] == 0 && $0[1] > 0, "\($0[1]) products, \($0[0]) unbalanced")
        }
    }

    private static func money(_ all: Numbers) -> Invariant {
        all.judge(
            "money authorized = money of confirmed orders", "payments.authorized.cents", "orders.orders.confirmed.cents",
            "payments.authorized.count", "orders.orders.confirmed"
        ) {
            ($0[0] == $0[1] && $0[2] == $0[3], "\(Money.text($0[0])) = \(Money.text($0[1])) of \($0[2]) payments")
        }
    }

    private static func replay(_ all: Numbers) -> Invariant {
        all.judge("every order's events replay to its state", "orders.replay.mismatches", "orders.orders.total") {
            ($0[0] == 0, "\($0[1]) orders, \($0[0]) differ")
        }
    }

    /// Nil when no journal is kept.
    private static func journal(_ all: Numbers) -> Invariant? {
        guard all.audit.workers["journal"] != nil else { return nil }
        guard let published = all.audit.sum("events.published") else {
            return Invariant(name: "every event is in the journal", holds: false, detail: "an audit has no events.published")
        }
        return all.judge(
            "every event is in the journal", "journal.numbered", "journal.gaps", "journal.earlier", "journal.positions.missing"
        ) {
            (
                $0[0] == published && $0[1] + $0[2] + $0[3] == 0,
                "\(published) published, \($0[0]) recorded, \($0[1] + $0[2]) missing in their source, \($0[3]) positions missing"
            )
        }
    }

    /// The loader counts only what it was told; the edge may know of more, but by no more than the loader is unsure of.
    private static func lost(_ all: Numbers, _ load: LoadReport) -> Invariant {
        all.judge("0 lost", "edge.orders.accepted", "checkout.sagas.total") {
            let more = $0[0] - load.accepted
            let unsure = load.unknown + load.retried
            let words = unsure == 0 ? "" : " (\(load.unknown) answers lost, \(load.retried) sent again)"
            return (
                more >= 0 && more <= unsure && $0[1] == $0[0],
                "\(load.accepted) answered as accepted, \($0[0]) recorded, \($0[1]) sagas\(words)"
            )
        }
    }

    private static func twice(_ all: Numbers) -> Invariant {
        all.judge(
            "0 handled twice", "inventory.reservations.duplicate", "payments.duplicates", "shipping.duplicates",
            "shipping.shipments.active", "orders.orders.confirmed", "checkout.sagas.completed"
        ) {
            (
                $0[0] + $0[1] + $0[2] == 0 && $0[3] == $0[4] && $0[4] == $0[5],
                "\($0[0]) reservations, \($0[1]) payments, \($0[2]) shipments twice; \($0[3]) shipments for \($0[4]) confirmed orders"
            )
        }
    }
}

/// What the broker says about the workers' queues.
package enum QueuedMessages: Sendable, Equatable {
    /// So many messages wait in them.
    case count(Int)
    /// It could not be found out, which never counts as zero.
    case unknown(String)
}

/// Looks numbers up by `worker.key`; a number that is missing makes a check fail.
private struct Numbers {
    let audit: Audit

    init(_ audit: Audit) { self.audit = audit }

    func judge(_ name: String, _ keys: String..., by body: ([Int]) -> (Bool, String)) -> Invariant {
        var values: [Int] = []
        for key in keys {
            let parts = key.split(separator: ".", maxSplits: 1).map(String.init)
            guard let value = audit.count(parts[0], parts[1]) else {
                return Invariant(name: name, holds: false, detail: "the audit has no \(key)")
            }
            values.append(value)
        }
        let (holds, detail) = body(values)
        return Invariant(name: name, holds: holds, detail: detail)
    }

    func judgeSum(_ name: String, _ key: String, by body: (Int) -> (Bool, String)) -> Invariant {
        guard let sum = audit.sum(key) else { return Invariant(name: name, holds: false, detail: "an audit has no \(key)") }
        let (holds, detail) = body(sum)
        return Invariant(name: name, holds: holds, detail: detail)
    }
}
