import Testing
import millrace_cli

@Suite("Invariants") struct InvariantTests {
    /// A run of 100 orders in which everything is right.
    static let good = Audit(workers: [
        "edge": base.merging([
            "commands.accepted": 130, "commands.pending": 0, "orders.accepted": 100, "orders.confirmed": 92, "orders.rejected": 8,
        ]) { $1 },
        "orders": base.merging([
            "orders.total": 100, "orders.confirmed": 92, "orders.rejected": 8, "orders.open": 0, "orders.confirmed.cents": 123_456,
            "replay.mismatches": 0,
        ]) { $1 },
        "inventory": base.merging([
            "products.total": 30, "products.unbalanced": 0, "reservations.active": 92, "reservations.duplicate": 0,
        ]) { $1 },
        "payments": base.merging([
            "authorized.cents": 123_456, "authorized.count": 92, "voided.count": 0, "declined.count": 3, "duplicates": 0,
        ]) { $1 },
        "shipping": base.merging(["shipments.active": 92, "duplicates": 0]) { $1 },
        "checkout": base.merging([
            "sagas.total": 100, "sagas.completed": 92, "sagas.compensated": 8, "sagas.unfinished": 0, "sagas.stuck": 0,
        ]) { $1 },
        "journal": base.merging([
            "events.published": 0, "entries": 425, "numbered": 420, "gaps": 0, "earlier": 0, "positions.missing": 0,
        ]) { $1 },
    ])
    static let base = ["inbox.handled": 100, "outbox.unsent": 0, "parked": 0, "timers.pending": 0, "events.published": 70]

    static var load: LoadReport {
        var load = LoadReport()
        load.orders = 100
        load.accepted = 100
        return load
    }

    @Test("a run in which everything is right passes every check")
    func allRight() {
        let invariants = Invariant.check(Self.good, Self.load, queued: .count(0))
        #expect(invariants.count == 12)
        #expect(invariants.allSatisfy { $0.holds }, "\(invariants.filter { !$0.holds })")
        #expect(Self.good.isQuiet)
    }

    /// Each of these fails when its check is taken out of `Invariant.check`.
    @Test(
        "one wrong number fails the check that is about it",
        arguments: [
            ("edge", "orders.rejected", 7, "accepted = confirmed + rejected"),
            ("edge", "commands.pending", 1, "accepted = confirmed + rejected"),
            ("orders", "orders.total", 99, "edge and orders tell the same"),
            ("shipping", "outbox.unsent", 1, "nothing left in any outbox"),
            ("payments", "parked", 1, "no parked message"),
            ("checkout", "sagas.stuck", 1, "every saga in a final state"),
            ("checkout", "sagas.completed", 91, "every saga in a final state"),
            ("inventory", "products.unbalanced", 1, "sold + available = stock put in"),
            ("inventory", "products.total", 0, "sold + available = stock put in"),
            ("payments", "authorized.cents", 123_455, "money authorized = money of confirmed orders"),
            ("payments", "authorized.count", 93, "money authorized = money of confirmed orders"),
            ("orders", "replay.mismatches", 1, "every order's events replay to its state"),
            ("checkout", "sagas.total", 99, "0 lost"),
            ("inventory", "reservations.duplicate", 1, "0 handled twice"),
            ("payments", "duplicates", 1, "0 handled twice"),
            ("shipping", "shipments.active", 93, "0 handled twice"),
            ("journal", "numbered", 419, "every event is in the journal"),
            ("orders", "events.published", 71, "every event is in the journal"),
            ("journal", "gaps", 1, "every event is in the journal"),
            ("journal", "earlier", 1, "every event is in the journal"),
            ("journal", "positions.missing", 1, "every event is in the journal"),
        ])
    func oneWrong(worker: String, key: String, value: Int, name: String) {
        var audit = Self.good
        audit.workers[worker]?[key] = value
        let failed = Invariant.check(audit, Self.load, queued: .count(0)).filter { !$0.holds }.map(\.name)
        #expect(failed.contains(name), "\(failed)")
    }

    @Test("a number that is missing is a failure, never a zero")
    func missing() {
        for (worker, counts) in Self.good.workers {
            for key in counts.keys
            where ![
                "inbox.handled", "timers.pending", "commands.accepted", "voided.count", "declined.count", "reservations.active",
                "orders.open", "entries",
            ].contains(key) {
                var audit = Self.good
                audit.workers[worker]?[key] = nil
                #expect(!Invariant.check(audit, Self.load, queued: .count(0)).allSatisfy { $0.holds }, "\(worker) \(key)")
            }
        }
        #expect(!Invariant.check(Audit(workers: [:]), Self.load).contains { $0.holds })
    }

    /// `millrace up --only` and a project of one's own need not have it.
    @Test("without the journal's worker nothing is asked of the journal")
    func noJournal() {
        var audit = Self.good
        audit.workers["journal"] = nil
        let invariants = Invariant.check(audit, Self.load, queued: .count(0))
        #expect(invariants.count == 11 && invariants.allSatisfy { $0.holds } && audit.isQuiet)
    }

    @Test("an answer that was lost explains one order more, and only one")
    func lostAnswers() {
        var load = Self.load
        load.accepted = 98
        load.unknown = 1
        #expect(Invariant.check(Self.good, load).first { $0.name == "0 lost" }?.holds == false)
        load.unknown = 2
        #expect(Invariant.check(Self.good, load).first { $0.name == "0 lost" }?.holds == true)
        load.accepted = 101
        #expect(Invariant.check(Self.good, load).first { $0.name == "0 lost" }?.holds == false)
    }

    @Test("a message that waits at the broker is a failure")
    func queued() {
        #expect(Invariant.check(Self.good, Self.load, queued: .count(1)).contains { !$0.holds })
    }

    /// Fails when what is not known counts as nothing.
    @Test("a broker that does not say how many wait is a failure, with its reason")
    func unknownQueues() {
        let failed = Invariant.check(Self.good, Self.load, queued: .unknown("403 refused")).filter { !$0.holds }
        #expect(failed.map(\.name) == ["no message left in a queue"])
        #expect(failed.first?.detail.contains("403 refused") == true)
    }

    @Test(
        "it is not quiet while anything is under way",
        arguments: [
            ("orders", "outbox.unsent"), ("edge", "commands.pending"), ("checkout", "sagas.unfinished"), ("orders", "orders.open"),
            ("edge", "parked"), ("journal", "numbered"),
        ])
    func quiet(worker: String, key: String) {
        var audit = Self.good
        audit.workers[worker]?[key] = 1
        #expect(!audit.isQuiet)
    }
}
